/** The settings as the server would use them, and where each comes from. No secret among them. */

import { parseRedisLocation } from '../cache/redis-location.ts'
import type { ResolvedEnvironment } from '../secrets/resolve-secrets.ts'
import { showPath } from '../secrets/secret-file.ts'
import {
  type Environment,
  findIneffective,
  isSecretSetting,
  type RunMode,
  readEnvironment,
  resolveEnvironment,
  settingNames,
} from '../settings/environment.ts'
import { SettingsError } from '../settings/settings-error.ts'
import { parseDatabaseLocation } from '../store/database-location.ts'
import { defaultOf } from './setting-defaults.ts'

/** One setting. */
export interface DescribedSetting {
  readonly name: string
  /** What it is; `undefined` when it is not set, or is a secret. An address is without user name, password and query. */
  readonly value: string | undefined
  readonly isSet: boolean
  readonly from: 'environment' | 'file' | 'reference' | 'default'
  /** The path of the file, if there is one, or the reference. */
  readonly at: string | undefined
}

/** What `describeConfiguration` finds. */
export interface Configuration {
  readonly settings: readonly DescribedSetting[]
  /** Sentences about names that have no effect. */
  readonly warnings: readonly string[]
  /** Why the server would not start with them. */
  readonly refusal: SettingsError | undefined
}

/** Describes what `dev` or `start` would do with an environment. References are followed, as at a start. */
export async function describeConfiguration(env: Environment, mode: RunMode): Promise<Configuration> {
  const resolved = await resolveEnvironment(env)
  const settings = settingNames.map((name) => describeSetting(name, env, resolved, mode))
  try {
    return { settings, warnings: readEnvironment(resolved, mode).warnings, refusal: undefined }
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    return { settings, warnings: findIneffective(env), refusal: error }
  }
}

function describeSetting(
  name: string,
  env: Environment,
  { env: values, origins }: ResolvedEnvironment,
  mode: RunMode,
): DescribedSetting {
  const path = isSecretSetting(name) ? env[`${name}_FILE`] : undefined
  const { from, at: place } = origins.get(name) ?? (path ? { from: 'file', at: path } : { from: 'environment' })
  const at = from === 'file' && place !== undefined ? showPath(place) : place
  if (origins.has(name) || path || values[name]) {
    const value = values[name] || undefined
    return { name, value: value && showValue(name, value), isSet: true, from, at }
  }
  const value = defaultOf(name, values, mode)
  return { name, value, isSet: value !== undefined, from: 'default', at: undefined }
}

/** Shows a value without what is secret in it. */
function showValue(name: string, value: string): string | undefined {
  if (name === 'COUNTERSIGN_DATABASE_URL') return showDatabase(value)
  if (name === 'COUNTERSIGN_REDIS_URL') return showRedis(value)
  if (isSecretSetting(name)) return undefined
  if (name.endsWith('_FILE')) return showPath(value)
  // Such an address is refused where it matters, and may be here all the same. Where the password ends cannot be told.
  return /:\/\/.*@/s.test(value) ? undefined : value
}

function showDatabase(text: string): string | undefined {
  const location = parseDatabaseLocation(text)
  return location?.kind === 'sqlite' ? `sqlite:${location.path}` : showAddress(text)
}

/** Shows the hosts and what follows them. In what can be read, nothing but the end of a password is an @. */
function showRedis(text: string): string | undefined {
  const isReadable = typeof parseRedisLocation(text) !== 'string'
  return isReadable ? text.replace(/\/\/[^@]*@/, '//').replace(/\?.*/, '') : undefined
}

/** Shows host and path. An @ behind those is what follows a password that was not encoded, and then nothing is shown. */
function showAddress(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const { protocol, host, pathname, search, hash } = new URL(text)
  return host === '' || `${pathname}${search}${hash}`.includes('@') ? undefined : `${protocol}//${host}${pathname}`
}
