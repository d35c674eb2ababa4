/**
 * One SQLite file and its write lock: node:sqlite in WAL mode with synchronous=FULL, so that what was acknowledged is on the disk.
 *
 * What asks for the lock in one turn of the event loop shares it, and one commit: each transition is a savepoint of its own, and is
 * answered once all are on the disk. Nothing is awaited from BEGIN IMMEDIATE to COMMIT. A transition that throws takes back itself and no other; a full disk or a
 * failed write takes back all, and each fails by name. Another process may use the same file; a writer waits for its turn at most `busyTimeout`, without
 * holding up other requests, then it fails.
 */
import { DatabaseSync } from 'node:sqlite'
import { StoreUnavailableError } from '../store.ts'
import { assertUsable, migrate, movedAway, UnusableDatabaseError } from './migrations.ts'
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
  /** Tells whether the machine took what was written last; the feed writes its tick every few seconds. @throws when the file cannot be read */
  isWritable(): boolean
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

  const queue = createQueue(database, sql, now, busyTimeout)

  function transaction<Result>(transition: (now: number) => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      queue.add({ run: (now) => transition(now), resolve: resolve as (result: unknown) => void, reject })
    })
  }

  function isWritable(): boolean {
    sql.ping.get()
    return !queue.hasFailedToWrite()
  }

  const close = () => {
    if (database.isOpen) database.close()
  }
  return { sql, now, transaction, isWritable, close }
}

/** A transition that waits for the lock. */
interface Waiting {
  run(now: number): unknown
  resolve(result: unknown): void
  reject(error: unknown): void
}

interface Queued extends Waiting {
  readonly giveUpAt: number
}

/** At most so many share a commit, so that other requests get a turn. */
const mostTogether = 100

function createQueue(database: DatabaseSync, sql: Statements, now: () => number, busyTimeout: number) {
  let waiting: Queued[] = []
  let isScheduled = false
  let hasFailedToWrite = false

  function schedule(delay: number): void {
    if (isScheduled) return
    isScheduled = true
    if (delay === 0) setImmediate(turn)
    else setTimeout(turn, delay)
  }

  function turn(): void {
    isScheduled = false
    const group = waiting.slice(0, mostTogether)
    waiting = waiting.slice(mostTogether)
    try {
      commitTogether(group)
    } catch (error) {
      hasFailedToWrite ||= writeErrors.has(primaryCodeOf(error))
      const isAgain = database.isOpen && isBusy(error)
      const later = group.filter(({ giveUpAt }) => isAgain && performance.now() <= giveUpAt)
      for (const { reject } of group.filter((one) => !later.includes(one))) reject(describeFailure(error))
      waiting = [...later, ...waiting]
      if (waiting.length > 0) schedule(5 + Math.random() * 20)
      return
    }
    if (waiting.length > 0) schedule(0)
  }

  function describeFailure(error: unknown): unknown {
    if (!database.isOpen) return new StoreUnavailableError('the store is closed', { cause: error })
    return unavailable(error) ?? error
  }

  /** @throws what took back all of them */
  function commitTogether(group: readonly Queued[]): void {
    sql.begin.run()
    try {
      const before = hasFailedToWrite && countChanges()
      const answers = group.map(group.length === 1 ? runAlone : attempt)
      const hasWritten = before !== false && countChanges() > before
      sql.commit.run()
      if (hasWritten) hasFailedToWrite = false
      for (const answer of answers) answer()
    } catch (error) {
      if (database.isOpen && database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
  }

  const countChanges = () => Number(sql.countChanges.get()?.count)

  /** Without a savepoint: what it throws takes back all, and it is all. */
  function runAlone({ run, resolve }: Queued): () => void {
    const result = run(now())
    return () => resolve(result)
  }

  /** @returns what to do once all is on the disk */
  function attempt({ run, resolve, reject }: Queued): () => void {
    sql.savepoint.run()
    try {
      const result = run(now())
      sql.release.run()
      return () => resolve(result)
    } catch (error) {
      if (!database.isTransaction || unavailable(error) !== undefined) throw error
      sql.rollbackToSavepoint.run()
      sql.release.run()
      return () => reject(error)
    }
  }

  return {
    add(one: Waiting) {
      waiting.push({ ...one, giveUpAt: performance.now() + busyTimeout })
      schedule(0)
    },
    hasFailedToWrite: () => hasFailedToWrite,
  }
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
  return primaryCodeOf(error) === 5
}

/** The code of what SQLite says, without its details; NaN for what others say. */
function primaryCodeOf(error: unknown): number {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) % 256 : Number.NaN
}

/** SQLITE_BUSY, _LOCKED, _NOMEM, _READONLY, _IOERR, _FULL, _CANTOPEN: the machine's trouble, not the caller's. */
const machineErrors = new Set([5, 6, 7, 8, 10, 13, 14])

/** Those of a file that cannot be written: SQLITE_READONLY, _IOERR, _FULL, _CANTOPEN. */
const writeErrors = new Set([8, 10, 13, 14])

/** Gives what the caller cannot help its name; `undefined` for anything else. */
export function unavailable(error: unknown): StoreUnavailableError | undefined {
  if (!(error instanceof Error && 'errcode' in error)) return undefined
  // Its tables go away under a server that runs only when they are moved.
  if (/^no such table/.test(error.message))
    return new StoreUnavailableError(`SQLite: the file ${movedAway}`, { cause: error })
  return machineErrors.has(primaryCodeOf(error))
    ? new StoreUnavailableError(`SQLite: ${error.message}`, { cause: error })
    : undefined
}
