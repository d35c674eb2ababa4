/**
 * One SQLite file and its write lock: node:sqlite in WAL mode with synchronous=FULL, so that what was acknowledged is on the disk.
 *
 * A transition runs from BEGIN IMMEDIATE to COMMIT without awaiting anything. Another process may use the same file; a writer
 * waits for it at most `busyTimeout`, then the call fails. A full disk or a failed write rolls back and fails in the same way.
 */
import { DatabaseSync } from 'node:sqlite'
import { StoreUnavailableError } from '../store.ts'
import { assertUsable, migrate } from './migrations.ts'
import { prepareStatements, type Statements } from './statements.ts'

export interface SqliteStoreOptions {
  /** Path of the database file, made when missing; its folder must exist. `:memory:` keeps everything in memory. */
  readonly path: string
  /** The clock, epoch milliseconds. @default Date.now */
  readonly now?: () => number
  /** How long a transition waits for another process's, milliseconds. @default 2000 */
  readonly busyTimeout?: number
}

export interface Database {
  readonly sql: Statements
  /** Epoch milliseconds. */
  readonly now: () => number
  /**
   * Runs one transition under the write lock, with the time that holds once the lock is held.
   * @throws StoreUnavailableError when the machine refuses; nothing has changed then.
   */
  transaction<Result>(transition: (now: number) => Result): Result
  close(): void
}

/** @throws UnusableDatabaseError when the file is another program's or a newer version's; it is then left as it was. */
export function openDatabase({ path, now = Date.now, busyTimeout = 2000 }: SqliteStoreOptions): Database {
  assertUsable(path)
  const database = new DatabaseSync(path, { timeout: busyTimeout, enableForeignKeyConstraints: true })
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    migrate(database)
  } catch (error) {
    database.close()
    throw error
  }

  const sql = prepareStatements(database)

  function transaction<Result>(transition: (now: number) => Result): Result {
    try {
      sql.begin.run()
      const result = transition(now())
      sql.commit.run()
      return result
    } catch (error) {
      if (database.isOpen && database.isTransaction) database.exec('ROLLBACK')
      throw unavailable(error) ?? error
    }
  }

  const close = () => {
    if (database.isOpen) database.close()
  }
  return { sql, now, transaction, close }
}

/** SQLITE_BUSY, _LOCKED, _NOMEM, _READONLY, _IOERR, _FULL, _CANTOPEN: the machine's trouble, not the caller's. */
const machineErrors = new Set([5, 6, 7, 8, 10, 13, 14])

function unavailable(error: unknown): StoreUnavailableError | undefined {
  if (!(error instanceof Error && 'errcode' in error)) return undefined
  const primaryCode = Number(error.errcode) % 256
  return machineErrors.has(primaryCode)
    ? new StoreUnavailableError(`SQLite: ${error.message}`, { cause: error })
    : undefined
}
