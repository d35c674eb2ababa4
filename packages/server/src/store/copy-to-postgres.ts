/**
 * Moves an installation from SQLite to PostgreSQL: every row, under its name, in one transaction of each database. Sessions, refresh
 * tokens and keys go on; verifiers begin anew in a new history of the feed and keep what they knew.
 *
 * The SQLite file is held by a write lock from the first row to the last, so that a server that still runs on it cannot write what
 * would be lost; it answers 503 meanwhile. PostgreSQL is asked first whether it is ready, and no question waits for ever. It commits first; the
 * same transaction of the file then marks it as moved, or the old server would go on with it. If anything fails before, the PostgreSQL
 * database is as empty as it was, and the file is let go.
 */
import { DatabaseSync } from 'node:sqlite'
import { DatabaseError } from 'pg'
import { type Connection, withConnection } from './postgres/connection.ts'
import { assertUsable, markMoved, migrate, UnusableDatabaseError } from './sqlite/migrations.ts'

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

export interface CopyOptions {
  /** Leaves the SQLite file as it is, for a rehearsal: two databases then have the same sessions and keys. @default false */
  readonly keepsSource?: boolean
  /** How long PostgreSQL may take for one question, milliseconds. @default 30000 */
  readonly patience?: number
}

/**
 * Copies everything. The PostgreSQL database has the present schema and holds nothing yet.
 * @throws UnusableDatabaseError that says which of the two cannot be used, and why
 */
export async function copyToPostgres(
  path: string,
  url: string,
  epoch: string,
  { keepsSource = false, patience = 30_000 }: CopyOptions = {},
): Promise<CopiedRows> {
  return withConnection({ url, name: 'countersign copy', patience }, async (target) => {
    await target.ask('BEGIN')
    await target.ask(limitsOf(patience))
    await assertEmpty(target)
    const source = new DatabaseSync(path, { timeout: 5000 })
    try {
      lock(source, path)
      const copied: Record<string, number> = {}
      for (const table of tables) copied[table.name] = await copyTable(source, target, table)
      await copyCounters(source, target, epoch)
      if (!keepsSource) markMoved(source)
      await commit(target)
      if (!keepsSource) commitMark(source, path)
      return copied
    } finally {
      // An open transaction ends with its connection.
      source.close()
    }
  })
}

/** The database gives up a little earlier than this process does, and lets go of what a dead one holds. */
function limitsOf(patience: number): string {
  return `SET LOCAL lock_timeout = ${Math.min(5000, Math.floor(patience / 2))}; SET LOCAL statement_timeout = ${Math.floor(patience * 0.8)};
    SET LOCAL idle_in_transaction_session_timeout = ${patience}`
}

/** Another copy may have been first, so it is looked at again once it is held. */
function lock(source: DatabaseSync, path: string): void {
  try {
    migrate(source)
    source.exec('BEGIN IMMEDIATE')
  } catch (error) {
    throw new UnusableDatabaseError(
      `${path} could not be held against other writers (${(error as Error).message}). Stop its server, and copy again.`,
    )
  }
  assertUsable(path)
}

async function commit(target: Connection): Promise<void> {
  try {
    await target.ask('COMMIT')
  } catch (error) {
    if (error instanceof DatabaseError) throw error
    throw new UnusableDatabaseError(
      `Whether PostgreSQL has the copy is not known: ${(error as Error).message}. The old database is as it was, and the one to use. ` +
        'Run countersign copy again; if it then says that the new one is not empty, that has the copy: DROP SCHEMA countersign CASCADE there, and copy anew.',
    )
  }
}

/** With PostgreSQL's commit behind it, there is no way back. */
function commitMark(source: DatabaseSync, path: string): void {
  try {
    source.exec('COMMIT')
  } catch (error) {
    throw new UnusableDatabaseError(
      `Everything was copied, but ${path} could not be marked as moved (${(error as Error).message}). ` +
        'Stop the server that runs on it and move the file away, before a server is started on the new database.',
    )
  }
}

async function assertEmpty({ ask }: Connection): Promise<void> {
  for (const name of ['revocation_feed', ...tables.map((table) => table.name)])
    await ask(`LOCK TABLE countersign.${name} IN EXCLUSIVE MODE`)
  for (const { name } of tables) {
    const { rows } = await ask(`SELECT 1 FROM countersign.${name} LIMIT 1`)
    if (rows.length > 0) {
      throw new UnusableDatabaseError(
        `The PostgreSQL database is not empty (${name}): a server has run on it. Name one that has been migrated and nothing else.`,
      )
    }
  }
}

async function copyTable(
  source: DatabaseSync,
  target: Connection,
  { name, convert = (row) => row }: Table,
): Promise<number> {
  let copied = 0
  let batch: Row[] = []
  async function flush(): Promise<void> {
    if (batch.length === 0) return
    const columns = Object.keys(batch[0] ?? {}).join(', ')
    const { rowCount } = await target.ask(
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
async function copyCounters(source: DatabaseSync, target: Connection, epoch: string): Promise<void> {
  const feed = source.prepare('SELECT * FROM revocation_feed').get() ?? {}
  const columns = ['head', 'tick_at', 'not_before_at', 'lifetime', 'longer_lifetime', 'longer_until', 'keys_version']
  await target.ask(
    `UPDATE countersign.revocation_feed SET epoch = $1 || countersign.identity(),
     ${columns.map((column, index) => `${column} = $${index + 2}`).join(', ')}`,
    [epoch, ...columns.map((column) => feed[column])],
  )
  const { latest } = source.prepare('SELECT latest FROM credential_marks').get() ?? {}
  await target.ask("SELECT setval('countersign.credential_marks', $1)", [latest])
  for (const name of ['revocations', 'audit']) {
    const { seq = 0 } = source.prepare('SELECT seq FROM sqlite_sequence WHERE name = ?').get(name) ?? {}
    await target.ask(`SELECT setval(pg_get_serial_sequence('countersign.${name}', 'id'), $1)`, [
      Math.max(1, Number(seq)),
    ])
  }
}
