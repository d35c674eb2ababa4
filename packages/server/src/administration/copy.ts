/** Moves an installation from the embedded database to PostgreSQL. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type CopiedRows, type CopyOptions, copyToPostgres } from '../store/copy-to-postgres.ts'
import { describeDatabase, parseDatabaseLocation } from '../store/database-location.ts'
import { type MigrationOptions, migratePostgres } from '../store/postgres/migrations.ts'
import { assertUsable, UnusableDatabaseError } from '../store/sqlite/migrations.ts'

/**
 * Brings a PostgreSQL database to the present schema, copies everything into it, and marks the SQLite file as moved: no server or
 * command starts on it again, and one that runs answers 503.
 *
 * @param from `sqlite:<path>`
 * @param to `postgres://…`, of an empty database
 * @throws TypeError for anything else; UnusableDatabaseError that says which of the two cannot be used, and why
 */
export async function copyInstallation(
  from: string,
  to: string,
  options: CopyOptions & MigrationOptions = {},
): Promise<CopiedRows> {
  const [source, target] = [parseDatabaseLocation(from), parseDatabaseLocation(to)]
  if (source?.kind !== 'sqlite') throw new TypeError('--from must be sqlite:<path>: a small installation moves up.')
  if (target?.kind !== 'postgres') throw new TypeError('--to must be postgres://…: a small installation moves up.')
  if (!existsSync(source.path)) throw new UnusableDatabaseError(`There is no database ${source.path}.`)
  assertUsable(source.path)
  try {
    await migratePostgres(target.url, options)
    return await copyToPostgres(source.path, target.url, randomBytes(12).toString('base64url'), options)
  } catch (error) {
    if (error instanceof UnusableDatabaseError) throw error
    throw new UnusableDatabaseError(
      `Nothing was copied into ${describeDatabase(target)}: ${(error as Error).message}. The old database is as it was.`,
    )
  }
}
