/**
 * One SQLite file and its write lock: node:sqlite in WAL mode with synchronous=FULL, so that what was acknowledged is on the disk.
 *
 * A transition runs from BEGIN IMMEDIATE to COMMIT without awaiting anything. Another process may use the same file; a writer
 * waits for its turn at most `busyTimeout`, without holding up other requests, then the call fails. A full disk or a failed write rolls back and fails in the same way.
 */
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { StoreUnavailableError } from '../store.ts'
import { assertUsable, migrate, UnusableDatabaseError } from './migrations.ts'
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
  transaction<Result>(transition: (now: number) => Result): Promise<Result>
  close(): void
}

/** SQLite itself waits only while the file is being opened: its waiting holds the event loop. */
const openTimeout = 10

/** @throws UnusableDatabaseError when the file is another program's or a newer version's; it is then left as it was. */
export function openDatabase({ path, now = Date.now, busyTimeout = 2000 }: SqliteStoreOptions): Database {
  assertUsable(path)
  const database = openWhenFree(path, busyTimeout)
  database.exec('PRAGMA busy_timeout = 0')
  const sql = prepareStatements(database)

  async function transaction<Result>(transition: (now: number) => Result): Promise<Result> {
    const giveUpAt = performance.now() + busyTimeout
    for (;;) {
      try {
        return attempt(transition)
      } catch (error) {
        if (!database.isOpen) throw new StoreUnavailableError('the store is closed', { cause: error })
        if (!isBusy(error) || performance.now() > giveUpAt) throw unavailable(error) ?? error
        await setTimeout(5 + Math.random() * 20)
      }
    }
  }

  /** Nothing is awaited in here: another request of this process must not run inside this one's transaction. */
  function attempt<Result>(transition: (now: number) => Result): Result {
    sql.begin.run()
    try {
      const result = transition(now())
      sql.commit.run()
      return result
    } catch (error) {
      if (database.isOpen && database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
  }

  const close = () => {
    if (database.isOpen) database.close()
  }
  return { sql, now, transaction, close }
}

/** Opens the file and brings it to the present schema; another process that is doing the same is waited for. */
function openWhenFree(path: string, patience: number): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: openTimeout, enableForeignKeyConstraints: true })
  const giveUpAt = performance.now() + patience
  for (;;) {
    try {
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
      assertDurable(database)
      migrate(database)
      return database
    } catch (error) {
      if (!isBusy(error) || performance.now() > giveUpAt) {
        database.close()
        throw error
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    }
  }
}

/** A commit that is answered must be on the disk: 2 is FULL. A database in memory has no disk. */
function assertDurable(database: DatabaseSync): void {
  const journal = database.prepare('PRAGMA journal_mode').get()?.journal_mode
  const synchronous = database.prepare('PRAGMA synchronous').get()?.synchronous
  if (synchronous === 2 && (journal === 'wal' || journal === 'memory')) return
  throw new UnusableDatabaseError(
    `the file system cannot keep it durably (journal ${journal}, synchronous ${synchronous})`,
  )
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && Number(error.errcode) % 256 === 5
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
