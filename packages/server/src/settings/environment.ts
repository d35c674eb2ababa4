/**
 * The settings of the environment, as options. Every secret may also be given as NAME_FILE, the path of a file that holds it, or
 * as a reference to where it is kept (secrets/reference.ts). Reads the record it is given (main.ts alone touches process.env) and
 * tells all problems at once, under the names of the settings, before anything is opened or made.
 */
import { join, resolve } from 'node:path'
import type { Algorithm } from '@countersign/token'
import type { RedisOptions } from '../cache/redis-connection.ts'
import type { AuthorizationServerOptions } from '../options.ts'
import { type ResolvedEnvironment, resolveSecrets } from '../secrets/resolve-secrets.ts'
import { type DatabaseLocation, parseDatabaseLocation } from '../store/database-location.ts'
import type { Store } from '../store/store.ts'
import { readJson, readRateLimits } from './json-settings.ts'
import { readMetricsPort, readPort } from './read-ports.ts'
import { type OptionProblem, OptionsError, resolveOptions } from './settings.ts'
import { assertNoProblems } from './settings-error.ts'

/** `dev` fills in what a person trying it out has not set; `start` asks for it. */
export type RunMode = 'dev' | 'start'

export type Environment = Readonly<Record<string, string | undefined>>

/** Everything that is needed to start, checked as far as it can be without touching the port, the folder or the database. */
export interface StartSettings {
  readonly mode: RunMode
  readonly port: number
  readonly host: string
  /** Where metrics are shown. In dev without it, on the port itself; in start without it, nowhere. */
  readonly metricsPort: number | undefined
  readonly dataDir: string
  readonly database: DatabaseLocation
  readonly logLevel: string
  /** What the environment says of the server's options; dev fills in issuer and master key later. */
  readonly options: Partial<AuthorizationServerOptions>
  /** Sentences about settings that have no effect. */
  readonly warnings: readonly string[]
}

const disableLimits = 'COUNTERSIGN_DANGEROUSLY_DISABLE_RATE_LIMITS'

/** The name of the setting behind each option. */
const settingOf: Partial<Record<OptionProblem['option'], string>> = {
  issuer: 'COUNTERSIGN_ISSUER',
  allowInsecureHttp: 'COUNTERSIGN_ALLOW_INSECURE_HTTP',
  audience: 'COUNTERSIGN_AUDIENCE',
  masterKey: 'COUNTERSIGN_MASTER_KEY',
  previousMasterKey: 'COUNTERSIGN_PREVIOUS_MASTER_KEY',
  signingAlgorithm: 'COUNTERSIGN_SIGNING_ALG',
  signingSecret: 'COUNTERSIGN_SIGNING_SECRET',
  previousSigningSecret: 'COUNTERSIGN_PREVIOUS_SIGNING_SECRET',
  keyRotationPeriod: 'COUNTERSIGN_KEY_ROTATION_PERIOD',
  keyPublishAhead: 'COUNTERSIGN_KEY_PUBLISH_AHEAD',
  jwksMaxAge: 'COUNTERSIGN_JWKS_MAX_AGE',
  accessTokenLifetime: 'COUNTERSIGN_ACCESS_TOKEN_LIFETIME',
  sessionIdleLifetime: 'COUNTERSIGN_SESSION_IDLE_LIFETIME',
  sessionLifetime: 'COUNTERSIGN_SESSION_LIFETIME',
  cookieSessionIdleLifetime: 'COUNTERSIGN_COOKIE_SESSION_IDLE_LIFETIME',
  maxSessionsPerUser: 'COUNTERSIGN_MAX_SESSIONS_PER_USER',
  refreshLeeway: 'COUNTERSIGN_REFRESH_LEEWAY',
  refreshTimeout: 'COUNTERSIGN_REFRESH_TIMEOUT',
  defaultScopes: 'COUNTERSIGN_DEFAULT_SCOPES',
  roleScopes: 'COUNTERSIGN_ROLE_SCOPES',
  allowedOrigins: 'COUNTERSIGN_ALLOWED_ORIGINS',
  trustedProxies: 'COUNTERSIGN_TRUSTED_PROXIES',
  routePrefix: 'COUNTERSIGN_ROUTE_PREFIX',
  'redis.url': 'COUNTERSIGN_REDIS_URL',
  'redis.prefix': 'COUNTERSIGN_REDIS_PREFIX',
  rateLimits: 'COUNTERSIGN_RATE_LIMITS',
  dangerouslyDisableRateLimits: disableLimits,
}

