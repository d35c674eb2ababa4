/** The documents of an issuer, as its network would give them to `fetch`: they can change, fail, hang and be counted. */
import { createSigner, exportJwkSet, generateKey, type JwtClaims, type Key } from '@countersign/token'
import type { ManualClock } from './manual-clock.ts'

export const issuer: string = 'https://issuer.example'
export const audience: string = 'https://api.example'
export const jwksUri: string = `${issuer}/jwks.json`
export const metadataUri: string = `${issuer}/.well-known/oauth-authorization-server`
export const openidUri: string = `${issuer}/.well-known/openid-configuration`

type Answer = () => Response | Promise<Response>

export class FakeIssuer {
  readonly requests: { readonly uri: string; readonly headers: Headers; readonly at: number }[] = []
  readonly answers: Map<string, Answer> = new Map()
  keys: Key[] = []
  #clock: ManualClock

  constructor(clock: ManualClock) {
    this.#clock = clock
    this.answers.set(metadataUri, () => Response.json({ issuer, jwks_uri: jwksUri }))
    this.answers.set(jwksUri, () => Response.json(exportJwkSet(this.keys)))
  }

  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const uri = String(input)
    this.requests.push({ uri, headers: new Headers(init?.headers), at: this.#clock.monotonic() })
    if (init?.redirect !== 'manual') throw new TypeError('redirects have to be refused')
    const answer = this.answers.get(uri) ?? (() => new Response('nothing here', { status: 404 }))
    const signal = init.signal ?? undefined
    const response = await Promise.race([answer(), aborted(signal)])
    // As on a network, what is aborted breaks off also while its body comes.
    if (signal === undefined || response.body === null) return response
    return new Response(response.body.pipeThrough(new TransformStream(), { signal }), response)
  }

  /** The requests for the JWK Set so far. */
  get jwksRequests(): number {
    return this.requests.filter(({ uri }) => uri === jwksUri).length
  }

  async addKey(): Promise<Key> {
    const key = await generateKey('ES256')
    this.keys.push(key)
    return key
  }

  sign(key: Key, claims: JwtClaims = {}): string {
    const sign = createSigner({ key, issuer, audience, lifetime: '10m', typ: 'at+jwt', now: () => this.#clock.now() })
    return sign({ sub: 'user-1', client_id: 'client-1', jti: 'token-1', ...claims })
  }
}

/** What a network that hangs answers. */
export const hang: Answer = () => new Promise(() => undefined)

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason))
  })
}
