/** Moves an installation from the embedded database to PostgreSQL. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type CopiedRows, copyToPostgres } from '../store/copy-to-postgres.ts'
import { parseDatabaseLocation } from '../store/database-location.ts'
import { migratePostgres } from '../store/postgres/migrations.ts'
import { UnusableDatabaseError } from '../store/sqlite/migrations.ts'

/**
 * Brings a PostgreSQL database to the present schema and copies everything into it. The SQLite file stays as it is; no server may be
 * started on it again.
 *
 * @param from `sqlite:<path>`
 * @param to `postgres://…`, of an empty database
 * @throws TypeError for anything else; UnusableDatabaseError that says which of the two cannot be used, and why
 */
export async function copyInstallation(from: string, to: string): Promise<CopiedRows> {
  const [source, target] = [parseDatabaseLocation(from), parseDatabaseLocation(to)]
  if (source?.kind !== 'sqlite') throw new TypeError('--from must be sqlite:<path>: a small installation moves up.')
  if (target?.kind !== 'postgres') throw new TypeError('--to must be postgres://…: a small installation moves up.')
  if (!existsSync(source.path)) throw new UnusableDatabaseError(`There is no database ${source.path}.`)
  await migratePostgres(target.url)
  return copyToPostgres(source.path, target.url, randomBytes(12).toString('base64url'))
}
