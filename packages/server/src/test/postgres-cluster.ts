/**
 * PostgreSQL databases for tests: each in one cluster of this process, which is made when the first is asked for, or in the one
 * that TEST_POSTGRES_URL names.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Client } from 'pg'

const given = process.env.TEST_POSTGRES_URL
const programs = globSync('/usr/lib/postgresql/*/bin').sort().at(-1)

/** Why tests that need PostgreSQL have to be skipped, or `false`. */
export const skip = given || programs ? (false as const) : 'needs postgresql: apt-get install postgresql'

interface Cluster {
  readonly url: string
  stop(): Promise<void>
}

let cluster: Promise<Cluster> | undefined

/** Makes an empty database and tells its URL. */
export async function newEmptyDatabase(onEnd: (remove: () => Promise<void>) => void): Promise<string> {
  cluster ??= given ? Promise.resolve({ url: given, stop: async () => {} }) : startCluster()
  const { url } = await cluster
  const name = `countersign_${randomBytes(8).toString('hex')}`
  await ask(url, `CREATE DATABASE ${name}`)
  onEnd(async () => void (await ask(url, `DROP DATABASE ${name} WITH (FORCE)`)))
  return Object.assign(new URL(url), { pathname: `/${name}` }).href
}

/** Ends what was started. */
export async function stopCluster(): Promise<void> {
  await (await cluster)?.stop()
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

/** A cluster in a folder of its own; PostgreSQL refuses to run as root, so it then runs as the user that Debian made for it. */
async function startCluster(): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-postgres-'))
  const user = process.getuid?.() === 0 ? idsOf('postgres') : undefined
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  const options = { ...user, cwd: folder }
  const initdb = ['-D', folder, '--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']
  const made = spawnSync(join(programs ?? '', 'initdb'), initdb, { ...options, encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`)
  const port = await findFreePort()
  const settings = [
    '-D',
    folder,
    '-p',
    String(port),
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    'unix_socket_directories=',
  ]
  const server = spawn(join(programs ?? '', 'postgres'), [...settings, '-c', 'max_connections=200'], {
    ...options,
    stdio: 'ignore',
  })
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  await untilReady(url, server)
  return {
    url,
    async stop() {
      const ended = new Promise((resolve) => server.once('exit', resolve))
      // Fast shutdown: connections are ended.
      server.kill('SIGINT')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
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

function findFreePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
