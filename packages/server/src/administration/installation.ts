/** An installation as an operator's command finds it: the database, which the server may be using, and the master key. Makes neither. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { exportPublicJwk, exportPublicPem, type PublicJwk } from '@countersign/token'
import { assertMasterKeyKept, readMasterKey } from '../data-folder.ts'
import type { Environment } from '../settings/environment.ts'
import { openStore } from '../store/database-location.ts'
import type { KeyRotation, SigningKeyRecord } from '../store/key-store.ts'
import type { Act } from '../store/revocation-store.ts'
import { UnusableDatabaseError } from '../store/sqlite/migrations.ts'
import type { Store } from '../store/store.ts'
import { type KeyState, stateOf } from '../tokens/key-ring.ts'
import { openKeys, retentionOf, rotatePepper } from '../tokens/keys.ts'
import { createSeal, type Seal } from '../tokens/seal.ts'
import { findMasterKeys, readInstallation } from './installation-settings.ts'

/** The public half of a signing key in both of its forms. */
interface PublicKey {
  readonly jwk: PublicJwk
  readonly pem: string
}

/** A signing key, and what it is at this moment. */
interface DescribedKey extends SigningKeyRecord {
  readonly state: KeyState
}

interface Installation {
  readonly store: Store
  /** Lists every signing key that there has been, in the order in which they sign. */
  describeKeys(): Promise<readonly DescribedKey[]>
  /** Lets the pending signing key take over as soon as every cache has it, or at once. */
  rotateSigningKeys(atOnce: boolean, act: Act): Promise<KeyRotation>
  /** Whether tokens are signed with a secret that verifiers share, and with none of the keys. */
  readonly usesSharedSecret: boolean
  /**
   * Revokes every key, forgets every pepper and ends every session, when the master key is lost; not while a server runs, which would
   * make others with the lost one.
   */
  abandonKeys(act: Act): Promise<{ outcome: 'abandoned' | 'server_runs' }>
  /** Adds a pepper with which refresh tokens are made from now on. @throws Error when the master key does not fit */
  rotatePepper(act: Act): Promise<number | undefined>
  /** Opens the signing keys that are in use, and gives their public halves. @throws Error when the master key does not fit */
  exportPublicKeys(): Promise<readonly PublicKey[]>
}

/** A server that runs writes a tick at least every ten seconds. After this long without one there is none, milliseconds. */
const serverSilence = 15_000

/**
 * Opens the database that the environment names. The master key is looked for when it is needed.
 *
 * @throws SettingsError that lists every setting that cannot be used
 * @throws UnusableDatabaseError when there is no database, or none of this version of Countersign
 */
export async function openInstallation(env: Environment): Promise<Installation> {
  const { dataDir, database, keySchedule, usesSharedSecret } = await readInstallation(env)
  if (database.kind === 'sqlite' && !existsSync(database.path)) {
    throw new UnusableDatabaseError(
      `There is no database ${database.path}. Start the server once, or set COUNTERSIGN_DATA_DIR or COUNTERSIGN_DATABASE_URL as it has them.`,
    )
  }
  const store = await openStore(database)

  function readKeptMasterKey(): string {
    assertMasterKeyKept(dataDir, database)
    return readMasterKey(dataDir)
  }

  async function openSeal(): Promise<Seal> {
    const toBytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'))
    const { masterKey = readKeptMasterKey(), previousMasterKey } = await findMasterKeys(env)
    return createSeal(toBytes(masterKey), previousMasterKey === undefined ? undefined : toBytes(previousMasterKey))
  }

  return {
    ...{ store, usesSharedSecret },
    async abandonKeys(act) {
      const { tickAt } = await store.readHead()
      if ((await store.now()) - tickAt < serverSilence) return { outcome: 'server_runs' }
      await store.abandonKeys(act)
      return { outcome: 'abandoned' }
    },
    async exportPublicKeys() {
      const keys = await openKeys(store, await openSeal())
      return keys.map(({ key }) => ({ jwk: exportPublicJwk(key), pem: exportPublicPem(key) }))
    },
    async describeKeys() {
      const [now, { maxLifetime }] = [await store.now(), await store.readHead()]
      const retention = retentionOf(maxLifetime, keySchedule)
      return (await store.listSigningKeyRecords()).map((key) => ({ ...key, state: stateOf(key, now, retention) }))
    },
    rotateSigningKeys: (atOnce, act) => store.rotateSigningKeys(atOnce ? 0 : keySchedule.publishAhead, act),
    rotatePepper: async (act) => rotatePepper({ store, seal: await openSeal(), random: randomBytes }, act),
  }
}
