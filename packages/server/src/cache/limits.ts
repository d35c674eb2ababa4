/** The counters of one server, and the names under which they count. */
import { OAuthError } from '../oauth/oauth-error.ts'
import { type Counter, createCounter, unlimited } from './counter.ts'
import { createCounterNames, type NameCounter } from './counter-names.ts'
import { createGate, type Gate } from './gate.ts'
import { createKnownPlaces, type KnownPlaces, noPlaces } from './known-places.ts'
import type { RateLimitName, RateLimits } from './rate-limit.ts'
import type { RedisConnection } from './redis-connection.ts'

export interface Limits {
  readonly counters: Readonly<Record<RateLimitName, Counter>>
  /** From which networks accounts have signed in. */
  readonly knownPlaces: KnownPlaces
  readonly gate: Gate
  readonly nameOf: NameCounter
}

/** Counts where a request would have to wait for Redis although all is well stay in memory. */
const inMemory: readonly RateLimitName[] = ['refreshPerToken']

/** @param rateLimits `undefined` counts nothing and refuses nothing */
export function createLimits(
  rateLimits: RateLimits | undefined,
  masterKey: Uint8Array,
  redis: RedisConnection | undefined,
): Limits {
  const entries = Object.entries(rateLimits ?? {}) as [RateLimitName, RateLimits[RateLimitName]][]
  const counters = entries.map(([name, limit]) => [
    name,
    createCounter(name, limit, inMemory.includes(name) ? undefined : redis),
  ])
  const isLimited = rateLimits !== undefined
  return {
    counters: isLimited ? Object.fromEntries(counters) : none,
    knownPlaces: isLimited ? createKnownPlaces(redis) : noPlaces,
    gate: createGate(),
    nameOf: createCounterNames(masterKey),
  }
}

const none: Limits['counters'] = {
  loginPerAccountAndNetwork: unlimited,
  loginPerAccount: unlimited,
  loginPerNetwork: unlimited,
  registrationPerNetwork: unlimited,
  passwordPerSession: unlimited,
  refreshPerToken: unlimited,
  revocationPerSession: unlimited,
  revocationPerClient: unlimited,
  clientPerNetwork: unlimited,
  forgedPerNetwork: unlimited,
}

/** Makes the refusal of what was tried too often. @param wait seconds */
export function tooManyRequests(limit: RateLimitName | 'gate', wait: number): OAuthError {
  return new OAuthError('too_many_requests', { reason: reasons[limit], retryAfter: wait })
}

const behindProxy = '; if that is a proxy, set COUNTERSIGN_TRUSTED_PROXIES'

const reasons: Readonly<Record<RateLimitName | 'gate', string>> = {
  loginPerAccountAndNetwork: `loginPerAccountAndNetwork: too many wrong passwords of this account from this network${behindProxy}`,
  loginPerAccount: 'loginPerAccount: too many wrong passwords of this account from networks that it does not know',
  loginPerNetwork: `loginPerNetwork: too many wrong passwords from this network${behindProxy}`,
  registrationPerNetwork: `registrationPerNetwork: too many registrations from this network${behindProxy}`,
  passwordPerSession: 'passwordPerSession: too many wrong passwords in this session',
  refreshPerToken: 'refreshPerToken: a refused refresh token came back too often',
  revocationPerSession:
    'revocationPerSession: too many tokens of this session were revoked one by one; end the session instead',
  revocationPerClient: 'revocationPerClient: this client has revoked too many tokens one by one',
  clientPerNetwork: `clientPerNetwork: too many clients that could not authenticate themselves from this network${behindProxy}`,
  forgedPerNetwork: `forgedPerNetwork: too many tokens that are none of ours from this network${behindProxy}`,
  gate: 'too many passwords of this account wait to be judged',
}
