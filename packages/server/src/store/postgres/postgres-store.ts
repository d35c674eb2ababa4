/** The PostgreSQL store: many servers may use one database. Its clock is the database's, and every transition is one round trip. */
import type { Store } from '../store.ts'
import { accountsIn } from './accounts.ts'
import { reads } from './calls.ts'
import { clientsIn } from './clients.ts'
import { openDatabase, type PostgresStoreOptions } from './database.ts'
import { keysIn } from './keys.ts'
import { revocationsIn } from './revocations.ts'
import { sessionsIn } from './sessions.ts'

/**
 * Opens a database that has the present schema (`migratePostgres`). Connects at the first call.
 */
export function openPostgresStore(options: PostgresStoreOptions): Store {
  const database = openDatabase(options)
  return {
    ...accountsIn(database),
    ...sessionsIn(database),
    ...keysIn(database),
    ...clientsIn(database),
    ...revocationsIn(database),
    async now() {
      const [row] = await database.read(reads.now)
      return Number(row?.now)
    },
    async isWritable() {
      const [row] = await database.read(reads.isWritable)
      return row?.is_writable === true
    },
    estimateNow: database.estimateNow,
    connections: database.connections,
    close: database.close,
  }
}
