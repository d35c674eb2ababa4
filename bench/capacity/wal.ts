// What operations write to PostgreSQL's log, which is what a disk, a replica and an archive have to take.
import { setTimeout as sleep } from 'node:timers/promises'
import { holdTime, type Installation, inParallel } from '../fleet/installation.ts'
import { hold, login, logout, openSessions, rotate } from '../fleet/operations.ts'
import { ask } from '../postgres/cluster.ts'
import type { Session } from '../server/contender.ts'
import { at } from '../statistics.ts'

/** Bytes of an operation: where it is the first since a checkpoint to touch its pages, which are then written whole, and where it is not. */
export interface Wal {
  readonly operation: string
  readonly compression: string
  readonly first: number
  readonly again?: number
}

/** Measures with whole pages as they are, and compressed. `sessions` are due for a rotation, and lie where chance has put them. */
export async function measureWal(one: Installation, url: string, sessions: Session[], logins: number): Promise<Wal[]> {
  const measured: Wal[] = []
  for (const compression of ['off', await bestCompression(url)]) {
    console.error(`The log of PostgreSQL, wal_compression ${compression}.`)
    await ask(url, `ALTER SYSTEM SET wal_compression = ${compression}`)
    await ask(url, 'SELECT pg_reload_conf()')
    await sleep(holdTime + 500)
    const rotated = (): Promise<number> => measure(one, url, sessions.length, (index) => rotate(one, sessions, index))
    await ask(url, 'CHECKPOINT')
    const first = await rotated()
    await sleep(holdTime + 500)
    measured.push({ operation: 'rotation', compression, first, again: await rotated() })
    await ask(url, 'CHECKPOINT')
    // Those that were rotated last: a machine that is slow must not come to their next rotation.
    const young = sessions.slice(sessions.length / 2)
    const held = (): Promise<number> => measure(one, url, young.length, (index) => hold(one, young, index))
    measured.push({ operation: 'refresh, held', compression, first: await held(), again: await held() })
    measured.push(...(await measureSessions(one, url, compression, logins)))
  }
  await ask(url, 'ALTER SYSTEM RESET wal_compression')
  await ask(url, 'SELECT pg_reload_conf()')
  return measured
}

async function measureSessions(one: Installation, url: string, compression: string, count: number): Promise<Wal[]> {
  const ended = await openSessions(one, count)
  await ask(url, 'CHECKPOINT')
  const opened = await measure(one, url, count, (index) => login(one, index))
  await ask(url, 'CHECKPOINT')
  const over = await measure(one, url, count, (index) => logout(one, at(ended, index), index))
  return [
    { operation: 'login', compression, first: opened },
    { operation: 'logout', compression, first: over },
  ]
}

async function measure(
  one: Installation,
  url: string,
  count: number,
  operation: (index: number) => Promise<unknown>,
): Promise<number> {
  const before = await readWalPosition(url)
  await inParallel(count, one.connections, operation)
  return ((await readWalPosition(url)) - before) / count
}

/** Tells how many bytes of the log there have been. */
export async function readWalPosition(url: string): Promise<number> {
  const [row = {}] = await ask(url, "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS bytes")
  return Number(row.bytes)
}

async function bestCompression(url: string): Promise<string> {
  const [row = {}] = await ask(
    url,
    "SELECT 'lz4' = ANY (enumvals) AS has FROM pg_settings WHERE name = 'wal_compression'",
  )
  return row.has === true ? 'lz4' : 'pglz'
}
