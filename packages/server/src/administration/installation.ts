/** An installation as an operator's command finds it: the database, which the server may be using, and the master key. Makes neither. */
import { existsSync } from 'node:fs'
import { exportPublicJwk, exportPublicPem, type PublicJwk } from '@countersign/token'
import { assertMasterKeyKept, readMasterKey } from '../data-folder.ts'
import { type Environment, readInstallation } from '../environment.ts'
import { openStore } from '../store/database-location.ts'
import { UnusableDatabaseError } from '../store/sqlite/migrations.ts'
import type { Store } from '../store/store.ts'
import { openKeys } from '../tokens/keys.ts'
import { createSeal } from '../tokens/seal.ts'

/** The public half of a signing key in both of its forms. */
interface PublicKey {
  readonly jwk: PublicJwk
  readonly pem: string
}

interface Installation {
  readonly store: Store
  /** Opens the signing keys that are in use, and gives their public halves. @throws Error when the master key does not fit */
  exportPublicKeys(): Promise<readonly PublicKey[]>
}

/**
 * Opens the database that the environment names. The master key is looked for when it is needed.
 *
 * @throws SettingsError that lists every setting that cannot be used
 * @throws UnusableDatabaseError when there is no database, or none of this version of Countersign
 */
export async function openInstallation(env: Environment): Promise<Installation> {
  const { dataDir, database, masterKey } = readInstallation(env)
  if (database.kind === 'sqlite' && !existsSync(database.path)) {
    throw new UnusableDatabaseError(
      `There is no database ${database.path}. Start the server once, or set COUNTERSIGN_DATA_DIR or COUNTERSIGN_DATABASE_URL as it has them.`,
    )
  }
  const store = await openStore(database)

  function findMasterKey(): string {
    if (masterKey !== undefined) return masterKey
    assertMasterKeyKept(dataDir, database)
    return readMasterKey(dataDir)
  }

  async function exportPublicKeys(): Promise<readonly PublicKey[]> {
    const seal = createSeal(new Uint8Array(Buffer.from(findMasterKey(), 'base64url')))
    const keys = await openKeys(store, seal)
    return keys.map((key) => ({ jwk: exportPublicJwk(key), pem: exportPublicPem(key) }))
  }

  return { store, exportPublicKeys }
}
