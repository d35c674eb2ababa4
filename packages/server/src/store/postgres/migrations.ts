/**
 * Brings a PostgreSQL database to the present schema, in one transaction for each step, one process at a time. A server of the version
 * before goes on meanwhile: a step only adds, and what an older version uses goes away in a later release.
 *
 * One connection holds the turn, in a transaction that ends with it, and another takes the steps. Nothing is set or locked for a
 * connection, which may be a pooler's and go to others afterwards; and a transaction that holds a turn is in nobody's way.
 *
 * Tables are what their steps made of them, and a step is never edited once released. Functions hold nothing, so they are replaced
 * whenever their text is another. One whose parameters or answer change gets another name, and the one that an older version calls stays
 * beside it for a release. An older version never takes them back.
 */
import { setTimeout } from 'node:timers/promises'
import { DatabaseError } from 'pg'
import { version } from '../../telemetry/version.ts'
import { UnusableDatabaseError } from '../sqlite/migrations.ts'
import { type Connection, withConnection } from './connection.ts'
import { functions } from './functions/functions.ts'
import { locks } from './functions/locks.ts'
import { tables, unendedSessions } from './schema.ts'

interface Step {
  readonly title: string
  /** The oldest version that runs on the schema after this step: later than before only where the step takes something away. */
  readonly usableSince: string
  /** What it does: in its transaction, or statements that each are one, so that nobody waits while a large table is gone through. */
  readonly sql: string | readonly string[]
}

const steps: readonly Step[] = [
  { title: 'Tables', usableSince: '0.1.0', sql: tables },
  { title: 'Index of sessions that nobody has ended', usableSince: '0.1.0', sql: unendedSessions },
]

/** What stands for the functions among the steps. */
const functionsTitle = 'Functions'

export interface MigrationStatus {
  /** Titles of the steps that the database has had. */
  readonly done: readonly string[]
  /** Titles of those that it lacks. */
  readonly missing: readonly string[]
  /** Titles of those it has had of which only a newer version knows; this one runs on the schema after them. */
  readonly newer: readonly string[]
}

/** Another process that is migrating the same database. */
export interface OtherMigration {
  /** Of its connection, as the database numbers them. */
  readonly pid: number
  /** Where it runs, and since when; null where the role may not see it. */
  readonly address: string | null
  readonly since: Date | null
}

export interface MigrationOptions {
  /** Is told, after some seconds and then every half minute, which other migration is waited for. */
  readonly onWait?: (other: OtherMigration) => void
}

/** How long to wait before it is told, and between two tellings, milliseconds. */
const quietTime = 3000
const tellEvery = 30_000

/** Tells which steps a database has had. @throws UnusableDatabaseError for a schema on which this version does not run */
export async function readMigrationStatus(url: string): Promise<MigrationStatus> {
  return withConnection({ url, name: 'countersign' }, readStatus)
}

/**
 * Takes the missing steps and answers with their titles; none of them where a newer version has migrated.
 * @throws UnusableDatabaseError for a schema on which this version does not run
 */
export async function migratePostgres(url: string, { onWait }: MigrationOptions = {}): Promise<readonly string[]> {
  return withConnection({ url, name: 'countersign migrate' }, async (turn) => {
    await takeTurn(turn, onWait)
    return withConnection({ url, name: 'countersign migrate' }, async (connection) => {
      const { missing } = await readStatus(connection)
      for (const title of missing) await takeStep(connection, title, turn)
      return missing
    })
  })
}

/** Asks again and again instead of waiting in the database, so that a connection that dies meanwhile is noticed. */
async function takeTurn(turn: Connection, onWait: MigrationOptions['onWait']): Promise<void> {
  let tellAt = performance.now() + quietTime
  // Without a snapshot between two statements, or an index that is built beside would wait for it.
  await turn.ask('BEGIN ISOLATION LEVEL READ COMMITTED')
  await turn.ask('SET LOCAL idle_in_transaction_session_timeout = 0')
  for (;;) {
    const { rows } = await turn.ask(`SELECT pg_try_advisory_xact_lock(${locks.migration}) AS taken`)
    if (rows[0]?.taken === true) return
    if (performance.now() >= tellAt) {
      tellAt = performance.now() + tellEvery
      const other = await findOther(turn)
      if (other !== undefined) onWait?.(other)
    }
    await setTimeout(250)
  }
}

