// A PostgreSQL of the bench's own: in a folder below the system's temporary one, on a free port of 127.0.0.1, with the settings that it has
// by default, so with fsync, but for the number of connections.
import { spawnSync } from 'node:child_process'
import { chownSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { migratePostgres } from '@countersign/server'
import { Client } from 'pg'
import { findFreePort, startChild } from '../server/child-process.ts'

export interface Cluster {
  /** The process that the others are children of. */
  readonly pid: number
  /** Makes a database with the schema in it, and tells its URL. */
  createDatabase(name: string): Promise<string>
  /** Names the version, and the settings that decide what a commit costs. */
  describe(): Promise<string>
  stop(): Promise<void>
}

const programs = globSync('/usr/lib/postgresql/*/bin').sort().at(-1)

/** Starts a cluster. @throws Error that names the package, when PostgreSQL is not installed */
export async function startPostgres(): Promise<Cluster> {
  if (programs === undefined) throw new Error('PostgreSQL is not here: apt-get install postgresql')
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-postgres-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const user = process.getuid?.() === 0 ? readIds('postgres') : undefined
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  const words = ['-D', folder, '--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C']
  const made = spawnSync(join(programs, 'initdb'), words, { ...user, cwd: folder, encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`)
  const port = await findFreePort()
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200']
  const command = [join(programs, 'postgres'), '-D', folder, '-p', String(port)]
  const child = startChild([...command, ...settings.flatMap((one) => ['-c', one])], { folder, environment: {}, user })
  const urlOf = (name: string): string => `postgres://postgres@127.0.0.1:${port}/${name}`
  const main = urlOf('postgres')
  await waitUntil(main, child.isRunning)
  return {
    pid: child.pid,
    async createDatabase(name) {
      await ask(main, `CREATE DATABASE ${name}`)
      await migratePostgres(urlOf(name))
      return urlOf(name)
    },
    describe: () => describe(main),
    // SIGTERM waits for everyone who is connected: those are stopped before.
    stop: child.stop,
  }
}

/** Runs one statement. */
export async function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

async function waitUntil(url: string, isRunning: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 300 && isRunning(); attempt++) {
    if (await ask(url, 'SELECT 1').catch(() => undefined)) return
    await sleep(50)
  }
  throw new Error('PostgreSQL does not start.')
}

async function describe(url: string): Promise<string> {
  const names = ['fsync', 'synchronous_commit', 'full_page_writes', 'wal_compression', 'shared_buffers', 'wal_level']
  const rows = await ask(
    url,
    `SELECT name, current_setting(name) AS setting FROM pg_settings WHERE name IN ('${names.join("', '")}') ORDER BY name`,
  )
  const [{ version } = {}] = await ask(url, "SELECT split_part(current_setting('server_version'), ' ', 1) AS version")
  return `PostgreSQL ${version}: ${rows.map(({ name, setting }) => `${name} ${setting}`).join(', ')}.`
}

/** PostgreSQL refuses to run as root; Debian makes a user for it. */
function readIds(name: string): { uid: number; gid: number } {
  const id = (flag: string) => Number(spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout)
  return { uid: id('-u'), gid: id('-g') }
}
