/** Servers behind nginx on one PostgreSQL, as processes of their own, and clients that refresh all the time. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { migratePostgres } from '../store/postgres/migrations.ts'
import { findFreePort } from './free-port.ts'
import { newEmptyDatabase, skip as noPostgres } from './postgres-cluster.ts'
import { newFolder, type RunningServer, spawnServer } from './running-server.ts'

const nginx = '/usr/sbin/nginx'
/** Why tests that need a fleet have to be skipped, or `false`. */
export const skip = existsSync(nginx) ? noPostgres : 'needs nginx: apt-get install nginx'
/** The shortest leeway: a rotation every 12 s. */
export const leeway = 3

/** One server. */
export interface Instance extends Omit<RunningServer, 'issuer'> {
  readonly port: number
}

/** What is behind nginx. */
export interface Fleet {
  readonly url: string
  readonly database: string
  readonly instances: Instance[]
  start(port: number): Promise<Instance>
}

interface FleetOptions {
  /** An empty database. @default one of the cluster that tests share */
  readonly database?: string
  /** Further settings of every server. */
  readonly env?: Readonly<Record<string, string>>
  /** How long nginx waits for an answer, milliseconds: longer where no server is ever stopped. @default 900 */
  readonly patience?: number
}

/** Starts three servers, and nginx in front of them. */
export async function startFleet(t: TestContext, options: FleetOptions = {}): Promise<Fleet> {
  const database = options.database ?? (await newEmptyDatabase((remove) => t.after(remove)))
  await migratePostgres(database)
  const [front, ...ports] = await Promise.all([findFreePort(), findFreePort(), findFreePort(), findFreePort()])
  const url = `http://127.0.0.1:${front}`
  const env = {
    ...{ COUNTERSIGN_DATABASE_URL: database, COUNTERSIGN_MASTER_KEY: 'A'.repeat(43), COUNTERSIGN_ISSUER: url },
    ...{ COUNTERSIGN_AUDIENCE: url, COUNTERSIGN_REFRESH_LEEWAY: String(leeway), COUNTERSIGN_REFRESH_TIMEOUT: '1' },
    ...{ COUNTERSIGN_TRUSTED_PROXIES: '1', COUNTERSIGN_DATA_DIR: newFolder(t) },
    ...options.env,
  }
  async function start(port: number): Promise<Instance> {
    const server = spawnServer(t, 'start', { ...env, PORT: String(port) })
    while (server.child.exitCode === null) {
      const ready = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined)
      if (ready?.status === 200) return { ...server, port }
      await setTimeout(25)
    }
    throw new Error(`the server does not start: ${server.output.stdout}${server.output.stderr}`)
  }
  const instances = await Promise.all(ports.map(start))
  await startNginx(t, Number(front), ports, options.patience)
  return { url, database, instances, start }
}

/** A Redis that may die. */
export interface MortalRedis {
  readonly url: string
  start(): Promise<void>
  /** Kills it; what it held is lost. */
  kill(): Promise<void>
  signal(name: 'SIGSTOP' | 'SIGCONT'): void
}

/** Why tests that need Redis have to be skipped, or `false`. */
export const skipRedis = existsSync('/usr/bin/redis-server')
  ? (false as const)
  : 'needs redis-server: apt-get install redis-server'

export async function startRedis(t: TestContext): Promise<MortalRedis> {
  const [port, folder] = [String(await findFreePort()), newFolder(t)]
  let child: ChildProcess | undefined
  async function start(): Promise<void> {
    const words = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--dir', folder]
    const started = spawn('/usr/bin/redis-server', words, { stdio: ['ignore', 'pipe', 'ignore'] })
    child = started
    await new Promise<void>((resolve) => {
      started.stdout.on('data', (chunk) => String(chunk).includes('Ready to accept connections') && resolve())
    })
  }
  await start()
  t.after(() => void child?.kill('SIGKILL'))
  return {
    ...{ url: `redis://127.0.0.1:${port}`, start, signal: (name) => void child?.kill(name) },
    async kill() {
      const ended = new Promise((resolve) => child?.once('exit', resolve))
      child?.kill('SIGKILL')
      await ended
    },
  }
}

/** A request that has been sent is never sent to another server: nginx does so with a POST only when it is told to. */
async function startNginx(t: TestContext, port: number, servers: readonly number[], patience = 900): Promise<void> {
  const folder = newFolder(t)
  const upstream = servers.map((one) => `server 127.0.0.1:${one} max_fails=1 fail_timeout=2s;`).join(' ')
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  )
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log; events {}
     http { access_log off; ${temp.join(' ')} upstream countersign { ${upstream} }
     server { listen 127.0.0.1:${port}; location / { proxy_pass http://countersign; proxy_connect_timeout 500ms; proxy_read_timeout ${patience}ms;
       proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header Host $http_host; } } }`,
  )
  const child: ChildProcess = spawn(nginx, ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' })
  t.after(() => void child.kill('SIGKILL'))
  for (let attempt = 0; attempt < 400; attempt++) {
    if (await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined)) return
    await setTimeout(25)
  }
}

/** A client that keeps one refresh token, as ours does: no answer, 5xx and 429 say nothing; it asks again with what it has. */
export class RefreshingClient {
  token: string
  rotations = 0
  troubles = 0
  refusals: string[] = []

  constructor(token: string) {
    this.token = token
  }

  async refreshOnce(url: string): Promise<void> {
    const reply = await fetch(`${url}/api/auth/refresh`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.token}` },
      signal: AbortSignal.timeout(leeway * 1000 - 2000),
    }).catch(() => undefined)
    const text = await reply?.text().catch(() => undefined)
    if (reply === undefined || text === undefined || reply.status >= 500) {
      this.troubles++
    } else if (reply.status === 200) {
      const { refreshToken } = JSON.parse(text) as { refreshToken: string }
      if (refreshToken !== this.token) this.rotations++
      this.token = refreshToken
    } else {
      this.refusals.push(`${reply.status} ${text}`)
    }
  }

  async keepRefreshing(url: string, until: () => boolean): Promise<void> {
    while (!until()) {
      await this.refreshOnce(url)
      await setTimeout(300 + Math.random() * 900)
    }
  }
}
