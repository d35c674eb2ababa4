import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { migratePostgres } from '../../store/postgres/migrations.ts'
import { openPostgresStore } from '../../store/postgres/postgres-store.ts'
import { newLocation } from '../../store/sqlite/sqlite-store.fixture.ts'
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts'
import { ask, newEmptyDatabase, skip as noPostgres, stopCluster } from '../postgres-cluster.ts'
import { createTestClient } from '../test-client.ts'
import { ada, issuer, type Reply, startTestServer } from '../test-server.ts'

function assertNotReady({ status, headers, json }: Reply, checks: object): void {
  assert.deepEqual([status, headers.get('retry-after'), json.code], [503, '1', 'temporarily_unavailable'])
  assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/)
  assert.deepEqual(json.checks, checks)
}

const fine = { process: 'ok', store: 'ok', keys: 'ok', feed: 'ok' }

test('says that requests can be served, and how each part stands', async (t) => {
  const { call } = startTestServer(t)
  const { status, json } = await call('GET', '/readyz')
  assert.deepEqual([status, json], [200, { status: 'ok', checks: fine }])
})

test('says that the store is away', async (t) => {
  const { call, store, log } = startTestServer(t)
  await call('GET', '/readyz')
  await store.close()
  assertNotReady(await call('GET', '/readyz'), { ...fine, store: 'away' })
  assert.equal(log.at(-1)?.fields.reason, 'not ready: store away')
  assert.ok(log.at(-1)?.fields.err, 'the log has why')
})

test('says that the keys cannot be had, though the store answers', async (t) => {
  const store = openSqliteStore({ path: newLocation((remove) => t.after(remove)) })
  await startTestServer(t, { store }).call('GET', '/readyz')
  const { call, log } = startTestServer(t, { store, masterKey: new Uint8Array(32).fill(8) })
  assertNotReady(await call('GET', '/readyz'), { ...fine, keys: 'unreadable' })
  assert.match(JSON.stringify(log.at(-1)?.fields.err), /another master key/)
})

test('says that it stops, and goes on answering what still comes', async (t) => {
  const { call, server, signUp } = startTestServer(t)
  await signUp()
  server.close()
  assertNotReady(await call('GET', '/readyz'), { ...fine, process: 'stopping' })
  assert.equal((await call('GET', '/healthz')).status, 200)
  assert.equal((await call('GET', '/api/auth/me')).status, 401)
})

test('a feed that stands still is told, and is no reason to take a server away', async (t) => {
  const server = startTestServer(t)
  const { call, store } = server
  const token = await (await createTestClient(server, ['revocations:read'])).token()
  const { epoch, seq } = (await call('GET', '/revocations/snapshot', { token })).json
  store.sequence = () => Promise.reject(new Error('no right to write'))
  const headers = { authorization: `Bearer ${token}`, 'last-event-id': `${epoch}:${seq}` }
  await server.server.fetch(new Request(`${issuer}/revocations/stream`, { headers }))
  const { status, json } = await call('GET', '/readyz')
  assert.deepEqual([status, json.checks], [200, { ...fine, feed: 'stalled' }])
})

test('Redis is told where there is one, and is no reason either', async (t) => {
  const { call, server } = startTestServer(t, { redis: { url: 'redis://127.0.0.1:1' } })
  t.after(() => server.close())
  const { status, json } = await call('GET', '/readyz')
  assert.deepEqual([status, json.checks], [200, { ...fine, redis: 'away', redisMirror: 'away' }])
})

describe('on PostgreSQL', { skip: noPostgres }, () => {
  after(stopCluster)

  test('says that the database takes no writes, as one that was demoted to a replica', async (t) => {
    const url = await newEmptyDatabase((remove) => t.after(remove))
    await migratePostgres(url)
    const { call } = startTestServer(t, { store: openPostgresStore({ url }) })
    const name = new URL(url).pathname.slice(1)
    const admin = Object.assign(new URL(url), { pathname: '/postgres' }).href
    /** Changes how the connections are that come from now on. */
    async function set(change: string): Promise<void> {
      await ask(admin, `ALTER DATABASE ${name} ${change}`)
      await ask(admin, `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '${name}'`)
      // Finds out that the connections are gone.
      await call('GET', '/readyz')
    }
    assert.equal((await call('GET', '/readyz')).status, 200)
    await set('SET default_transaction_read_only = on')
    assertNotReady(await call('GET', '/readyz'), { ...fine, store: 'unwritable' })
    assert.equal((await call('POST', '/api/auth/register', { json: ada })).status, 503)
    await set('RESET ALL')
    assert.equal((await call('GET', '/readyz')).status, 200)
  })

  test('answers within 3 s although every connection is held', async (t) => {
    const url = await newEmptyDatabase((remove) => t.after(remove))
    await migratePostgres(url)
    const store = openPostgresStore({ url, maxConnections: 1, timeout: 10_000 })
    const { call } = startTestServer(t, { store })
    assert.equal((await call('GET', '/readyz')).status, 200)
    const { Client } = await import('pg')
    const blocker = new Client({ connectionString: url })
    await blocker.connect()
    await blocker.query('BEGIN; LOCK TABLE countersign.accounts')
    const held = store.findAccount('whoever')
    const began = performance.now()
    assertNotReady(await call('GET', '/readyz'), { ...fine, store: 'away' })
    assert.ok(performance.now() - began < 3000)
    await blocker.end()
    await held
    assert.equal((await call('GET', '/readyz')).status, 200)
  })
})
