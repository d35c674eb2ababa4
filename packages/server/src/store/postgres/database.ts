/**
 * Connections to one PostgreSQL database. Each transition is one call of a function in the database, so nothing here begins or commits.
 *
 * A database that is away fails each call within `timeout`, and so does one that answers too late. It ends a statement itself a little
 * earlier (`statement_timeout`), counted from when it reads it: one that stands still, or that the network brings late, reads and does
 * later what has failed here. So **whether what has failed has happened is unknown**, as it is when a connection breaks: the caller is told that the
 * store is away, and its client tries again. What gives trust or cannot be taken back has a deadline of its own (`runInTime`, and a
 * refresh); all else may come late without harm, and may be repeated (docs/decisions/0020). A deadlock, which ends one of the two, is tried again, and so is a
 * statement that was prepared before a step of the schema.
 */
import { setTimeout } from 'node:timers/promises'
import { DatabaseError, Pool, type PoolConfig, type QueryConfig, type QueryResultRow } from 'pg'
import type { Row } from '../rows.ts'
import { StoreUnavailableError } from '../store.ts'
import { type Call, reads } from './calls.ts'
import { createDatabaseClock } from './database-clock.ts'
import { openReadingConnection } from './reading-connection.ts'

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string
  /** Connections at most; one of them is for reading, if there are others. @default 10 */
  readonly maxConnections?: number
  /** How long a call may take, milliseconds; below the refresh time-out. @default 5000 */
  readonly timeout?: number
  /** For tests: sets the clock of the connections, epoch milliseconds. @default the database's own clock */
  readonly now?: () => number
}

export interface Database {
  /** Makes one call and reads its rows. @throws StoreUnavailableError when the database is away or refuses; whether anything has changed nobody knows then. */
  run<Row extends QueryResultRow>(call: Call, values?: readonly unknown[]): Promise<Row[]>
  /**
   * Makes one call of an act that is not begun once its caller has given up, and reads its `answer`.
   * @throws StoreUnavailableError also when it came too late
   */
  runInTime<Answer>(call: Call, values: readonly unknown[]): Promise<Answer>
  /** Reads a few rows, which is over in a moment and waits for nobody. @throws StoreUnavailableError when the database is away. */
  read(call: Call, values?: readonly unknown[]): Promise<Row[]>
  /** Tells what the database's clock reads now, without asking it. */
  estimateNow(): number
  connections(): { readonly total: number; readonly idle: number; readonly waiting: number }
  close(): Promise<void>
}

/**
 * Besides whatever ends a connection, SQLSTATE classes of the machine's trouble: connection, resources, operator intervention, system,
 * read-only, a statement that could not be prepared, a deadlock that lasts.
 */
const machineTrouble = /^(08|53|57|58|25006|26000|55P03|40P01|40001|XX)/
const deadlocks = new Set(['40P01', '40001'])

/** When so many reads wait on the one connection, something holds it up, or it has too much to do: more take the others. */
const longestLine = 100

/** How long the time may not have been heard of, milliseconds, before a call has it asked for as well: a clock that was set is soon followed. */
const timeLifetime = 1000

/** At a start the time is asked for until it is known as well as this, milliseconds: the first question waits for the connection too. */
const wellKnown = 100

/**
 * How a connection has to be, whatever the database or the role has by default. What is read after a lock is of after that lock; and
 * a name without a schema is PostgreSQL's own, though others may make functions and operators of that name in `public`.
 */
const pinned = '-c default_transaction_isolation=read\\ committed -c search_path=pg_catalog'

/** Adds to a URL how its connections have to be. @param more settings beside those that all have */
export function pinSettings(url: string, more = ''): string {
  const [place, query] = url.split('?', 2)
  const parameters = new URLSearchParams(query)
  parameters.set('options', [parameters.get('options') ?? '', pinned, more].join(' ').trim())
  return `${place}?${parameters}`
}

