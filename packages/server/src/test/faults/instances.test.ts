// Three servers behind nginx on one PostgreSQL, and clients that refresh all the time, while servers are stopped and killed.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { migratePostgres } from '../../store/postgres/migrations.ts'
import { ask, newEmptyDatabase, skip as noPostgres, stopCluster } from '../postgres-cluster.ts'
import { newFolder, type RunningServer, signUp, spawnServer } from '../running-server.ts'

const nginx = '/usr/sbin/nginx'
const skip = existsSync(nginx) ? noPostgres : 'needs nginx: apt-get install nginx'
/** The shortest leeway: a rotation every 12 s. */
const leeway = 3

interface Instance extends Omit<RunningServer, 'issuer'> {
  readonly port: number
}

interface Installation {
  readonly url: string
  readonly database: string
  readonly instances: Instance[]
  start(port: number): Promise<Instance>
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function install(t: TestContext): Promise<Installation> {
  const database = await newEmptyDatabase((remove) => t.after(remove))
  await migratePostgres(database)
  const [front, ...ports] = await Promise.all([freePort(), freePort(), freePort(), freePort()])
  const url = `http://127.0.0.1:${front}`
  const env = {
    ...{ COUNTERSIGN_DATABASE_URL: database, COUNTERSIGN_MASTER_KEY: 'A'.repeat(43), COUNTERSIGN_ISSUER: url },
    ...{ COUNTERSIGN_AUDIENCE: url, COUNTERSIGN_REFRESH_LEEWAY: String(leeway), COUNTERSIGN_REFRESH_TIMEOUT: '1' },
    ...{ COUNTERSIGN_TRUSTED_PROXIES: '1', COUNTERSIGN_DATA_DIR: newFolder(t) },
  }
  async function start(port: number): Promise<Instance> {
    const server = spawnServer(t, 'start', { ...env, PORT: String(port) })
    for (let attempt = 0; attempt < 200; attempt++) {
      const ready = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined)
      if (ready?.status === 200) return { ...server, port }
      await setTimeout(25)
    }
    throw new Error(`the server does not start: ${server.output.stdout}${server.output.stderr}`)
  }
  const instances = await Promise.all(ports.map(start))
  await startNginx(t, Number(front), ports)
  return { url, database, instances, start }
}

/** A request that has been sent is never sent to another server: nginx does so with a POST only when it is told to. */
async function startNginx(t: TestContext, port: number, servers: readonly number[]): Promise<void> {
  const folder = newFolder(t)
  const upstream = servers.map((one) => `server 127.0.0.1:${one} max_fails=1 fail_timeout=2s;`).join(' ')
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  )
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log; events {}
     http { access_log off; ${temp.join(' ')} upstream countersign { ${upstream} }
     server { listen 127.0.0.1:${port}; location / { proxy_pass http://countersign; proxy_connect_timeout 500ms; proxy_read_timeout 900ms;
       proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header Host $http_host; } } }`,
  )
  const child: ChildProcess = spawn(nginx, ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' })
  t.after(() => void child.kill('SIGKILL'))
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined)) return
    await setTimeout(25)
  }
}

/** A client that keeps one refresh token, as ours does: no answer, 5xx and 429 say nothing; it asks again with what it has. */
class RefreshingClient {
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

describe('three servers behind nginx', { skip }, () => {
  after(stopCluster)

  test('one stopped for four leeways, one killed: nobody is signed out, nobody is taken for a thief', async (t) => {
    const { url, database, instances, start } = await install(t)
    const [, stopped, killed] = instances as [Instance, Instance, Instance]
    const clients: RefreshingClient[] = []
    for (let i = 0; i < 20; i++)
      clients.push(new RefreshingClient((await signUp(`http://127.0.0.1:${stopped.port}`, `user-${i}`)).refreshToken))
    let isOver = false
    const running = clients.map((client) => client.keepRefreshing(url, () => isOver))
    await setTimeout(4 * leeway * 1000)
    stopped.child.kill('SIGSTOP')
    await setTimeout(4 * leeway * 1000)
    stopped.child.kill('SIGCONT')
    await setTimeout(500)
    killed.child.kill('SIGKILL')
    await setTimeout(4 * leeway * 1000)
    await start(killed.port)
    await setTimeout(1000)
    isOver = true
    await Promise.all(running)

    assert.deepEqual(
      clients.flatMap(({ refusals }) => refusals),
      [],
    )
    for (const client of clients) await client.refreshOnce(url)
    assert.deepEqual(
      clients.flatMap(({ refusals }) => refusals),
      [],
      'every session lives',
    )
    const rotations = clients.reduce((sum, client) => sum + client.rotations, 0)
    assert.ok(rotations >= 2 * clients.length, `${rotations} rotations`)
    assert.ok(
      clients.some(({ troubles }) => troubles > 0),
      'the faults were felt',
    )
    const thefts = await ask(database, "SELECT 1 FROM countersign.audit WHERE event = 'refresh.reuse'")
    assert.deepEqual(thefts, [])
  })
})
