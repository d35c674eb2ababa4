/** Owns what a verifier does about the revocations of one issuer: the replica, what keeps it up to date, and what asks when that is not enough. */
import { AccessError } from '../access-error.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { FeedClient, type FeedCredentials } from './feed-client.ts'
import { FeedReader } from './feed-reader.ts'
import { Replica, type ReplicaStatus } from './replica.ts'
import { Introspector, isEnough, type RevocationPolicy } from './revocation-policy.ts'
import type { TokenMarks } from './revocation-set.ts'
import { Watchers } from './watchers.ts'

interface RevocationParts {
  readonly issuer: string
  readonly credentials: FeedCredentials
  readonly allowInsecureHttp: boolean
  readonly fetch: typeof globalThis.fetch
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
  readonly onKeysChanged: () => void
}

/** What an entry is called in the log. */
const NAMES: Readonly<Record<string, string>> = {
  s: 'its session',
  j: 'the token itself',
  u: 'its user',
  c: 'its client',
  k: 'its signing key',
  g: 'everything that was issued before',
}

/** Knows what one issuer has revoked. */
export class Revocations {
  readonly #replica: Replica
  readonly #reader: FeedReader
  readonly #introspector: Introspector
  readonly #watchers: Watchers

  constructor(parts: RevocationParts) {
    const { clock, credentials } = parts
    const client = new FeedClient({ ...parts, ...credentials })
    this.#replica = new Replica(clock)
    this.#watchers = new Watchers(clock)
    this.#replica.listen((entry) => this.#watchers.hear(entry))
    this.#introspector = new Introspector(client, clock)
    this.#reader = new FeedReader({ ...parts, client, replica: this.#replica })
  }

  get status(): ReplicaStatus {
    return this.#replica.status
  }

  /**
   * Checks that a token is not revoked: at once, if enough is known.
   *
   * @throws AccessError invalid_token, revocation_state_unavailable
   */
  check(marks: TokenMarks, token: string, policy: RevocationPolicy): void | Promise<void> {
    const kind = this.#replica.find(marks)
    if (kind !== undefined) throw revoked(`revoked: ${NAMES[kind]}`)
    if (isEnough(policy, this.#replica)) return undefined
    return this.#introspector.isActive(token).then((isActive) => {
      if (!isActive) throw revoked('the issuer says that the token is not active')
    })
  }

  /** Ends a connection when its token expires or is revoked, or has been since it was accepted; returns what stops the watching. */
  watch(marks: TokenMarks, expiresAt: number, onEnd: () => void): () => void {
    const isRevoked = this.#replica.find(marks) !== undefined
    return this.#watchers.watch(marks, isRevoked ? 0 : expiresAt, onEnd)
  }

  /** The time by which tokens expire: the feed's, where ours is later than it by more than half a minute. */
  laterNow(now: number): number {
    return this.#replica.laterNow(now, LARGEST_OFFSET)
  }

  close(): void {
    this.#reader.close()
  }
}

/** How much our clock may be behind the feed's before the feed's counts, and the largest tolerance beside a feed, in seconds. */
export const LARGEST_OFFSET = 30

function revoked(reason: string): AccessError {
  return new AccessError('invalid_token', { reason, tokenError: 'token_revoked' })
}
