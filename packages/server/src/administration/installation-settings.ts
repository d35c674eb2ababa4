/** What a command that opens an installation reads of the settings: no more than it needs, as the rest may be away. */
import { resolve } from 'node:path'
import { resolveSecrets } from '../secrets/resolve-secrets.ts'
import {
  checkOptions,
  createReader,
  type Environment,
  readDatabase,
  withoutUndefined,
} from '../settings/environment.ts'
import { readKeySchedule } from '../settings/key-settings.ts'
import { assertNoProblems } from '../settings/settings-error.ts'
import type { DatabaseLocation } from '../store/database-location.ts'
import type { KeySchedule } from '../tokens/keys.ts'

/** What an operator's command needs to know of an installation. */
interface InstallationSettings {
  readonly dataDir: string
  readonly database: DatabaseLocation
  readonly keySchedule: KeySchedule
  /** Whether tokens are signed with a secret that verifiers share, and with none of the keys. */
  readonly usesSharedSecret: boolean
}

/** Reads where an installation keeps its data, and nothing of how it serves. @throws SettingsError that lists every problem. */
export async function readInstallation(env: Environment): Promise<InstallationSettings> {
  const { env: resolved, problems: unresolved } = await resolveSecrets(env, ['COUNTERSIGN_DATABASE_URL'])
  const problems: string[] = []
  const read = createReader(resolved)
  const dataDir = resolve(read('COUNTERSIGN_DATA_DIR') ?? '.countersign')
  const database = readDatabase(read, dataDir, problems)
  const schedule = withoutUndefined({
    keyRotationPeriod: read('COUNTERSIGN_KEY_ROTATION_PERIOD'),
    keyPublishAhead: read('COUNTERSIGN_KEY_PUBLISH_AHEAD'),
    jwksMaxAge: read('COUNTERSIGN_JWKS_MAX_AGE'),
  })
  problems.push(...checkOptions(schedule, 0))
  assertNoProblems(unresolved, problems)
  const usesSharedSecret = read('COUNTERSIGN_SIGNING_ALG')?.startsWith('HS') ?? false
  return { dataDir, database, keySchedule: readKeySchedule(schedule, () => {}), usesSharedSecret }
}

interface MasterKeys {
  readonly masterKey?: string
  readonly previousMasterKey?: string
}

/**
 * Finds the master keys that the environment names. Asked for when they are needed: whoever revokes does not need them, and has to be
 * able to while the place where they are kept is away.
 * @throws SettingsError when one cannot be had, or is none
 */
export async function findMasterKeys(env: Environment): Promise<MasterKeys> {
  const { env: resolved, problems: unresolved } = await resolveSecrets(env, [
    'COUNTERSIGN_MASTER_KEY',
    'COUNTERSIGN_PREVIOUS_MASTER_KEY',
  ])
  const read = createReader(resolved)
  const keys = withoutUndefined({
    masterKey: read('COUNTERSIGN_MASTER_KEY'),
    previousMasterKey: read('COUNTERSIGN_PREVIOUS_MASTER_KEY'),
  })
  assertNoProblems(unresolved, checkOptions(keys, 0))
  return keys as MasterKeys
}
