/** What a setting is when nobody sets it, as `config print` shows it. A test sets each to its default and finds the same server. */
import { join, resolve } from 'node:path'
import { parseLifetime } from '@countersign/token'
import { defaultRateLimits } from '../cache/rate-limit.ts'
import { defaultPrefix, parseRedisLocation } from '../cache/redis-location.ts'
import type { Environment, RunMode } from '../settings/environment.ts'
import { devLimits } from '../settings/json-settings.ts'

type Default = string | ((env: Environment, mode: RunMode) => string | undefined)

const onlyInDev =
  (value: (env: Environment) => string): Default =>
  (env, mode) =>
    mode === 'dev' ? value(env) : undefined

const issuerInDev = ({ COUNTERSIGN_ISSUER, PORT }: Environment): string =>
  COUNTERSIGN_ISSUER || `http://localhost:${PORT || 4000}`
const dataFolder = ({ COUNTERSIGN_DATA_DIR }: Environment): string => resolve(COUNTERSIGN_DATA_DIR || '.countersign')

/** Every setting; `undefined` for those that are not set by default. */
export const defaults: Readonly<Record<string, Default | undefined>> = {
  PORT: '4000',
  HOST: '127.0.0.1',
  COUNTERSIGN_ISSUER: onlyInDev(issuerInDev),
  COUNTERSIGN_ALLOW_INSECURE_HTTP: 'false',
  COUNTERSIGN_AUDIENCE: onlyInDev(issuerInDev),
  COUNTERSIGN_MASTER_KEY: onlyInDev((env) => `kept in ${join(dataFolder(env), 'master-key')}`),
  COUNTERSIGN_PREVIOUS_MASTER_KEY: undefined,
  COUNTERSIGN_SIGNING_ALG: 'ES256',
  COUNTERSIGN_SIGNING_SECRET: undefined,
  COUNTERSIGN_PREVIOUS_SIGNING_SECRET: undefined,
  JWT_SECRET: undefined,
  COUNTERSIGN_KEY_ROTATION_PERIOD: '90d',
  COUNTERSIGN_KEY_PUBLISH_AHEAD: (_env, mode) => (mode === 'dev' ? '0' : '24h'),
  COUNTERSIGN_JWKS_MAX_AGE: '5m',
  COUNTERSIGN_ACCESS_TOKEN_LIFETIME: '10m',
  COUNTERSIGN_SESSION_IDLE_LIFETIME: '7d',
  COUNTERSIGN_SESSION_LIFETIME: '30d',
  COUNTERSIGN_COOKIE_SESSION_IDLE_LIFETIME: cookieSessionIdleLifetime,
  COUNTERSIGN_MAX_SESSIONS_PER_USER: '100',
  COUNTERSIGN_REFRESH_LEEWAY: '15',
  COUNTERSIGN_REFRESH_TIMEOUT: '7',
  COUNTERSIGN_DEFAULT_SCOPES: undefined,
  COUNTERSIGN_ROLE_SCOPES: undefined,
  COUNTERSIGN_ALLOWED_ORIGINS: onlyInDev(() => 'localhost'),
  COUNTERSIGN_TRUSTED_PROXIES: undefined,
  COUNTERSIGN_ROUTE_PREFIX: '/api/auth',
  COUNTERSIGN_DATA_DIR: dataFolder,
  COUNTERSIGN_DATABASE_URL: (env) => `sqlite:${join(dataFolder(env), 'countersign.db')}`,
  COUNTERSIGN_DATABASE_CONNECTIONS: '10',
  COUNTERSIGN_LOG_LEVEL: 'info',
  COUNTERSIGN_METRICS_PORT: undefined,
  COUNTERSIGN_REDIS_URL: undefined,
  COUNTERSIGN_REDIS_PREFIX: redisPrefix,
  COUNTERSIGN_RATE_LIMITS: (_env, mode) => JSON.stringify({ ...defaultRateLimits, ...(mode === 'dev' && devLimits) }),
  COUNTERSIGN_DANGEROUSLY_DISABLE_RATE_LIMITS: 'false',
  VAULT_ADDR: undefined,
  VAULT_NAMESPACE: undefined,
  VAULT_CACERT: undefined,
  VAULT_TOKEN: undefined,
  COUNTERSIGN_VAULT_KUBERNETES_ROLE: undefined,
  COUNTERSIGN_VAULT_KUBERNETES_TOKEN_FILE: undefined,
  COUNTERSIGN_VAULT_APPROLE_ROLE_ID: undefined,
  COUNTERSIGN_VAULT_APPROLE_SECRET_ID: undefined,
  COUNTERSIGN_VAULT_AUTH_MOUNT: undefined,
  COUNTERSIGN_VAULT_ALLOW_INSECURE_HTTP: 'false',
}

/** Tells the default of a setting, or nothing. */
export function defaultOf(name: string, env: Environment, mode: RunMode): string | undefined {
  const value = Object.hasOwn(defaults, name) ? defaults[name] : undefined
  return typeof value === 'function' ? value(env, mode) : value
}

function redisPrefix({ COUNTERSIGN_REDIS_URL = '' }: Environment): string {
  const location = parseRedisLocation(COUNTERSIGN_REDIS_URL)
  return defaultPrefix[typeof location === 'string' ? 'single' : location.kind]
}

function cookieSessionIdleLifetime({ COUNTERSIGN_SESSION_LIFETIME }: Environment): string {
  try {
    return COUNTERSIGN_SESSION_LIFETIME && parseLifetime(COUNTERSIGN_SESSION_LIFETIME) < 1800
      ? COUNTERSIGN_SESSION_LIFETIME
      : '30m'
  } catch {
    return '30m'
  }
}
