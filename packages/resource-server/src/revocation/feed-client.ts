/**
 * Owns the requests to an issuer as a client of it: for a token of its own, and with it for the revocation feed; and for
 * introspection. Where to ask is in the issuer's metadata (RFC 8414).
 */
import {
  parseRevocationChanges,
  parseRevocationSnapshot,
  type RevocationChanges,
  type RevocationSnapshot,
} from '@countersign/token/revocations'
import type { Clock } from '../clock.ts'
import { metadataUris } from '../remote-jwk-set/discovery.ts'
import { DocumentError, fetchJson } from '../remote-jwk-set/fetch-json.ts'
import { isFetchable } from '../remote-jwk-set/issuer-url.ts'

/** Who this resource server is to the issuer. */
export interface FeedCredentials {
  readonly clientId: string
  readonly clientSecret: string
}

interface FeedClientParts extends FeedCredentials {
  readonly issuer: string
  readonly allowInsecureHttp: boolean
  readonly fetch: typeof globalThis.fetch
  readonly clock: Clock
}

/** Where an issuer answers what. */
interface Endpoints {
  readonly token: string
  readonly snapshot: string
  readonly stream: string
  readonly changes: string | undefined
  readonly introspection: string | undefined
}

const SCOPE = 'revocations:read'
const TIMEOUT = 10_000
/** A snapshot of a million entries is 45 MB. */
const MAX_SNAPSHOT_BYTES = 256 * 1024 * 1024

/** Asks an issuer as one of its clients. */
export class FeedClient {
  readonly #parts: FeedClientParts
  #endpoints: Endpoints | undefined
  #token: { readonly text: string; readonly staleAt: number } | undefined

  constructor(parts: FeedClientParts) {
    this.#parts = parts
  }

