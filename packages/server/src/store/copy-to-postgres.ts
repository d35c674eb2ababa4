/**
 * Moves an installation from SQLite to PostgreSQL: every row, under its name, in one transaction of each database. Sessions, refresh
 * tokens and keys go on; verifiers begin anew in a new history of the feed and keep what they knew.
 *
 * The SQLite file is held by a write lock from the first row to the last, so that a server that still runs on it cannot write what
 * would be lost; it answers 503 meanwhile. If anything fails, the PostgreSQL database is as empty as it was.
 */
import { DatabaseSync } from 'node:sqlite'
import { Client } from 'pg'
import { pinSettings } from './postgres/database.ts'
import { assertUsable, migrate, UnusableDatabaseError } from './sqlite/migrations.ts'

/** How many rows were copied of each table. */
export type CopiedRows = Readonly<Record<string, number>>

type Row = Record<string, unknown>

interface Table {
  readonly name: string
  /** What PostgreSQL has in another form than SQLite. */
  readonly convert?: (row: Row) => Row
}

/** In the order in which they refer to each other. */
const tables: readonly Table[] = [
  { name: 'users' },
  {
    name: 'accounts',
    convert: (row) => ({
      ...row,
      email_verified: row.email_verified === 1,
      roles: JSON.parse(String(row.roles)),
      claims: JSON.parse(String(row.claims)),
    }),
  },
  { name: 'sessions', convert: (row) => ({ ...row, confirmed: row.confirmed === 1 }) },
  { name: 'signing_keys' },
  { name: 'peppers' },
  { name: 'clients' },
  { name: 'revocations' },
  { name: 'audit' },
]

const batchSize = 1000

/**
 * Copies everything. The PostgreSQL database has the present schema and holds nothing yet.
 * @throws UnusableDatabaseError that says which of the two cannot be used, and why
 */
export async function copyToPostgres(path: string, url: string, epoch: string): Promise<CopiedRows> {
  assertUsable(path)
  const source = new DatabaseSync(path, { timeout: 5000 })
  const target = new Client({ connectionString: pinSettings(url), application_name: 'countersign copy' })
  try {
    migrate(source)
    source.exec('BEGIN IMMEDIATE')
    await target.connect()
    await target.query('BEGIN')
    await assertEmpty(target)
    const copied: Record<string, number> = {}
    for (const table of tables) copied[table.name] = await copyTable(source, target, table)
    await copyCounters(source, target, epoch)
    await target.query('COMMIT')
    return copied
  } finally {
    // An open transaction ends with its connection.
    await target.end()
    source.close()
  }
}

async function assertEmpty(target: Client): Promise<void> {
  for (const { name } of tables) {
    await target.query(`LOCK TABLE countersign.${name} IN EXCLUSIVE MODE`)
    const { rows } = await target.query(`SELECT 1 FROM countersign.${name} LIMIT 1`)
    if (rows.length > 0) {
      throw new UnusableDatabaseError(
        `The PostgreSQL database is not empty (${name}): a server has run on it. Name one that has been migrated and nothing else.`,
      )
    }
  }
}

async function copyTable(
  source: DatabaseSync,
  target: Client,
  { name, convert = (row) => row }: Table,
): Promise<number> {
  let copied = 0
  let batch: Row[] = []
  async function flush(): Promise<void> {
    if (batch.length === 0) return
    const columns = Object.keys(batch[0] ?? {}).join(', ')
    const { rowCount } = await target.query(
      `INSERT INTO countersign.${name} (${columns}) OVERRIDING SYSTEM VALUE
       SELECT ${columns} FROM jsonb_populate_recordset(NULL::countersign.${name}, $1)`,
      [JSON.stringify(batch, bytesAsHex)],
    )
    copied += rowCount ?? 0
    batch = []
  }
  for (const row of source.prepare(`SELECT * FROM ${name}`).iterate()) {
    batch.push(convert(row))
    if (batch.length === batchSize) await flush()
  }
  await flush()
  return copied
}

/** How PostgreSQL reads bytes in text. */
function bytesAsHex(_name: string, value: unknown): unknown {
  return value instanceof Uint8Array ? `\\x${Buffer.from(value).toString('hex')}` : value
}

/** What is not a table of rows: the head of the feed, and where the numbers go on. */
async function copyCounters(source: DatabaseSync, target: Client, epoch: string): Promise<void> {
  const feed = source.prepare('SELECT * FROM revocation_feed').get() ?? {}
  const columns = ['head', 'tick_at', 'not_before_at', 'lifetime', 'longer_lifetime', 'longer_until', 'keys_version']
  await target.query(
    `UPDATE countersign.revocation_feed SET epoch = $1 || countersign.identity(),
     ${columns.map((column, index) => `${column} = $${index + 2}`).join(', ')}`,
    [epoch, ...columns.map((column) => feed[column])],
  )
  const { latest } = source.prepare('SELECT latest FROM credential_marks').get() ?? {}
  await target.query("SELECT setval('countersign.credential_marks', $1)", [latest])
  for (const name of ['revocations', 'audit']) {
    const { seq = 0 } = source.prepare('SELECT seq FROM sqlite_sequence WHERE name = ?').get(name) ?? {}
    await target.query(`SELECT setval(pg_get_serial_sequence('countersign.${name}', 'id'), $1)`, [
      Math.max(1, Number(seq)),
    ])
  }
}
