/**
 * The embedded store. SQLite allows one writer, and nothing is awaited inside a transaction; the methods are asynchronous only
 * because the interface is.
 *
 * If the clock is set back, rows lie in the future: a session then holds its token until time has caught up, and nobody is
 * signed out. If it is set forward, sessions age by as much as the clock says.
 */
import type { Store } from '../store.ts'
import { accountsIn } from './accounts.ts'
import { clientsIn } from './clients.ts'
import { openDatabase, type SqliteStoreOptions, unavailable } from './database.ts'
import { keysIn } from './keys.ts'
import { revocationsIn } from './revocations.ts'
import { sessionsIn } from './sessions.ts'

/**
 * Opens the embedded store and brings its schema up to date.
 * @throws UnusableDatabaseError when the file is another program's or a newer version's; it is then left as it was.
 */
export function openSqliteStore(options: SqliteStoreOptions): Store {
  const database = openDatabase(options)
  return failingByName({
    ...accountsIn(database),
    ...sessionsIn(database),
    ...keysIn(database),
    ...clientsIn(database),
    ...revocationsIn(database),
    async now() {
      database.sql.ping.get()
      return database.now()
    },
    async isWritable() {
      return database.isWritable()
    },
    estimateNow: database.now,
    async close() {
      database.close()
    },
  })
}

/** Reads outside a transition fail by name as well. */
function failingByName(store: Store): Store {
  const calls = Object.entries(store).map(([name, call]) => [
    name,
    name === 'estimateNow' ? call : (...values: unknown[]) => call(...values).catch(fail),
  ])
  return Object.fromEntries(calls) as Store
}

function fail(error: unknown): never {
  throw unavailable(error) ?? error
}