const secretNames = new Set([
  'COUNTERSIGN_MASTER_KEY',
  'COUNTERSIGN_PREVIOUS_MASTER_KEY',
  'COUNTERSIGN_SIGNING_SECRET',
  'COUNTERSIGN_PREVIOUS_SIGNING_SECRET',
  'JWT_SECRET',
  'COUNTERSIGN_DATABASE_URL',
  'COUNTERSIGN_REDIS_URL',
])
const otherNames = [
  'COUNTERSIGN_DATA_DIR',
  'COUNTERSIGN_DATABASE_URL',
  'COUNTERSIGN_DATABASE_CONNECTIONS',
  'COUNTERSIGN_LOG_LEVEL',
  'COUNTERSIGN_METRICS_PORT',
]
/** Secrets that open the place where others are kept, and so are no references themselves. */
const bootstrapSecretNames = new Set(['VAULT_TOKEN', 'COUNTERSIGN_VAULT_APPROLE_SECRET_ID'])
/** Read by secrets/ alone, when a secret is a reference to Vault. */
const vaultNames = [
  'VAULT_ADDR',
  'VAULT_NAMESPACE',
  'VAULT_CACERT',
  'VAULT_TOKEN',
  'COUNTERSIGN_VAULT_KUBERNETES_ROLE',
  'COUNTERSIGN_VAULT_KUBERNETES_TOKEN_FILE',
  'COUNTERSIGN_VAULT_APPROLE_ROLE_ID',
  'COUNTERSIGN_VAULT_APPROLE_SECRET_ID',
  'COUNTERSIGN_VAULT_AUTH_MOUNT',
  'COUNTERSIGN_VAULT_ALLOW_INSECURE_HTTP',
]
const knownNames = new Set([
  ...Object.values(settingOf),
  ...otherNames,
  ...secretNames,
  ...vaultNames,
  ...[...secretNames, ...bootstrapSecretNames].map((name) => `${name}_FILE`),
])

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/** Finds each secret where it is kept, so that what comes out has them all as values. */
export async function resolveEnvironment(env: Environment): Promise<ResolvedEnvironment> {
  // JWT_SECRET is a name of other programs too: nothing is asked for what has no effect.
  const usesShared = env.COUNTERSIGN_SIGNING_ALG?.startsWith('HS')
  return resolveSecrets(
    env,
    [...secretNames].filter((name) => usesShared || name !== 'JWT_SECRET'),
  )
}

/** @throws SettingsError that lists every problem. */
export function readEnvironment({ env, problems: unresolved }: ResolvedEnvironment, mode: RunMode): StartSettings {
  const problems: string[] = []
  const read = createReader(env)
  const port = readPort('PORT', read('PORT') ?? '4000', problems)
  const metricsPort = readMetricsPort(read('COUNTERSIGN_METRICS_PORT'), port, problems)
  const dataDir = resolve(read('COUNTERSIGN_DATA_DIR') ?? '.countersign')
  const logLevel = read('COUNTERSIGN_LOG_LEVEL') ?? 'info'
  if (!logLevels.includes(logLevel)) problems.push(`COUNTERSIGN_LOG_LEVEL must be one of ${logLevels.join(', ')}`)

  const warnings = findIneffective(env)
  const options = readOptions(read, mode, warnings, problems)
  if (mode === 'start') requireAll(options, problems)
  problems.push(...checkOptions(options, port))
  const database = readDatabase(read, dataDir, problems)
  assertNoProblems(unresolved, problems)
  const host = read('HOST') ?? '127.0.0.1'
  return { mode, port, host, metricsPort, dataDir, database, logLevel, options, warnings }
}

type Read = (name: string) => string | undefined

/** Reads settings; what is empty is not set. */
export function createReader(env: Environment): Read {
  return (name) => env[name] || undefined
}

