/**
 * Brings a PostgreSQL database to the present schema, in one transaction for each step, one process at a time. A server of the version
 * before goes on meanwhile: a step only adds, and what an older version uses goes away in a later release.
 *
 * Tables are what their steps made of them, and a step is never edited once released. Functions hold nothing, so they are replaced
 * whenever their text is another. One whose parameters or answer change gets another name, and the one that an older version calls stays
 * beside it for a release. An older version never takes them back.
 */
import { Client, DatabaseError } from 'pg'
import { version } from '../../telemetry/version.ts'
import { UnusableDatabaseError } from '../sqlite/migrations.ts'
import { pinSettings } from './database.ts'
import { functions } from './functions/functions.ts'
import { locks } from './functions/locks.ts'
import { tables } from './schema.ts'

const steps: readonly { readonly title: string; readonly sql: string }[] = [{ title: 'Tables', sql: tables }]

/** What stands for the functions among the steps. */
const functionsTitle = 'Functions'

export interface MigrationStatus {
  /** Titles of the steps that the database has had. */
  readonly done: readonly string[]
  /** Titles of those that it lacks. */
  readonly missing: readonly string[]
}

/** Tells which steps a database has had. @throws UnusableDatabaseError for a newer schema than this version knows */
export async function readMigrationStatus(url: string): Promise<MigrationStatus> {
  return withClient(url, readStatus)
}

/**
 * Takes the missing steps and answers with their titles.
 * @throws UnusableDatabaseError for a newer schema than this version knows
 */
export async function migratePostgres(url: string): Promise<readonly string[]> {
  return withClient(url, async (client) => {
    await client.query(`SELECT pg_advisory_lock(${locks.migration})`)
    // A step waits at most this long for a lock that others hold, or everyone would queue behind it.
    await client.query("SET lock_timeout = '5s'")
    const { missing } = await readStatus(client)
    for (const title of missing) {
      await client.query('BEGIN')
      if (title === functionsTitle) await replaceFunctions(client)
      else await takeStep(client, title)
      await client.query('COMMIT')
    }
    return missing
  })
}

async function takeStep(client: Client, title: string): Promise<void> {
  await client.query(`
    CREATE SCHEMA IF NOT EXISTS countersign;
    CREATE TABLE IF NOT EXISTS countersign.schema_steps (title text PRIMARY KEY, taken_at timestamptz NOT NULL);
    CREATE TABLE IF NOT EXISTS countersign.schema_functions (version text NOT NULL, source text NOT NULL);`)
  await client.query(steps.find((one) => one.title === title)?.sql ?? '')
  await client.query('INSERT INTO countersign.schema_steps VALUES ($1, clock_timestamp())', [title])
}

/** In one transaction, and each in its place: whoever calls one meanwhile gets the old or the new. */
async function replaceFunctions(client: Client): Promise<void> {
  await client.query(functions.replaceAll('CREATE FUNCTION', 'CREATE OR REPLACE FUNCTION'))
  await client.query('DELETE FROM countersign.schema_functions')
  await client.query('INSERT INTO countersign.schema_functions VALUES ($1, $2)', [version, functions])
}

async function withClient<Result>(url: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client({
    connectionString: pinSettings(url),
    connectionTimeoutMillis: 10_000,
    application_name: 'countersign migrate',
  })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

async function readStatus(client: Client): Promise<MigrationStatus> {
  const done = (await readOrNone(client, 'SELECT title FROM countersign.schema_steps ORDER BY taken_at')).map(String)
  const known = steps.map(({ title }) => title)
  const newer = done.filter((title) => !known.includes(title))
  if (newer.length > 0) {
    throw new UnusableDatabaseError(
      `the database was migrated by a newer version of Countersign (${newer.join(', ')}). Start that version, or restore a backup made before the upgrade.`,
    )
  }
  const [present] = await readOrNone(client, 'SELECT version FROM countersign.schema_functions')
  const [same] = await readOrNone(client, 'SELECT source FROM countersign.schema_functions')
  const isThere = same === functions || (present !== undefined && isNewer(String(present)))
  const missing = known.filter((title) => !done.includes(title))
  return {
    done: isThere ? [...done, functionsTitle] : done,
    missing: isThere ? missing : [...missing, functionsTitle],
  }
}

/** The first column of what is found; nothing in a database that has had no step. */
async function readOrNone(client: Client, sql: string): Promise<unknown[]> {
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows.map((row) => Object.values(row)[0])
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
