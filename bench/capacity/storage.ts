// What rows take in PostgreSQL, when there are many.
import { ask } from '../postgres/cluster.ts'

/** Bytes of a table, its indexes apart. */
export interface TableSize {
  readonly table: string
  readonly rows: number
  readonly heap: number
  readonly indexes: number
}

/** A random name of the length of a user's or a session's: 16 bytes in base64url. */
const newName = "translate(rtrim(encode(uuid_send(gen_random_uuid()), 'base64'), '='), '+/', '-_')"

/**
 * Adds users with accounts and a session each, copies of those that were made over HTTP with names of their own: to hash a hundred
 * thousand passwords would take half an hour.
 */
export async function fill(url: string, count: number): Promise<void> {
  const copies = (table: string, owner: string, changes: string): string =>
    `INSERT INTO countersign.${table} SELECT copy.* FROM public.filled f,
       (SELECT * FROM countersign.${table} WHERE ${owner} = (SELECT user_id FROM countersign.sessions LIMIT 1) LIMIT 1) model,
       LATERAL jsonb_populate_record(NULL::countersign.${table}, to_jsonb(model) || jsonb_build_object(${changes})) copy;`
  await ask(
    url,
    `CREATE TABLE public.filled AS SELECT 'usr_' || ${newName} AS user_id, ${newName} AS sid, number
       FROM generate_series(1, ${count}) AS number;
     ${copies('users', 'id', "'id', f.user_id")}
     ${copies('accounts', 'user_id', "'user_id', f.user_id, 'email', 'someone' || f.number || '@example.com'")}
     ${copies('sessions', 'user_id', "'user_id', f.user_id, 'sid', f.sid, 'rid_hash', '\\x' || encode(sha256(f.sid::bytea), 'hex')")}`,
  )
}

/** Names sessions that were made by `fill`. */
export async function readFilledSessions(url: string, count: number): Promise<string[]> {
  const rows = await ask(url, `SELECT sid FROM public.filled LIMIT ${count}`)
  return rows.map(({ sid }) => String(sid))
}

/** Puts the sessions where chance would have them, as after weeks: neighbours in time are then no neighbours on the disk. */
export async function shuffleSessions(url: string): Promise<void> {
  await ask(url, 'CLUSTER countersign.sessions USING sessions_pkey')
  await ask(url, 'VACUUM ANALYZE countersign.sessions')
}

export async function readTableSizes(url: string, tables: readonly string[]): Promise<TableSize[]> {
  const sizes: TableSize[] = []
  for (const table of tables) {
    const name = `'countersign.${table}'`
    const [row = {}] = await ask(
      url,
      `SELECT (SELECT count(*) FROM countersign.${table}) AS rows, pg_table_size(${name}) AS heap, pg_indexes_size(${name}) AS indexes`,
    )
    sizes.push({ table, rows: Number(row.rows), heap: Number(row.heap), indexes: Number(row.indexes) })
  }
  return sizes
}