async function findOther({ ask }: Connection): Promise<OtherMigration | undefined> {
  const [classId, objectId] = locks.migration.split(', ')
  const { rows } = await ask(
    `SELECT l.pid, host(a.client_addr) AS address, a.backend_start AS since
     FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid)
     WHERE l.locktype = 'advisory' AND l.granted AND l.classid = $1 AND l.objid = $2 AND l.objsubid = 2
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [classId, objectId],
  )
  return rows[0] as OtherMigration | undefined
}

async function takeStep(connection: Connection, title: string, turn: Connection): Promise<void> {
  const { ask, run } = connection
  const step = steps.find((one) => one.title === title)
  for (const statement of Array.isArray(step?.sql) ? step.sql : []) await run(statement)
  await ask('BEGIN')
  // It waits at most this long for a lock that others hold, or everyone would queue behind it.
  await ask("SET LOCAL lock_timeout = '5s'")
  if (step === undefined) await replaceFunctions(connection)
  else await changeSchema(connection, step)
  // Whoever has lost the turn, because that connection is dead, commits nothing.
  await turn.ask('SELECT 1')
  await run('COMMIT')
}

async function changeSchema({ run, ask }: Connection, { title, usableSince, sql }: Step): Promise<void> {
  await run(`
    CREATE SCHEMA IF NOT EXISTS countersign;
    CREATE TABLE IF NOT EXISTS countersign.schema_steps (title text PRIMARY KEY, taken_at timestamptz NOT NULL);
    ALTER TABLE countersign.schema_steps ADD COLUMN IF NOT EXISTS usable_since text NOT NULL DEFAULT '0.1.0';
    CREATE TABLE IF NOT EXISTS countersign.schema_functions (version text NOT NULL, source text NOT NULL);`)
  if (typeof sql === 'string') await run(sql)
  await ask('INSERT INTO countersign.schema_steps VALUES ($1, clock_timestamp(), $2)', [title, usableSince])
}

/** In one transaction, and each in its place: whoever calls one meanwhile gets the old or the new. */
async function replaceFunctions({ run, ask }: Connection): Promise<void> {
  await run(functions.replaceAll('CREATE FUNCTION', 'CREATE OR REPLACE FUNCTION'))
  await ask('DELETE FROM countersign.schema_functions')
  await ask('INSERT INTO countersign.schema_functions VALUES ($1, $2)', [version, functions])
}

async function readStatus({ ask }: Connection): Promise<MigrationStatus> {
  const taken = await readOrNone(
    ask,
    "SELECT title, to_jsonb(s) ->> 'usable_since' AS usable_since FROM countersign.schema_steps s ORDER BY taken_at",
  )
  const done = taken.map(({ title }) => String(title))
  const known = steps.map(({ title }) => title)
  const newer = done.filter((title) => !known.includes(title))
  assertRuns(taken.filter(({ usable_since }) => isNewer(String(usable_since ?? '0'))))
  const [found] = await readOrNone(ask, 'SELECT version, source FROM countersign.schema_functions')
  const isTheirs = found !== undefined && (newer.length > 0 || isNewer(String(found.version)))
  const isThere = isTheirs || found?.source === functions
  const missing = known.filter((title) => !done.includes(title))
  const status = {
    done: isThere ? [...done, functionsTitle] : done,
    missing: isThere ? missing : [...missing, functionsTitle],
  }
  if (newer.length > 0 && status.missing.length > 0) {
    throw new UnusableDatabaseError(
      `A newer version of Countersign (${newer.join(', ')}) has not ended its migration of the database: it lacks ${status.missing.join(', ')}. Run the countersign migrate of that version.`,
    )
  }
  return { ...status, newer }
}

/** @throws UnusableDatabaseError for steps after which this version does not run any more */
function assertRuns(barring: readonly Record<string, unknown>[]): void {
  if (barring.length === 0) return
  const titles = barring.map(({ title, usable_since }) => `${title}: ${usable_since} or newer`).join(', ')
  throw new UnusableDatabaseError(
    `The database was migrated by a newer version of Countersign, and this one, ${version}, does not run on it any more (${titles}). Start such a version, or restore a backup made before the upgrade.`,
  )
}

/** Rows; none in a database that has had no step. */
async function readOrNone(ask: Connection['ask'], sql: string): Promise<Record<string, unknown>[]> {
  try {
    return (await ask(sql)).rows
  } catch (error) {
    // undefined_table, invalid_schema_name
    if (error instanceof DatabaseError && (error.code === '42P01' || error.code === '3F000')) return []
    throw error
  }
}

/** Whether a version is newer than this one; of pre-releases, the same counts as this one (Semantic Versioning §11). */
function isNewer(other: string): boolean {
  const numbersOf = (text: string) => text.split(/[.+-]/).slice(0, 3).map(Number)
  const [mine, theirs] = [numbersOf(version), numbersOf(other)]
  const at = theirs.findIndex((number, index) => number !== mine[index])
  return at !== -1 && (theirs[at] ?? 0) > (mine[at] ?? 0)
}
