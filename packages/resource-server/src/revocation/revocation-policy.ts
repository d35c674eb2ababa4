/**
 * Owns what a verifier does when it does not know of every revocation. It never answers 401 for that, which would make every client
 * refresh at once; it asks the issuer, or answers 503.
 *
 *             LIVE    STALE              RESYNC             INIT, DOWN
 *   off       (no feed: a token is good until it expires)
 *   lenient   local   local              local              local
 *   bounded   local   local              local until DOWN   asks
 *   strict    local   asks               asks               asks
 *
 * Whatever the state, what is known to be revoked is refused.
 */
import { AccessError } from '../access-error.ts'
import type { Clock } from '../clock.ts'
import type { FeedClient } from './feed-client.ts'
import { DOWN_AFTER, type Replica } from './replica.ts'

/** How much a route relies on the feed. */
export type RevocationPolicy = 'off' | 'strict' | 'bounded' | 'lenient'

export const REVOCATION_POLICIES: readonly RevocationPolicy[] = ['off', 'strict', 'bounded', 'lenient']

/** Tells whether a replica knows enough for a policy. */
export function isEnough(policy: RevocationPolicy, { state, lag }: Replica): boolean {
  if (policy === 'off' || policy === 'lenient' || state === 'LIVE') return true
  return policy === 'bounded' && state !== 'INIT' && lag <= DOWN_AFTER
}

const TIMEOUT = 1000
const REMEMBERED = 1000
const MAX_REMEMBERED = 1000

/** Asks the issuer about tokens: one question a token at a time, and what is active is remembered for a second. */
export class Introspector {
  readonly #client: FeedClient
  readonly #clock: Clock
  readonly #asking = new Map<string, Promise<boolean>>()
  readonly #activeUntil = new Map<string, number>()

  constructor(client: FeedClient, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  /** Asks whether a token is active. @throws AccessError revocation_state_unavailable */
  async isActive(token: string): Promise<boolean> {
    if ((this.#activeUntil.get(token) ?? 0) > this.#clock.monotonic()) return true
    let asked = this.#asking.get(token)
    if (asked === undefined) {
      asked = this.#ask(token).finally(() => this.#asking.delete(token))
      this.#asking.set(token, asked)
    }
    return asked
  }

  async #ask(token: string): Promise<boolean> {
    try {
      const isActive = await this.#client.introspect(token, TIMEOUT)
      if (isActive) this.#remember(token)
      return isActive
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new AccessError('revocation_state_unavailable', {
        reason: `it is not known whether the token is revoked, and the issuer does not say: ${reason}`,
      })
    }
  }

  #remember(token: string): void {
    if (this.#activeUntil.size >= MAX_REMEMBERED) this.#activeUntil.clear()
    this.#activeUntil.set(token, this.#clock.monotonic() + REMEMBERED)
  }
}
