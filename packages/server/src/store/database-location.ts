/** Where the data is: a file of the embedded database, or a PostgreSQL database, whose driver is loaded by those who have one. */
import { resolve } from 'node:path'
import type { MigrationOptions } from './postgres/migrations.ts'
import { assertUsable, UnusableDatabaseError } from './sqlite/migrations.ts'
import { openSqliteStore } from './sqlite/sqlite-store.ts'
import type { Store } from './store.ts'

export type DatabaseLocation =
  | { readonly kind: 'sqlite'; readonly path: string }
  /** The URL may hold a password. */
  | { readonly kind: 'postgres'; readonly url: string; readonly maxConnections?: number }

/** Reads `sqlite:<path>` or `postgres://…`; `undefined` for anything else. */
export function parseDatabaseLocation(url: string): DatabaseLocation | undefined {
  const path = /^sqlite:(.+)$/s.exec(url)?.[1]
  if (path !== undefined) return { kind: 'sqlite', path: resolve(path) }
  return /^postgres(ql)?:\/\//.test(url) && URL.canParse(url) ? { kind: 'postgres', url } : undefined
}

/** Names a database in a message, without its password. */
export function describeDatabase(location: DatabaseLocation): string {
  if (location.kind === 'sqlite') return location.path
  const { protocol, host, pathname } = new URL(location.url)
  return `${protocol}//${host}${pathname}`
}

/**
 * Opens the database. An embedded one is brought to the present schema; PostgreSQL only if `migrates`, as others may be using it.
 * @throws UnusableDatabaseError that says what to do when it is not one of this version
 */
export async function openStore(
  location: DatabaseLocation,
  { migrates = false, ...options }: { readonly migrates?: boolean } & MigrationOptions = {},
): Promise<Store> {
  try {
    if (location.kind === 'sqlite') {
      assertUsable(location.path)
      return openSqliteStore({ path: location.path })
    }
    if (migrates) await (await import('./postgres/migrations.ts')).migratePostgres(location.url, options)
    await assertMigrated(location.url)
    const { openPostgresStore } = await import('./postgres/postgres-store.ts')
    return openPostgresStore(location)
  } catch (error) {
    if (error instanceof UnusableDatabaseError) throw error
    const mend = location.kind === 'sqlite' ? 'to a file that can' : 'to a database that answers'
    throw new UnusableDatabaseError(
      `The database ${describeDatabase(location)} cannot be opened: ${(error as Error).message}. Set COUNTERSIGN_DATABASE_URL ${mend}.`,
    )
  }
}

async function assertMigrated(url: string): Promise<void> {
  const { readMigrationStatus } = await import('./postgres/migrations.ts')
  const { missing } = await readMigrationStatus(url)
  if (missing.length === 0) return
  throw new UnusableDatabaseError(
    `The database ${describeDatabase({ kind: 'postgres', url })} lacks what this version needs (${missing.join(', ')}). Run: countersign migrate`,
  )
}
