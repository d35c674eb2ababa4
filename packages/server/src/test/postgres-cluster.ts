/**
 * PostgreSQL databases for tests: each in one cluster of this process, which is made when the first is asked for, or in the one
 * that TEST_POSTGRES_URL names.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFileSync, chownSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Client } from 'pg'
import { findFreePort } from './free-port.ts'

const given = process.env.TEST_POSTGRES_URL
const programs = globSync('/usr/lib/postgresql/*/bin').sort().at(-1)

/** Why tests that need PostgreSQL have to be skipped, or `false`. */
export const skip = given || programs ? (false as const) : 'needs postgresql: apt-get install postgresql'

/** Why tests that stop and restore PostgreSQL have to be skipped, or `false`: they need one of their own. */
export const skipOwn = programs ? (false as const) : 'needs postgresql: apt-get install postgresql'

/** A PostgreSQL of a test, in a folder of its own. */
export interface Cluster {
  readonly url: string
  readonly folder: string
  /** Starts it again after it was ended. */
  start(): Promise<void>
  /** Ends it: by SIGINT at once with a clean shutdown, by SIGQUIT as a crash does. */
  end(signal?: 'SIGINT' | 'SIGQUIT'): Promise<void>
  /** Stops or continues all of its processes. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
  /** Has it come up as a replica, after it was ended. */
  makeStandby(): void
  /** Ends it, and removes its folder. */
  remove(): Promise<void>
}

let cluster: Promise<Pick<Cluster, 'url' | 'remove'>> | undefined

/** Makes an empty database and tells its URL. */
export async function newEmptyDatabase(onEnd: (remove: () => Promise<void>) => void): Promise<string> {
  cluster ??= given ? Promise.resolve({ url: given, remove: async () => {} }) : startCluster()
  const { url } = await cluster
  const name = `countersign_${randomBytes(8).toString('hex')}`
  await ask(url, `CREATE DATABASE ${name}`)
  onEnd(async () => void (await ask(url, `DROP DATABASE ${name} WITH (FORCE)`)))
  return Object.assign(new URL(url), { pathname: `/${name}` }).href
}

/** Ends what was started. */
export async function stopCluster(): Promise<void> {
  await (await cluster)?.remove()
  cluster = undefined
}

/** Runs one statement. */
export async function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

/** Makes a connection that ends with the test; the database may be dropped, or end it, before. */
export async function newConnection(t: Pick<TestContext, 'after'>, url: string): Promise<Client> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  t.after(() => client.end())
  return client
}

/** Makes a cluster; PostgreSQL refuses to run as root, so it then runs as the user that Debian made for it. */
export async function startCluster(addresses = '127.0.0.1'): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-postgres-'))
  const user = process.getuid?.() === 0 ? idsOf('postgres') : undefined
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  const options = { ...user, cwd: folder }
  const initdb = ['-D', folder, '--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']
  const made = spawnSync(join(programs ?? '', 'initdb'), initdb, { ...options, encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`)
  if (addresses !== '127.0.0.1') appendFileSync(join(folder, 'pg_hba.conf'), 'host all all samenet trust\n')
  const port = await findFreePort()
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const settings = [`listen_addresses=${addresses}`, 'unix_socket_directories=', 'max_connections=200']
  const words = ['-D', folder, '-p', String(port), ...settings.flatMap((one) => ['-c', one])]
  let server: ChildProcess | undefined

  async function start(): Promise<void> {
    server = spawn(join(programs ?? '', 'postgres'), words, { ...options, stdio: 'ignore' })
    await untilReady(url, server)
  }

  async function end(signal: 'SIGINT' | 'SIGQUIT' = 'SIGINT'): Promise<void> {
    const running = server
    server = undefined
    if (running === undefined) return
    const ended = new Promise((resolve) => running.once('exit', resolve))
    running.kill(signal)
    await ended
  }

  function signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    const main = server?.pid ?? 0
    for (const pid of [main, ...childrenOf(main)]) process.kill(pid, name)
  }

  await start()
  return {
    ...{ url, folder, start, end, signal },
    makeStandby() {
      const file = join(folder, 'standby.signal')
      writeFileSync(file, '')
      if (user !== undefined) chownSync(file, user.uid, user.gid)
    },
    async remove() {
      await end()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
}

/** Puts a copy of the folder of a cluster that has ended where another folder is or may be. Its files keep their owner. */
export function copyFolder(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true })
  const { status, stderr } = spawnSync('cp', ['-a', from, to], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
}

/** Runs a program of PostgreSQL, such as pg_dump. */
export function runProgram(name: string, words: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync(join(programs ?? '', name), words, { encoding: 'utf8', input })
  if (status !== 0) throw new Error(`${name}: ${stderr}`)
  return stdout
}

async function untilReady(url: string, server: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (server.exitCode !== null) throw new Error(`postgres ended with ${server.exitCode}`)
    const answered = await ask(url, 'SELECT 1').catch(() => undefined)
    if (answered) return
    await setTimeout(50)
  }
  throw new Error('postgres does not answer')
}

function idsOf(name: string): { uid: number; gid: number } {
  const id = (flag: string) => Number(spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout)
  return { uid: id('-u'), gid: id('-g') }
}
