/** The limits there are, their defaults, and how one is written. docs/decisions/0024 says why these. */
import { parseLifetime } from '@countersign/token'

/**
 * How often something may happen in which time, each as `<times>/<lifetime>`, such as `10/15m`. The time begins with the first.
 */
export interface RateLimitOptions {
  /** Wrong passwords of one account from one network. @default '10/15m' */
  readonly loginPerAccountAndNetwork?: string
  /** Wrong passwords of one account from all networks from which it has not signed in within two weeks. @default '30/1h' */
  readonly loginPerAccount?: string
  /** Wrong passwords from one network, of accounts that have not signed in from it within two weeks. @default '100/15m' */
  readonly loginPerNetwork?: string
  /** Registrations from one network, whatever comes of them. @default '1000/1h' */
  readonly registrationPerNetwork?: string
  /** Wrong passwords of someone who is signed in, as when changing it. @default '10/15m' */
  readonly passwordPerSession?: string
  /** Times that one refused refresh token comes back. Counted by each server for itself. @default '20/5m' */
  readonly refreshPerToken?: string
  /** Access tokens that are revoked one by one with tokens of one session. @default '20/15m' */
  readonly revocationPerSession?: string
  /** Access tokens without a session that one client revokes one by one. @default '600/15m' */
  readonly revocationPerClient?: string
  /** Clients that could not authenticate themselves, from one network. @default '100/5m' */
  readonly clientPerNetwork?: string
  /** Tokens that this server never made, from one network. @default '100/5m' */
  readonly forgedPerNetwork?: string
}

export type RateLimitName = keyof RateLimitOptions

export interface RateLimit {
  readonly times: number
  /** Seconds. */
  readonly window: number
}

/** Every limit. */
export type RateLimits = Readonly<Record<RateLimitName, RateLimit>>

/** What holds unless said otherwise. */
export const defaultRateLimits: Required<RateLimitOptions> = {
  loginPerAccountAndNetwork: '10/15m',
  loginPerAccount: '30/1h',
  loginPerNetwork: '100/15m',
  registrationPerNetwork: '1000/1h',
  passwordPerSession: '10/15m',
  refreshPerToken: '20/5m',
  revocationPerSession: '20/15m',
  revocationPerClient: '600/15m',
  clientPerNetwork: '100/5m',
  forgedPerNetwork: '100/5m',
}

/** Seconds: above this, timers of Node run out at once. */
const longestWindow = 14 * 86_400

/** Fills in the defaults. @param complain is told what is wrong */
export function readRateLimits(options: unknown, complain: (detail: string) => void): RateLimits {
  const isRecord = typeof options === 'object' && options !== null && !Array.isArray(options)
  if (!isRecord) complain('must be an object such as { loginPerAccount: "30/1h" }')
  const given: Record<string, unknown> = isRecord ? { ...options } : {}
  const names = Object.keys(defaultRateLimits) as RateLimitName[]
  for (const name of Object.keys(given))
    if (!Object.hasOwn(defaultRateLimits, name))
      complain(`has ${JSON.stringify(name)}, which is none of ${names.join(', ')}`)
  const limits = names.map((name) => {
    const limit = readRateLimit(given[name] === undefined ? defaultRateLimits[name] : given[name])
    if (limit === undefined)
      complain(`must give ${name} a number of times and a time of at most 14d, such as ${defaultRateLimits[name]}`)
    return [name, limit]
  })
  return Object.fromEntries(limits)
}

function readRateLimit(text: unknown): RateLimit | undefined {
  if (typeof text !== 'string') return undefined
  const [, times = '', lifetime = ''] = /^([1-9]\d{0,8})\/(\w+)$/.exec(text) ?? []
  try {
    const window = parseLifetime(lifetime)
    return window <= longestWindow ? { times: Number(times), window } : undefined
  } catch {
    return undefined
  }
}
