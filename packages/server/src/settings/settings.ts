/** Checks options once and fills in the defaults. Everything that is wrong is told at the same time, each with its mend. */
import type { Algorithm } from '@countersign/token'
import { type RateLimits, readRateLimits } from '../cache/rate-limit.ts'
import { parseRedisLocation, problemOfPrefix } from '../cache/redis-location.ts'
import { parseTrustedProxies, type TrustedProxies } from '../http/client-address.ts'
import { isScopeToken } from '../oauth/scope.ts'
import type { AccessTokenClaims, AuthorizationServerOptions, Lifetime } from '../options.ts'
import type { RotationLimits } from '../sessions/rotation.ts'
import { mostAtOnce } from '../store/session-limits.ts'
import { registeredClaims } from '../tokens/claim-names.ts'
import type { KeySchedule, SharedSecrets } from '../tokens/keys.ts'
import { readAlgorithm, readKeySchedule, readMasterKeys, readSecrets } from './key-settings.ts'
import { type Complain, type OptionPath, readSeconds } from './read-seconds.ts'

/** Options with every default filled in and everything checked. Lifetimes are seconds. */
export interface Settings {
  readonly issuer: string
  /** The path of the issuer, below which everything is; empty for most. */
  readonly basePath: string
  readonly audiences: readonly [string, ...string[]]
  readonly masterKey: Uint8Array
  readonly previousMasterKey: Uint8Array | undefined
  readonly alg: Algorithm
  readonly secrets: SharedSecrets | undefined
  readonly keySchedule: KeySchedule
  readonly accessTokenLifetime: number
  readonly sessionIdleLifetime: number
  readonly sessionLifetime: number
  readonly cookieSessionIdleLifetime: number
  readonly maxSessionsPerUser: number
  readonly refreshTimeout: number
  readonly rotationLimits: RotationLimits
  readonly defaultScopes: readonly string[]
  readonly roleScopes: ReadonlyMap<string, readonly string[]>
  readonly accessTokenClaims: AccessTokenClaims | undefined
  readonly allowPersonalClaims: ReadonlySet<string>
  readonly allowedOrigins: ReadonlySet<string> | 'localhost'
  readonly trustedProxies: TrustedProxies
  readonly routePrefix: string
  /** `undefined` where nothing is limited. */
  readonly rateLimits: RateLimits | undefined
}

/** One option that cannot be used. */
export interface OptionProblem {
  /** Path of the option, such as `accessTokenLifetime` or `redis.url`. */
  readonly option: OptionPath
  /** What is wrong and how to mend it; never the value of a secret. */
  readonly detail: string
}

/** Tells everything that is wrong with the options. */
export class OptionsError extends TypeError {
  override readonly name = 'OptionsError'
  readonly problems: readonly OptionProblem[]

  constructor(problems: readonly OptionProblem[]) {
    super(`bad options:\n${problems.map(({ option, detail }) => `  ${option} ${detail}`).join('\n')}`)
    this.problems = problems
  }
}

/** @throws OptionsError that lists every problem. */
export function resolveOptions(options: AuthorizationServerOptions): Settings {
  const problems: OptionProblem[] = []
  const complain: Complain = (option, detail) => problems.push({ option, detail })

  const alg = readAlgorithm(options, complain)
  const settings: Settings = {
    issuer: readIssuer(options, complain),
    basePath: URL.canParse(options.issuer) ? new URL(options.issuer).pathname.replace(/\/$/, '') : '',
    audiences: readAudiences(options, complain),
    ...readMasterKeys(options, complain),
    alg,
    secrets: readSecrets(alg, options, complain),
    keySchedule: readKeySchedule(options, complain),
    ...readLifetimes(options, complain),
    maxSessionsPerUser: readMaxSessions(options, complain),
    ...readScopes(options, complain),
    accessTokenClaims: options.accessTokenClaims,
    allowPersonalClaims: readPersonalClaims(options, complain),
    allowedOrigins: readOrigins(options, complain),
    trustedProxies: readTrustedProxies(options, complain),
    routePrefix: readRoutePrefix(options, complain),
    rateLimits: readLimits(options, complain),
  }
  checkRedis(options, complain)
  if (problems.length > 0) throw new OptionsError(problems)
  return settings
}

function readIssuer({ issuer, allowInsecureHttp = false }: AuthorizationServerOptions, complain: Complain): string {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined
  if (url === undefined) complain('issuer', 'must be a URL such as https://auth.example.com')
  else if (url.protocol !== 'https:' && url.protocol !== 'http:') complain('issuer', 'must be an https URL')
  else if (url.protocol === 'http:' && !isLoopback(url.hostname) && !allowInsecureHttp) {
    complain('issuer', 'must be an https URL unless it is on localhost; allowInsecureHttp permits http elsewhere')
  } else if (issuer !== url.origin + url.pathname.replace(/\/$/, '')) {
    complain('issuer', 'must have no query, fragment, user name or final slash, and be written in its normal form')
  } else if (!/^(\/[A-Za-z0-9._~-]+)*\/?$/.test(url.pathname)) {
    complain('issuer', 'must have a path of letters, digits, dots, dashes, underscores and tildes, or none')
  }
  return issuer
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
}

function readAudiences({ audience, issuer }: AuthorizationServerOptions, complain: Complain): [string, ...string[]] {
  const [first = '', ...rest] = typeof audience === 'string' ? [audience] : (audience ?? [issuer])
  if ([first, ...rest].some((one) => one === ''))
    complain('audience', 'must name at least one audience, none of them empty')
  return [first, ...rest]
}