/** Reads where the database is: in the data folder, unless told otherwise. */
export function readDatabase(read: Read, dataDir: string, problems: string[]): DatabaseLocation {
  const url = read('COUNTERSIGN_DATABASE_URL')
  const connections = read('COUNTERSIGN_DATABASE_CONNECTIONS') ?? '10'
  if (!/^[1-9]\d{0,2}$/.test(connections))
    problems.push('COUNTERSIGN_DATABASE_CONNECTIONS must be a number from 1 to 999')
  if (url === undefined) return { kind: 'sqlite', path: join(dataDir, 'countersign.db') }
  const location = parseDatabaseLocation(url)
  if (location === undefined) problems.push('COUNTERSIGN_DATABASE_URL must be sqlite:<path> or postgres://…')
  if (location?.kind === 'postgres') return { ...location, maxConnections: Number(connections) }
  return location ?? { kind: 'sqlite', path: '' }
}

function readOptions(
  read: Read,
  mode: RunMode,
  warnings: string[],
  problems: string[],
): Partial<AuthorizationServerOptions> {
  const words = (name: string) =>
    read(name)
      ?.split(/[\s,]+/)
      .filter((word) => word !== '')
  const audience = words('COUNTERSIGN_AUDIENCE')
  if (read(disableLimits) === 'true') warnings.push(`${disableLimits} is true: anyone may try passwords without end`)
  const trustedProxies = read('COUNTERSIGN_TRUSTED_PROXIES')
  const texts = {
    issuer: read('COUNTERSIGN_ISSUER'),
    masterKey: read('COUNTERSIGN_MASTER_KEY'),
    previousMasterKey: read('COUNTERSIGN_PREVIOUS_MASTER_KEY'),
    keyRotationPeriod: read('COUNTERSIGN_KEY_ROTATION_PERIOD'),
    keyPublishAhead: read('COUNTERSIGN_KEY_PUBLISH_AHEAD') ?? (mode === 'dev' ? 0 : undefined),
    jwksMaxAge: read('COUNTERSIGN_JWKS_MAX_AGE'),
    signingAlgorithm: read('COUNTERSIGN_SIGNING_ALG') as Algorithm | undefined,
    signingSecret: readSigningSecret(read, warnings, problems),
    previousSigningSecret: read('COUNTERSIGN_PREVIOUS_SIGNING_SECRET'),
    accessTokenLifetime: read('COUNTERSIGN_ACCESS_TOKEN_LIFETIME'),
    sessionIdleLifetime: read('COUNTERSIGN_SESSION_IDLE_LIFETIME'),
    sessionLifetime: read('COUNTERSIGN_SESSION_LIFETIME'),
    cookieSessionIdleLifetime: read('COUNTERSIGN_COOKIE_SESSION_IDLE_LIFETIME'),
    refreshLeeway: read('COUNTERSIGN_REFRESH_LEEWAY'),
    refreshTimeout: read('COUNTERSIGN_REFRESH_TIMEOUT'),
    routePrefix: read('COUNTERSIGN_ROUTE_PREFIX'),
  }
  return withoutUndefined({
    ...texts,
    audience,
    redis: readRedis(read),
    rateLimits: readRateLimits(read('COUNTERSIGN_RATE_LIMITS'), mode, problems),
    dangerouslyDisableRateLimits: readFlag(read, disableLimits, problems),
    allowInsecureHttp: readFlag(read, 'COUNTERSIGN_ALLOW_INSECURE_HTTP', problems),
    maxSessionsPerUser: readNumber(read('COUNTERSIGN_MAX_SESSIONS_PER_USER')),
    defaultScopes: words('COUNTERSIGN_DEFAULT_SCOPES'),
    roleScopes: readJson(
      read('COUNTERSIGN_ROLE_SCOPES'),
      'COUNTERSIGN_ROLE_SCOPES must be JSON such as {"editor":["articles:write"]}',
      problems,
    ),
    allowedOrigins: words('COUNTERSIGN_ALLOWED_ORIGINS') ?? (mode === 'dev' ? 'localhost' : undefined),
    trustedProxies:
      trustedProxies !== undefined && /^\d+$/.test(trustedProxies)
        ? Number(trustedProxies)
        : words('COUNTERSIGN_TRUSTED_PROXIES'),
  })
}

