/** Brings the database of an installation to the schema of this version, or tells what that would take. */
import type { Environment } from '../settings/environment.ts'
import { type MigrationStatus, migratePostgres, readMigrationStatus } from '../store/postgres/migrations.ts'
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts'
import { readInstallation } from './installation-settings.ts'

/**
 * Takes the steps that the database lacks, and answers with their titles. An embedded database takes its own at every start.
 * @throws UnusableDatabaseError for a newer schema than this version knows
 */
export async function migrateInstallation(env: Environment): Promise<readonly string[]> {
  const { database } = await readInstallation(env)
  if (database.kind === 'postgres') return migratePostgres(database.url)
  await openSqliteStore({ path: database.path }).close()
  return []
}

/** Tells which steps a database has had and which it lacks; `undefined` for an embedded one, which takes them at its start. */
export async function readInstallationStatus(env: Environment): Promise<MigrationStatus | undefined> {
  const { database } = await readInstallation(env)
  return database.kind === 'postgres' ? readMigrationStatus(database.url) : undefined
}
