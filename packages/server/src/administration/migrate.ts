/** Brings the database of an installation to the schema of this version, or tells what that would take. */
import { dirname } from 'node:path'
import { prepareDataFolder } from '../data-folder.ts'
import type { Environment } from '../settings/environment.ts'
import { type DatabaseLocation, describeDatabase } from '../store/database-location.ts'
import {
  type MigrationOptions,
  type MigrationStatus,
  migratePostgres,
  readMigrationStatus,
} from '../store/postgres/migrations.ts'
import { UnusableDatabaseError } from '../store/sqlite/migrations.ts'
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts'
import { readInstallation } from './installation-settings.ts'

/**
 * Takes the steps that the database lacks, and answers with their titles. An embedded database takes its own at every start, and is made here as there.
 * @throws DataFolderError when the folder cannot be made
 * @throws UnusableDatabaseError for a schema on which this version does not run, or a database that does not answer
 */
export async function migrateInstallation(
  env: Environment,
  options: MigrationOptions = {},
): Promise<readonly string[]> {
  const { database, dataDir } = await readInstallation(env)
  if (database.kind === 'postgres') {
    const end = 'Steps that were taken stay taken: once it can be used, run countersign migrate again'
    return migratePostgres(database.url, options).catch((error) => fail(error, database, end))
  }
  if (dirname(database.path) === dataDir) prepareDataFolder(dataDir)
  await openSqliteStore({ path: database.path }).close()
  return []
}

/**
 * Tells which steps the database has had and which it lacks; `undefined` for an embedded one, which takes them at its start.
 * @throws as `migrateInstallation`
 */
export async function readInstallationStatus(env: Environment): Promise<MigrationStatus | undefined> {
  const { database } = await readInstallation(env)
  if (database.kind !== 'postgres') return undefined
  return readMigrationStatus(database.url).catch((error) => fail(error, database, 'Nothing has changed'))
}

function fail(error: Error, database: DatabaseLocation, end: string): never {
  if (error instanceof UnusableDatabaseError) throw error
  throw new UnusableDatabaseError(
    `The database ${describeDatabase(database)} could not be used: ${error.message}. ${end}.`,
  )
}