/** JWT_SECRET is a name that other programs use as well: alone it warns, and only with an HS algorithm is it taken. */
function readSigningSecret(read: Read, warnings: string[], problems: string[]): string | undefined {
  const secret = read('COUNTERSIGN_SIGNING_SECRET')
  const alias = read('JWT_SECRET') ?? read('JWT_SECRET_FILE')
  if (secret !== undefined && alias !== undefined && secret !== alias)
    problems.push('COUNTERSIGN_SIGNING_SECRET and JWT_SECRET are both set and differ: keep one')
  if (secret !== undefined || alias === undefined) return secret
  if (read('COUNTERSIGN_SIGNING_ALG')?.startsWith('HS')) return alias
  warnings.push(
    'JWT_SECRET has no effect while tokens are signed with a key pair; COUNTERSIGN_SIGNING_ALG=HS256 would use it',
  )
  return undefined
}

function readRedis(read: Read): RedisOptions | undefined {
  const url = read('COUNTERSIGN_REDIS_URL')
  return url === undefined ? undefined : { url, prefix: read('COUNTERSIGN_REDIS_PREFIX') }
}

/** What is no number is told as one that cannot be used. */
function readNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
}

function readFlag(read: Read, name: string, problems: string[]): boolean | undefined {
  const text = read(name)
  if (text !== undefined && text !== 'true' && text !== 'false') problems.push(`${name} must be true or false`)
  return text === undefined ? undefined : text === 'true'
}

function requireAll(options: Partial<AuthorizationServerOptions>, problems: string[]): void {
  const mends = {
    issuer: 'the public https URL of this server',
    audience: 'the identifier of the API that takes its tokens, such as https://api.example.com',
    masterKey: '32 random bytes in base64url; make one with: openssl rand -base64 32 | tr +/ -_ | tr -d =',
  }
  for (const [option, mend] of Object.entries(mends) as [keyof typeof mends, string][]) {
    if (options[option] === undefined) problems.push(`${settingOf[option]} is not set: ${mend}`)
  }
  if (options.keyPublishAhead === '0')
    problems.push('COUNTERSIGN_KEY_PUBLISH_AHEAD must not be 0 in start: verifiers would not know a new key')
}

/** Checks what is there; what dev fills in later stands in with a value that is right. */
export function checkOptions(options: Partial<AuthorizationServerOptions>, port: number): string[] {
  const standIns = { issuer: `http://localhost:${port || 4000}`, masterKey: new Uint8Array(32), store: {} as Store }
  try {
    resolveOptions({ ...standIns, ...options })
    return []
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error
    return error.problems.map(({ option, detail }) => `${settingOf[option] ?? option} ${renameOptions(detail)}`)
  }
}

function renameOptions(detail: string): string {
  const isOption = (word: string): word is keyof typeof settingOf => Object.hasOwn(settingOf, word)
  return detail.replaceAll(/\b[a-z]+(?:[A-Z][a-z]+)+\b/g, (word) => (isOption(word) && settingOf[word]) || word)
}

/** Every name that is read, apart from NAME_FILE. */
export const settingNames: readonly string[] = [
  ...new Set(['PORT', 'HOST', ...Object.values(settingOf), ...secretNames, ...otherNames, ...vaultNames]),
]

/** Whether a setting is a secret, or an address that may hold one. */
export function isSecretSetting(name: string): boolean {
  return secretNames.has(name) || bootstrapSecretNames.has(name)
}

/** Tells which names have no effect, a sentence each. */
export function findIneffective(env: Environment): string[] {
  const unknown = Object.keys(env).filter((name) => /^COUNTERSIGN_(?!TEST_)/.test(name) && !knownNames.has(name))
  return unknown.sort().map((name) => `${name} has no effect: this version has no such setting`)
}

/** Leaves out what is not set. */
export function withoutUndefined(options: Record<string, unknown>): Partial<AuthorizationServerOptions> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
