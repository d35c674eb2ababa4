/**
 * Owns the keys of an issuer whose JWK Set is fetched: when it is asked for, how long an answer counts, and what a request
 * waits for. One request to the issuer at a time, and at most one every 2 s, whoever asks for it and however often.
 *
 *   EMPTY   no keys yet. A request waits for the fetch; within 2 s of one that failed it is refused at once (503).
 *   FRESH   younger than the cache lifetime (60 to 600 s, as the issuer says). Nobody waits; at 80 % the set is fetched again in
 *           the background.
 *   STALE   older, and nobody knows why: the process slept. A request waits for the fetch.
 *   OUTAGE  older, or not, and the last fetch failed. The keys go on, for 24 h; nobody waits; the next try comes after 2, 4, 8 … 60 s.
 *   An unknown `kid` fetches again. Within 2 s of the last fetch it waits until those are over, so that a new key is accepted even
 *   while strangers send any number of unknown ones; no more than 256 requests wait, and none for more than 2.9 s.
 *
 * A set that came takes the place of the one before, also when it is empty: a key that the issuer removed is dead at the next
 * fetch, so within the cache lifetime. Whatever is no valid JWK Set is an outage and changes nothing.
 */
import type { Algorithm } from '#token'
import { AccessError } from '../access-error.ts'
import type { Clock } from '../clock.ts'
import { importKeySet, type KeySet, type KeySource } from '../key-set.ts'
import type { Log } from '../log.ts'
import { readCacheLifetime } from './cache-lifetime.ts'
import { discoverJwksUri, type Fetching } from './discovery.ts'
import { DocumentError, type FetchedJson, fetchJson } from './fetch-json.ts'

/** What a remote JWK Set is told; times are seconds. */
export interface RemoteJwkSetOptions {
  readonly issuer: string
  /** Where the JWK Set is; found through the issuer's metadata if it is left out. */
  readonly jwksUri: string | undefined
  readonly algorithms: readonly Algorithm[] | undefined
  /** How long keys go on being used while the issuer cannot be reached. */
  readonly outageTolerance: number
  readonly allowInsecureHttp: boolean
  readonly fetch: typeof globalThis.fetch
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
}

const COOLDOWN = 2000
const FETCH_TIMEOUT = 2500
const LONGEST_WAIT = 2900
const MAX_WAITING = 256
const LONGEST_RETRY = 60_000
const MAX_KEYS = 32
/** An issuer that moves its JWK Set says so in its metadata, which are read anew this often. */
const REDISCOVERY = 86_400_000

/** Fetches the JWK Set of an issuer and keeps it (RFC 7517 §5, OpenID Connect Core 1.0 §10.1.1). */
export class RemoteJwkSet implements KeySource {
  readonly #options: RemoteJwkSetOptions
  #set: KeySet | undefined
  #text = ''
  #etag: string | undefined
  /** Milliseconds. */
  #lifetime = 0
  /** Both clocks at the last answer: one stands still while the machine sleeps, the other jumps when it is set. */
  #answeredAt: readonly [monotonic: number, wall: number] = [0, 0]
  #failures = 0
  #nextFetchAt = Number.NEGATIVE_INFINITY
  #fetching: Promise<void> | undefined
  #waiting = 0
  #discovered: { readonly uri: string; readonly at: number } | undefined
  #cancelNext: () => void = () => undefined
  #isClosed = false

  constructor(options: RemoteJwkSetOptions) {
    this.#options = options
  }

  get(): KeySet | Promise<KeySet> {
    return this.#usable() ?? this.#getLater()
  }

  async newerThan(set: KeySet): Promise<KeySet> {
    if (this.#set !== undefined && this.#set !== set) return this.#set
    if (this.#waiting >= MAX_WAITING) return set
    this.#waiting += 1
    const isInTime = await this.#within(this.#fetchSoon(), LONGEST_WAIT)
    this.#waiting -= 1
    if (!isInTime || this.#failures > 0) throw this.#unavailable('no JWK Set could be had that might hold the key')
    return this.#set ?? set
  }

  refresh(): void {
    void this.#fetchSoon()
  }

  close(): void {
    this.#isClosed = true
    this.#cancelNext()
  }

  /** The keys at hand, if they may be used without waiting. */
  #usable(): KeySet | undefined {
    const age = this.#age()
    const isFresh = age < this.#lifetime
    const isTolerated = this.#failures > 0 && age < this.#options.outageTolerance * 1000
    return isFresh || isTolerated ? this.#set : undefined
  }

  async #getLater(): Promise<KeySet> {
    const { clock } = this.#options
    const hasJustFailed = this.#failures > 0 && this.#fetching === undefined && clock.monotonic() < this.#nextFetchAt
    if (!hasJustFailed) await this.#fetchSoon()
    const set = this.#usable()
    if (set === undefined) throw this.#unavailable('the JWK Set of the issuer cannot be had')
    return set
  }

  #age(): number {
    const { clock } = this.#options
    const [monotonic, wall] = this.#answeredAt
    return Math.max(clock.monotonic() - monotonic, (clock.now() - wall) * 1000)
  }

