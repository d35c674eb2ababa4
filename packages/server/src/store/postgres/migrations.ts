/**
 * Brings a PostgreSQL database to the present schema, in one transaction for each step, one process at a time. A server of the version
 * before goes on meanwhile: a step only adds, and what an older version uses goes away in a later release.
 */
import { Client, DatabaseError } from 'pg'
import { UnusableDatabaseError } from '../sqlite/migrations.ts'
import { pinSettings } from './database.ts'
import { functions } from './functions/functions.ts'
import { locks } from './functions/locks.ts'
import { tables } from './schema.ts'

/** A step is never edited once released. */
const steps: readonly { readonly title: string; readonly sql: string }[] = [
  { title: 'Tables and functions', sql: tables + functions },
]

export interface MigrationStatus {
  /** Titles of the steps that the database has had. */
  readonly done: readonly string[]
  /** Titles of those that it lacks. */
  readonly missing: readonly string[]
}

/** Tells which steps a database has had. @throws UnusableDatabaseError for a newer schema than this version knows */
export async function readMigrationStatus(url: string): Promise<MigrationStatus> {
  return withClient(url, async (client) => describe(await countSteps(client)))
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
    const { missing } = describe(await countSteps(client))
    for (const title of missing) {
      const step = steps.find((one) => one.title === title)
      await client.query('BEGIN')
      await client.query('CREATE SCHEMA IF NOT EXISTS countersign')
      await client.query(
        'CREATE TABLE IF NOT EXISTS countersign.schema_steps (title text PRIMARY KEY, taken_at timestamptz NOT NULL)',
      )
      await client.query(step?.sql ?? '')
      await client.query('INSERT INTO countersign.schema_steps VALUES ($1, clock_timestamp())', [title])
      await client.query('COMMIT')
    }
    return missing
  })
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

async function countSteps(client: Client): Promise<readonly string[]> {
  try {
    const { rows } = await client.query<{ title: string }>(
      'SELECT title FROM countersign.schema_steps ORDER BY taken_at',
    )
    return rows.map(({ title }) => title)
  } catch (error) {
    // undefined_table, invalid_schema_name: a database that has had no step.
    if (error instanceof DatabaseError && (error.code === '42P01' || error.code === '3F000')) return []
    throw error
  }
}

function describe(done: readonly string[]): MigrationStatus {
  const known = steps.map(({ title }) => title)
  const newer = done.filter((title) => !known.includes(title))
  if (newer.length > 0) {
    throw new UnusableDatabaseError(
      `the database was migrated by a newer version of Countersign (${newer.join(', ')}). Start that version, or restore a backup made before the upgrade.`,
    )
  }
  return { done, missing: known.filter((title) => !done.includes(title)) }
}
