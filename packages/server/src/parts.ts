/** What the use cases work with: everything that is made once when the server starts. */
import type { KnownAccounts } from './accounts/accounts.ts'
import type { Limits } from './cache/limits.ts'
import type { RedisConnection } from './cache/redis-connection.ts'
import type { Log } from './log.ts'
import type { Feed } from './revocation/feed.ts'
import type { Hints } from './revocation/hints.ts'
import type { RedisMirror } from './revocation/redis-mirror.ts'
import type { Settings } from './settings/settings.ts'
import type { Store } from './store/store.ts'
import type { Meter } from './telemetry/meter.ts'
import type { Tracer } from './telemetry/tracer.ts'
import type { AccessTokens } from './tokens/access-token.ts'
import type { Keys } from './tokens/keys.ts'

export interface Parts {
  readonly settings: Settings
  /** Whether pages of an origin may use the cookies of this server. */
  readonly isAllowedOrigin: (origin: string) => boolean
  readonly store: Store
  readonly accounts: KnownAccounts
  readonly keys: Keys
  readonly accessTokens: AccessTokens
  readonly feed: Feed
  /** Tells the feeds of other servers to look, where there is a Redis. */
  readonly hints: Hints | undefined
  /** How often what may be tried. */
  readonly limits: Limits
  /** Redis, where there is one, for what may be lost. */
  readonly redis: RedisConnection | undefined
  /** The copy of what is revoked in Redis, where there is one. */
  readonly redisMirror: RedisMirror | undefined
  /** Gets what signs with the keys of a version, loading them if they have changed. @throws what the store throws */
  accessTokensOf(keysVersion: number): Promise<AccessTokens>
  /** Gets what signs and verifies with the keys that the store has now: another server may have made or revoked one. @throws what the store throws */
  latestAccessTokens(): Promise<AccessTokens>
  readonly log: Log
  readonly meter: Meter
  /** Makes spans, where somebody collects them. */
  readonly tracer: Tracer | undefined
  readonly random: (length: number) => Uint8Array
}

/** The client of every first-party session. */
export const firstPartyClient = 'first-party'