  #unavailable(reason: string): AccessError {
    return new AccessError('keys_unavailable', { reason: `${reason} (${this.#options.issuer})` })
  }

  /** The fetch that is under way, or the next one that is allowed. It never rejects. */
  #fetchSoon(): Promise<void> {
    this.#fetching ??= this.#waitForTurn()
      .then(() => this.#refresh())
      .finally(() => {
        this.#fetching = undefined
      })
    return this.#fetching
  }

  #waitForTurn(): Promise<void> {
    const { clock } = this.#options
    const rest = this.#nextFetchAt - clock.monotonic()
    return rest > 0 ? new Promise((resolve) => clock.schedule(resolve, rest)) : Promise.resolve()
  }

  async #refresh(): Promise<void> {
    const { clock, log, issuer } = this.#options
    this.#nextFetchAt = clock.monotonic() + COOLDOWN
    try {
      await this.#accept(await this.#fetchSet())
      this.#failures = 0
    } catch (error) {
      this.#failures += 1
      this.#discovered = undefined
      const [reason, cause] = error instanceof DocumentError ? [error.message, error.cause] : ['unexpected', error]
      log.warn({ event: 'jwks.unavailable', issuer, reason, cause: describe(cause) }, 'a JWK Set cannot be had')
    }
    this.#scheduleNext()
  }

  async #fetchSet(): Promise<FetchedJson> {
    const { clock, fetch } = this.#options
    const controller = new AbortController()
    const cancel = clock.schedule(() => controller.abort(), FETCH_TIMEOUT)
    try {
      const fetching = { fetch, signal: controller.signal }
      return await fetchJson(await this.#findUri(fetching), { ...fetching, etag: this.#etag })
    } finally {
      cancel()
    }
  }

  async #findUri(fetching: Fetching): Promise<string> {
    const { jwksUri, issuer, allowInsecureHttp, clock } = this.#options
    if (jwksUri !== undefined) return jwksUri
    const at = clock.monotonic()
    if (this.#discovered === undefined || at - this.#discovered.at > REDISCOVERY) {
      this.#discovered = { uri: await discoverJwksUri(issuer, allowInsecureHttp, fetching), at }
      this.#etag = undefined
    }
    return this.#discovered.uri
  }

  /** Takes an answer as the present set; one that says the same keeps the set, and what was made of it. */
  async #accept(document: FetchedJson): Promise<void> {
    const { clock, issuer, log } = this.#options
    if (document.changed && document.text !== this.#text) {
      const { set, skipped } = await this.#import(document.value)
      for (const { index, kid, reason } of skipped)
        log.warn({ event: 'jwks.key-skipped', issuer, index, kid, reason }, 'a key of a JWK Set is not used')
      this.#set = set
      this.#text = document.text
    }
    this.#etag = document.headers.get('etag') ?? this.#etag
    this.#lifetime = readCacheLifetime(document.headers) * 1000
    this.#answeredAt = [clock.monotonic(), clock.now()]
  }

  async #import(document: unknown): ReturnType<typeof importKeySet> {
    const { keys } = (document ?? {}) as { keys?: unknown }
    if (Array.isArray(keys) && keys.length > MAX_KEYS)
      throw new DocumentError(`the JWK Set has more than ${MAX_KEYS} keys`)
    try {
      return await importKeySet(document, this.#options.algorithms)
    } catch (error) {
      if (error instanceof TypeError) throw new DocumentError('the document is no JWK Set', { cause: error })
      throw error
    }
  }

  #scheduleNext(): void {
    const { clock, random } = this.#options
    this.#cancelNext()
    if (this.#isClosed) return
    const wait =
      this.#failures === 0
        ? this.#lifetime * (0.75 + 0.1 * random())
        : Math.min(LONGEST_RETRY, COOLDOWN * 2 ** (this.#failures - 1)) * (1 + 0.1 * random())
    this.#cancelNext = clock.schedule(() => void this.#fetchSoon(), wait)
  }

  /** Waits for a promise that never rejects, up to a time; tells whether it came. */
  #within(promise: Promise<void>, milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.schedule(() => resolve(false), milliseconds)
      void promise.then(() => {
        cancel()
        resolve(true)
      })
    })
  }
}

/** What the causes of a failure say of themselves: undici has the reason in the innermost. */
function describe(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined
  return describe(cause.cause) ?? cause.message
}
