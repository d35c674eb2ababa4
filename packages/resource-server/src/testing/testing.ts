/**
 * An issuer inside the test: its keys, its tokens, its documents and its clock. A service under test is protected as it is in
 * production, with these options instead; nothing of it has to be replaced, and no port is opened.
 */
import {
  type Algorithm,
  createSigner,
  exportJwkSet,
  exportPrivateJwk,
  generateKey,
  importKey,
  type JwtClaims,
  type Key,
  parseLifetime,
} from '@countersign/token'
import { type Clock, systemClock } from '../clock.ts'

/** What `createTestIssuer` is told. */
export interface TestIssuerOptions {
  /** @default 'https://issuer.example' */
  readonly issuer?: string
  /** @default 'https://api.example' */
  readonly audience?: string
  /** @default 'ES256' */
  readonly algorithm?: Exclude<Algorithm, `HS${string}`>
  /**
   * The time at first, in epoch seconds.
   * @default the clock of the machine
   */
  readonly now?: number
}

/** How a test token differs from the usual one. */
export interface TestTokenOptions {
  /** @default '10m' */
  readonly lifetime?: number | string
  /** @default 'at+jwt' */
  readonly typ?: string
}

/** Claims of a test token; one that is undefined is left out of it. */
export type TestClaims = { readonly [Claim in keyof JwtClaims]: JwtClaims[Claim] | undefined }

/** An issuer whose keys, tokens and clock are the test's. */
export interface TestIssuer {
  /** What `protect` is told: `protect({ ...issuer.options, scopes: 'orders:read' })`. */
  readonly options: {
    readonly issuer: string
    readonly audience: string
    readonly fetch: typeof globalThis.fetch
    readonly clock: Clock
  }
  /** Makes an access token; claims that are given take the place of the usual ones, and `undefined` leaves one out. */
  token(claims?: TestClaims, options?: TestTokenOptions): string
  /** Makes a token as an attacker would: all is as it should be, the key id too, but for the key itself. */
  forgedToken(claims?: TestClaims): string
  /** Moves the clock forward, by seconds or such as `11m`. */
  advance(time: number | string): void
  /** Signs with the next key from now on. It was in the JWK Set before; the one before goes on verifying. */
  rotateKeys(): Promise<void>
  /** Takes the issuer off the network, or brings it back. */
  setAvailable(isAvailable: boolean): void
}

/**
 * Creates an issuer for tests.
 *
 * @example
 * const issuer = await createTestIssuer()
 * app.use(protect(issuer.options))
 * await request(app).get('/orders').set('authorization', `Bearer ${issuer.token({ scope: 'orders:read' })}`)
 */
export async function createTestIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  const { issuer = 'https://issuer.example', audience = 'https://api.example', algorithm = 'ES256' } = options
  let offset = options.now === undefined ? 0 : options.now - systemClock.now()
  let isAvailable = true
  let keys: readonly Key[] = await Promise.all([generateKey(algorithm), generateKey(algorithm)])
  let signingKey = keys[0] as Key
  const stranger = exportPrivateJwk(await generateKey(algorithm))
  // Only the time of day is the test's: what waits for an answer must not wait for the test to move the clock.
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + offset }

  function sign(key: Key, claims: TestClaims, { lifetime = '10m', typ = 'at+jwt' }: TestTokenOptions): string {
    const usual = { sub: 'user-1', client_id: 'test-client', jti: crypto.randomUUID(), sid: 'session-1', scope: '' }
    const seconds = typeof lifetime === 'number' ? lifetime : parseLifetime(lifetime)
    const iat = Math.floor(clock.now())
    const signer = createSigner({ key, issuer, audience, typ, now: clock.now, dangerouslyAllowNoExpiry: true })
    return signer({ ...usual, iat, exp: iat + seconds, ...claims } as JwtClaims)
  }

  const documents: Readonly<Record<string, () => unknown>> = {
    [`${issuer}/.well-known/oauth-authorization-server`]: () => ({ issuer, jwks_uri: `${issuer}/jwks.json` }),
    [`${issuer}/jwks.json`]: () => exportJwkSet(keys),
  }

  async function fetch(input: string | URL | Request): Promise<Response> {
    if (!isAvailable) throw new TypeError('the test issuer is not available')
    const document = documents[input instanceof Request ? input.url : String(input)]
    return document === undefined ? new Response(null, { status: 404 }) : Response.json(document())
  }

  return {
    options: { issuer, audience, fetch, clock },
    token: (claims = {}, tokenOptions = {}) => sign(signingKey, claims, tokenOptions),
    forgedToken: (claims = {}) => sign(importKey({ ...stranger, kid: signingKey.kid as string }), claims, {}),
    advance: (time) => {
      offset += typeof time === 'number' ? time : parseLifetime(time)
    },
    rotateKeys: async () => {
      signingKey = keys.at(-1) as Key
      keys = [...keys.slice(-2), await generateKey(algorithm)]
    },
    setAvailable: (value) => {
      isAvailable = value
    },
  }
}