  /** Fetches a snapshot. @throws DocumentError, RevocationFormatError */
  async fetchSnapshot(): Promise<RevocationSnapshot> {
    const { snapshot } = await this.#find()
    return this.#withTimeout(TIMEOUT, async (signal) => {
      const response = await this.#get(snapshot, { accept: 'application/json' }, signal)
      const parsed = parseRevocationSnapshot(await readJson(snapshot, response))
      if (parsed.iss !== this.#parts.issuer) throw new DocumentError(`${snapshot} is the snapshot of another issuer`)
      return parsed
    })
  }

  /** Opens the stream after a place. The answer has begun; what follows ends with the signal. @throws DocumentError */
  async openStream(place: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const { stream } = await this.#find()
    const response = await this.#get(stream, { accept: 'text/event-stream', 'last-event-id': place }, signal)
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
    if (!isStream || response.body === null) throw new DocumentError(`${stream} answered with no stream of events`)
    return response.body
  }

  /** Asks for what came after a place, waiting for some seconds. @throws DocumentError, RevocationFormatError */
  async fetchChanges(place: string, wait: number, signal: AbortSignal): Promise<RevocationChanges> {
    const { changes } = await this.#find()
    if (changes === undefined) throw new DocumentError('the issuer offers no long poll')
    const uri = `${changes}?after=${encodeURIComponent(place)}&wait=${wait}`
    return parseRevocationChanges(await readJson(changes, await this.#get(uri, { accept: 'application/json' }, signal)))
  }

  /** Asks whether a token is active (RFC 7662). @throws DocumentError if the issuer does not say within the time, in milliseconds */
  async introspect(token: string, timeout: number): Promise<boolean> {
    const { introspection } = await this.#find()
    if (introspection === undefined) throw new DocumentError('the issuer offers no introspection')
    return this.#withTimeout(timeout, async (signal) => {
      const response = await this.#post(introspection, { token, token_type_hint: 'access_token' }, signal)
      const { active } = toObject(await readJson(introspection, response))
      if (typeof active !== 'boolean')
        throw new DocumentError(`${introspection} did not say whether the token is active`)
      return active
    })
  }

  async #find(): Promise<Endpoints> {
    this.#endpoints ??= await this.#withTimeout(TIMEOUT, (signal) => this.#discover(signal))
    return this.#endpoints
  }

  async #discover(signal: AbortSignal): Promise<Endpoints> {
    const { issuer, fetch, allowInsecureHttp } = this.#parts
    const [uri = ''] = metadataUris(issuer)
    const document = await fetchJson(uri, { fetch, signal })
    const metadata = toObject(document.changed ? document.value : undefined)
    if (metadata.issuer !== issuer) throw new DocumentError(`${uri} is the metadata of another issuer`)
    const read = (name: string): string | undefined => {
      const value = metadata[name]
      return typeof value === 'string' && isFetchable(value, allowInsecureHttp) ? value : undefined
    }
    const [token, snapshot, stream] = [
      read('token_endpoint'),
      read('revocation_snapshot_endpoint'),
      read('revocation_stream_endpoint'),
    ]
    if (token === undefined || snapshot === undefined || stream === undefined)
      throw new DocumentError(`${uri} names no revocation feed with https`)
    return {
      token,
      snapshot,
      stream,
      changes: read('revocation_changes_endpoint'),
      introspection: read('introspection_endpoint'),
    }
  }

  async #get(uri: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
    const token = await this.#getToken()
    const response = await this.#request(uri, { headers: { ...headers, authorization: `Bearer ${token}` }, signal })
    if (response.status === 200) return response
    // A token that is refused may be older than what the issuer has revoked; the next try gets another.
    this.#token = undefined
    throw await refusal(uri, response)
  }

  async #getToken(): Promise<string> {
    const { clock, issuer } = this.#parts
    if (this.#token !== undefined && clock.monotonic() < this.#token.staleAt) return this.#token.text
    const { token: uri } = await this.#find()
    const answer = await this.#withTimeout(TIMEOUT, async (signal) => {
      const response = await this.#post(
        uri,
        { grant_type: 'client_credentials', scope: SCOPE, resource: issuer },
        signal,
      )
      return toObject(await readJson(uri, response))
    })
    const { access_token: text, expires_in: lifetime } = answer
    if (typeof text !== 'string' || typeof lifetime !== 'number')
      throw new DocumentError(`${uri} answered with no access token`)
    this.#token = { text, staleAt: clock.monotonic() + lifetime * 800 }
    return text
  }

  async #post(uri: string, form: Record<string, string>, signal: AbortSignal): Promise<Response> {
    const { clientId, clientSecret } = this.#parts
    const credentials = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`
    const headers = {
      accept: 'application/json',
      authorization: `Basic ${btoa(credentials)}`,
      'content-type': 'application/x-www-form-urlencoded',
    }
    const body = new URLSearchParams(form).toString()
    const response = await this.#request(uri, { method: 'POST', headers, body, signal })
    if (response.status !== 200) throw await refusal(uri, response)
    return response
  }

  async #request(uri: string, init: RequestInit): Promise<Response> {
    try {
      return await this.#parts.fetch(uri, { ...init, redirect: 'manual', credentials: 'omit' })
    } catch (error) {
      throw new DocumentError(`${uri} ${init.signal?.aborted ? 'did not answer in time' : 'cannot be reached'}`, {
        cause: error,
      })
    }
  }

  async #withTimeout<Result>(milliseconds: number, run: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const controller = new AbortController()
    const cancel = this.#parts.clock.schedule(() => controller.abort(), milliseconds)
    try {
      return await run(controller.signal)
    } finally {
      cancel()
    }
  }
}

async function refusal(uri: string, response: Response): Promise<DocumentError> {
  await response.body?.cancel().catch(() => undefined)
  return new DocumentError(`${uri} answered ${response.status}`, { status: response.status })
}

async function readJson(uri: string, response: Response): Promise<unknown> {
  const decoder = new TextDecoder()
  let length = 0
  let text = ''
  try {
    for await (const chunk of response.body ?? []) {
      length += chunk.length
      if (length > MAX_SNAPSHOT_BYTES)
        throw new DocumentError(`${uri} answered with more than ${MAX_SNAPSHOT_BYTES} bytes`)
      text += decoder.decode(chunk, { stream: true })
    }
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof DocumentError) throw error
    throw new DocumentError(`${uri} broke off its answer, or it is no JSON`, { cause: error })
  }
}

function toObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}