export function openDatabase({ url, maxConnections = 10, timeout = 5000, now }: PostgresStoreOptions): Database {
  const config: PoolConfig = {
    connectionString: pinSettings(url),
    max: Math.max(1, maxConnections - 1),
    connectionTimeoutMillis: timeout,
    statement_timeout: timeout - 500,
    query_timeout: timeout,
    idle_in_transaction_session_timeout: timeout,
    keepAlive: true,
    application_name: 'countersign',
  }
  const pool = new Pool(config)
  const reading = openReadingConnection(config)
  // A connection that breaks while nobody uses it is replaced; without a listener it would end the process.
  pool.on('error', () => {})
  const clock = createDatabaseClock()
  const estimateNow = now ?? clock.read
  let asking: Promise<void> | undefined
  let isClosed = false

  async function run<Row extends QueryResultRow>(call: Call, values: readonly unknown[] = []): Promise<Row[]> {
    return attempt(() => runInPool<Row>(queryOf(call, values)))
  }

  async function runInTime<Answer>(call: Call, values: readonly unknown[]): Promise<Answer> {
    const giveUpAt = performance.now() + timeout
    for (let attempt = 1; ; attempt++) {
      const deadline = Math.floor(estimateNow() + giveUpAt - performance.now())
      const [row] = await run<{ answer: Answer | null }>(call, [...values, deadline])
      if (row !== undefined && row.answer !== null) return row.answer
      if (attempt > 1 || performance.now() > giveUpAt)
        throw new StoreUnavailableError('PostgreSQL: the call came too late, and nothing has changed')
      // Too late, says the database, and it is not: its clock was set.
      await askForTime()
    }
  }

  async function read(call: Call, values: readonly unknown[] = []): Promise<Row[]> {
    const query = queryOf(call, values)
    return (await attempt(() => ask(query))).map(({ row }) => row)
  }

  async function attempt<Result>(ask: () => Promise<Result>): Promise<Result> {
    if (isClosed) throw new StoreUnavailableError('the store is closed')
    for (let attempt = 1; ; attempt++) {
      try {
        if (clock.uncertainty() === Number.POSITIVE_INFINITY) await askForTime()
        else if (clock.age() > timeLifetime) void askForTime().catch(() => {})
        return await ask()
      } catch (error) {
        if (isOutdated(error) && attempt <= maxConnections) continue
        if (isUnprepared(error) && attempt === 1) continue
        if (!isDeadlock(error) || attempt >= 5) throw unavailable(error) ?? error
        await setTimeout(Math.random() * 20 * attempt)
      }
    }
  }

  function ask(query: QueryConfig): Promise<{ row: Row }[]> {
    const isBeside = maxConnections > 1 && reading.waiting() < longestLine
    return isBeside ? heard(() => reading.ask(...testClock(), query)) : runInPool(query)
  }

  function runInPool<Row extends QueryResultRow>(query: QueryConfig): Promise<Row[]> {
    return heard(() => askInPool<Row>(query))
  }

  /** Learns the time from an answer that has it. What was waited for before the question left only makes it worth less. */
  async function heard<Row extends QueryResultRow>(ask: () => Promise<Row[]>): Promise<Row[]> {
    const askedAt = performance.now()
    const rows = await ask()
    const [first] = rows
    const time = (first?.row ?? first?.rotation ?? first?.answer ?? first)?.now
    if (time !== undefined && time !== null) clock.learn(Number(time), askedAt, performance.now())
    return rows
  }

  async function askInPool<Row extends QueryResultRow>(query: QueryConfig): Promise<Row[]> {
    if (now === undefined) return (await pool.query<Row>(query)).rows
    const client = await pool.connect()
    try {
      for (const setting of testClock()) await client.query(setting)
      return (await client.query<Row>(query)).rows
    } finally {
      client.release()
    }
  }

  function testClock(): readonly QueryConfig[] {
    const text = "SELECT set_config('countersign.test_clock', $1, false)"
    return now === undefined ? [] : [{ text, values: [String(now())] }]
  }

  /** One question for all who need the time. */
  function askForTime(): Promise<void> {
    asking ??= learnTime().finally(() => {
      asking = undefined
    })
    return asking
  }

  async function learnTime(): Promise<void> {
    for (let time = 0; time < 3 && (time === 0 || clock.uncertainty() > wellKnown); time++)
      await ask(queryOf(reads.now, []))
  }

  return {
    ...{ run, runInTime, read, estimateNow },
    connections() {
      const [total, idle] = [Number(reading.isOpen()), Number(reading.isOpen() && reading.waiting() === 0)]
      return { total: pool.totalCount + total, idle: pool.idleCount + idle, waiting: pool.waitingCount }
    },
    async close() {
      if (isClosed) return
      isClosed = true
      await Promise.all([pool.end(), reading.close()])
    },
  }
}

function isDeadlock(error: unknown): boolean {
  return error instanceof DatabaseError && deadlocks.has(error.code ?? '')
}

/** A step has added a column to what a statement reads that was prepared before. Nothing has happened, and the pool has ended that connection. */
function isOutdated(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '0A000' && error.routine === 'RevalidateCachedQuery'
}

/** A read that came right before was to prepare the statement, and failed for a reason of its own. */
function isUnprepared(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '26000'
}

function queryOf({ name, text }: Call, values: readonly unknown[]): QueryConfig {
  return { name, text, values: [...values] }
}

function unavailable(error: unknown): StoreUnavailableError | undefined {
  if (error instanceof DatabaseError) {
    const isTrouble = error.severity === 'FATAL' || machineTrouble.test(error.code ?? '')
    return isTrouble ? new StoreUnavailableError(`PostgreSQL: ${error.message}`, { cause: error }) : undefined
  }
  // Everything else comes from the connection: refused, broken, timed out.
  return error instanceof Error
    ? new StoreUnavailableError(`PostgreSQL: ${error.message}`, { cause: error })
    : undefined
}