function readLifetimes(options: AuthorizationServerOptions, complain: Complain) {
  const read = (option: keyof AuthorizationServerOptions, value: Lifetime, ...range: [number, number, string]) =>
    readSeconds(option, value, range, complain)
  const year = 366 * 86_400
  const accessTokenLifetime = read(
    'accessTokenLifetime',
    options.accessTokenLifetime ?? '10m',
    60,
    3600,
    'from 60 s to 1 h',
  )
  const sessionLifetime = read('sessionLifetime', options.sessionLifetime ?? '30d', 60, year, 'from 1 m to 366 d')
  const sessionIdleLifetime = read(
    'sessionIdleLifetime',
    options.sessionIdleLifetime ?? '7d',
    60,
    year,
    'from 1 m to 366 d',
  )
  const cookieSessionIdleLifetime = read(
    'cookieSessionIdleLifetime',
    options.cookieSessionIdleLifetime ?? Math.min(1800, sessionLifetime),
    60,
    year,
    'from 1 m to 366 d',
  )
  const refreshTimeout = read('refreshTimeout', options.refreshTimeout ?? 7, 1, 60, 'from 1 s to 60 s')
  const leeway = read('refreshLeeway', options.refreshLeeway ?? 15, 3, 600, 'from 3 s to 10 m')

  if (sessionIdleLifetime > sessionLifetime) complain('sessionIdleLifetime', 'must not be longer than sessionLifetime')
  if (cookieSessionIdleLifetime > sessionLifetime)
    complain('cookieSessionIdleLifetime', 'must not be longer than sessionLifetime')
  if (leeway <= 2 * refreshTimeout) {
    complain('refreshLeeway', 'must be more than twice refreshTimeout, or honest clients are taken for thieves')
  }
  const rotationLimits = { leeway: leeway * 1000, hold: 4 * leeway * 1000 }
  const sessionLifetimes = { sessionLifetime, sessionIdleLifetime, cookieSessionIdleLifetime }
  return { accessTokenLifetime, ...sessionLifetimes, refreshTimeout, rotationLimits }
}

function readMaxSessions({ maxSessionsPerUser = 100 }: AuthorizationServerOptions, complain: Complain): number {
  if (!Number.isInteger(maxSessionsPerUser) || maxSessionsPerUser < 1 || maxSessionsPerUser > mostAtOnce)
    complain('maxSessionsPerUser', `must be a number from 1 to ${mostAtOnce}`)
  return maxSessionsPerUser
}

function readScopes({ defaultScopes = [], roleScopes = {} }: AuthorizationServerOptions, complain: Complain) {
  if (!defaultScopes.every(isScopeToken))
    complain('defaultScopes', 'must be words of printable characters without spaces, quotes or backslashes')
  for (const [role, scopes] of Object.entries(roleScopes)) {
    if (!Array.isArray(scopes) || !scopes.every((word) => typeof word === 'string' && isScopeToken(word))) {
      complain('roleScopes', `must give role ${JSON.stringify(role)} a list of scopes`)
    }
  }
  return { defaultScopes, roleScopes: new Map(Object.entries(roleScopes)) }
}

function readPersonalClaims(
  { allowPersonalClaims = [] }: AuthorizationServerOptions,
  complain: Complain,
): ReadonlySet<string> {
  const registered = allowPersonalClaims.filter((name) => registeredClaims.has(name))
  if (registered.length > 0)
    complain('allowPersonalClaims', `cannot allow ${registered.join(', ')}: the server sets these itself`)
  return new Set(allowPersonalClaims)
}

function readOrigins(
  { allowedOrigins = [] }: AuthorizationServerOptions,
  complain: Complain,
): ReadonlySet<string> | 'localhost' {
  if (allowedOrigins === 'localhost') return allowedOrigins
  // A password with a comma has been taken apart: none of the entries is repeated then.
  const hasUser = allowedOrigins.some((origin) => origin.includes('@'))
  for (const origin of allowedOrigins) {
    const shown = hasUser ? 'an entry' : JSON.stringify(origin)
    const normal = URL.canParse(origin) ? new URL(origin).origin : undefined
    if (normal === undefined || normal === 'null')
      complain('allowedOrigins', `has ${shown}, which is no origin such as https://app.example.com`)
    else if (normal !== origin)
      complain('allowedOrigins', `has ${shown}, which must be written ${hasUser ? 'without user name' : normal}`)
  }
  return new Set(allowedOrigins)
}

function readTrustedProxies({ trustedProxies = 0 }: AuthorizationServerOptions, complain: Complain): TrustedProxies {
  const parsed = parseTrustedProxies(trustedProxies)
  if (parsed === undefined) complain('trustedProxies', 'must be a number of proxies, or networks such as 10.0.0.0/8')
  return parsed ?? { hops: 0 }
}

function readRoutePrefix({ routePrefix = '/api/auth' }: AuthorizationServerOptions, complain: Complain): string {
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(routePrefix))
    complain('routePrefix', 'must be a path such as /api/auth, without a final slash')
  return routePrefix
}

/** What is wrong with limits is told although they are not used. */
function readLimits(
  { rateLimits = {}, dangerouslyDisableRateLimits = false }: AuthorizationServerOptions,
  complain: Complain,
): RateLimits | undefined {
  const limits = readRateLimits(rateLimits, (detail) => complain('rateLimits', detail))
  return dangerouslyDisableRateLimits ? undefined : limits
}

function checkRedis({ redis }: AuthorizationServerOptions, complain: Complain): void {
  if (redis === undefined) return
  const location = parseRedisLocation(redis.url)
  if (typeof location === 'string') complain('redis.url', location)
  const { prefix } = redis
  const problem = prefix && problemOfPrefix(prefix, typeof location === 'string' ? 'single' : location.kind)
  if (problem) complain('redis.prefix', problem)
}
