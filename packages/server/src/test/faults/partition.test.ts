// A server that is cut off from the database while the other goes on.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { migratePostgres } from '../../store/postgres/migrations.ts'
import { assertSurvives } from '../partition.ts'
import { type Cluster, skipOwn as skip, startCluster } from '../postgres-cluster.ts'
import { startRelay } from '../relay.ts'
import { newFolder, type RunningServer, startDev } from '../running-server.ts'

const worker = fileURLToPath(new URL('../partition-worker.ts', import.meta.url))
const allowsNamespaces =
  existsSync('/usr/bin/nsenter') &&
  existsSync('/usr/bin/curl') &&
  spawnSync('/usr/bin/unshare', [
    '--net',
    '/usr/sbin/ip',
    'link',
    'add',
    'cable',
    'type',
    'veth',
    'peer',
    'name',
    'other',
  ]).status === 0

const addressOf = ({ output }: RunningServer) => /^ {2}Listening +(\S+)$/m.exec(output.stdout)?.[1] ?? ''

async function startPair(t: TestContext, cluster: Cluster, cutUrl: string): Promise<RunningServer[]> {
  await migratePostgres(cluster.url)
  const shared = {
    ...{ COUNTERSIGN_MASTER_KEY: 'A'.repeat(43), COUNTERSIGN_DATA_DIR: newFolder(t) },
    COUNTERSIGN_ISSUER: 'http://localhost:4000',
  }
  return Promise.all([cluster.url, cutUrl].map((url) => startDev(t, { ...shared, COUNTERSIGN_DATABASE_URL: url })))
}

describe('a server that is cut off from the database', { skip }, () => {
  test('whose connections hang answers 503 in time, lets nobody in, and goes on without a loss', async (t) => {
    const cluster = await startCluster()
    t.after(cluster.remove)
    const { port: databasePort } = new URL(cluster.url)
    const relay = await startRelay(Number(databasePort))
    t.after(() => relay.close())
    const throughRelay = Object.assign(new URL(cluster.url), { port: String(relay.port) }).href
    const [free, cut] = await startPair(t, cluster, throughRelay)
    assert.ok(free && cut)
    await assertSurvives({
      ...{ url: addressOf(free), database: cluster.url, cut: relay.cut, heal: relay.heal },
      async askCut(method, path, token) {
        const headers: Record<string, string> = token === '' ? {} : { authorization: `Bearer ${token}` }
        const reply = await fetch(addressOf(cut) + path, { method, headers })
        return { status: reply.status, body: await reply.text() }
      },
    })
  })

  // Where the machine permits network namespaces, the cable itself is pulled.
  if (allowsNamespaces) {
    test('whose cable is pulled does the same', async () => {
      const child = spawn('/usr/bin/unshare', ['--net', process.execPath, ...process.execArgv, worker], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let output = ''
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
      const code = await new Promise((resolve) => child.once('close', resolve))
      assert.equal(code, 0, output)
    })
  }
})
