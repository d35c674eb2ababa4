import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { after, describe, type TestContext, test } from 'node:test'
import { Client } from 'pg'
import type { AuthorizationServerOptions } from '../../options.ts'
import { createAuthorizationServer } from '../../server.ts'
import { migratePostgres } from '../../store/postgres/migrations.ts'
import { openPostgresStore } from '../../store/postgres/postgres-store.ts'
import { createMetrics } from '../../telemetry/metrics.ts'
import { newEmptyDatabase, skip as noPostgres, stopCluster } from '../postgres-cluster.ts'
import { grown, readSamples, type Samples } from '../scrape.ts'
import { createTestClient, form } from '../test-client.ts'
import { ada, issuer, startTestServer } from '../test-server.ts'

const promtool = '/usr/bin/promtool'

function startMeasured(t: TestContext, options: Partial<AuthorizationServerOptions> = {}) {
  const metrics = createMetrics({ processMetrics: true })
  const server = startTestServer(t, { metrics, ...options })
  t.after(() => server.server.close())
  const scrape = async () => readSamples(await metrics.text())
  let before: Samples = new Map()
  /** What has been counted since this was asked last. */
  async function counted(prefix: string): Promise<Record<string, number>> {
    const now = await scrape()
    const found = grown(before, now, prefix)
    before = now
    return found
  }
  return { ...server, metrics, scrape, counted }
}

describe('counts', () => {
  test('sign-ins by their outcome, sessions by mode, tokens by grant', async (t) => {
    const { call, signUp, counted, scrape } = startMeasured(t)
    await signUp()
    await call('POST', '/api/auth/login', { json: { ...ada, password: 'another password' } })
    await call('POST', '/api/auth/login', { json: { ...ada, mode: 'session', transport: 'bearer' } })
    assert.deepEqual(await counted('countersign_sign_ins_total'), {
      '{outcome="signed_in"}': 2,
      '{outcome="invalid_credentials"}': 1,
    })
    const samples = await scrape()
    assert.equal(samples.get('countersign_sessions_opened_total{mode="bearer"}'), 1)
    assert.equal(samples.get('countersign_sessions_opened_total{mode="session_bearer"}'), 1)
    assert.equal(samples.get('countersign_tokens_issued_total{grant="password"}'), 1, 'a session has no token')
    assert.equal(samples.get('countersign_password_hash_duration_seconds_count'), 4)
  })

  test('refreshes by what became of them, theft and its alert among them', async (t) => {
    const { clock, signUp, refresh, counted, scrape } = startMeasured(t)
    const { refreshToken: first } = await signUp()
    await counted('')
    assert.equal((await refresh(first)).status, 200)
    clock.now += 61_000
    const second = (await refresh(first)).json.refreshToken
    clock.now += 61_000
    await refresh(second)
    await refresh(`${second}x`)
    assert.equal((await refresh(first)).status, 401)
    assert.equal((await refresh(second)).status, 401)
    assert.deepEqual(await counted('countersign_refreshes_total'), {
      ...{ '{outcome="held"}': 1, '{outcome="rotated"}': 2, '{outcome="not_ours"}': 1 },
      ...{ '{outcome="reused"}': 1, '{outcome="over"}': 1 },
    })
    const samples = await scrape()
    assert.equal(samples.get('countersign_alerts_total{event="refresh.reuse"}'), 1)
    assert.equal(samples.get('countersign_revocations_total{kind="refresh_token_reuse"}'), 1)
    assert.equal(samples.get('countersign_tokens_issued_total{grant="refresh_token"}'), 3)
    assert.equal(samples.get('countersign_refusals_total{code="invalid_grant"}'), 3)
  })

  test('tokens of clients, and what ends trust by its kind', async (t) => {
    const server = startMeasured(t)
    const { call, signUp, signIn, counted, store } = server
    const { accessToken: token, refreshToken } = await signUp()
    const client = await createTestClient(server, ['revocations:read'])
    await client.token()
    assert.deepEqual((await counted('countersign_tokens_issued_total'))['{grant="client_credentials"}'], 1)
    await call('POST', '/api/auth/logout', { json: { refreshToken } })
    await call('POST', '/api/auth/logout', { json: { refreshToken } })
    await signIn()
    const others = await signIn()
    await call('DELETE', '/api/auth/sessions', { token: others.accessToken })
    await call('POST', '/api/auth/logout-all', { token: others.accessToken })
    await form(server, '/oauth/revoke', { token: await client.token() }, client.basic)
    assert.equal((await call('GET', '/api/auth/me', { token })).status, 401)
    assert.deepEqual(await counted('countersign_revocations_total'), {
      ...{ '{kind="session"}': 1, '{kind="other_sessions"}': 1, '{kind="sessions_of_user"}': 1, '{kind="token"}': 1 },
    })
    await store.close()
  })

  test('requests by method, row and status, and none as in flight once they are answered', async (t) => {
    const { call, signUp, counted, scrape } = startMeasured(t)
    const { accessToken: token } = await signUp()
    await counted('')
    await call('GET', '/api/auth/me', { token })
    await call('DELETE', '/api/auth/sessions/unknown', { token })
    await call('GET', '/api/auth/login')
    assert.deepEqual(await counted('countersign_http_request_duration_seconds_count'), {
      '{method="GET",route="/api/auth/me",status="200"}': 1,
      '{method="DELETE",route="/api/auth/sessions/:sid",status="404"}': 1,
      '{method="GET",route="/api/auth/login",status="405"}': 1,
    })
    assert.equal((await scrape()).get('countersign_http_requests_in_flight'), 0)
  })

  test('calls of the store, and those that fail', async (t) => {
    const { call, signUp, store, counted, scrape } = startMeasured(t)
    await signUp()
    await counted('')
    await store.close()
    assert.equal((await call('POST', '/api/auth/login', { json: ada })).status, 500)
    assert.deepEqual(await counted('countersign_store_errors_total'), { '{call="findCredentials"}': 1 })
    const samples = await scrape()
    assert.equal(samples.get('countersign_store_call_duration_seconds_count{call="openSession"}'), 1)
    assert.equal(samples.get('countersign_sign_ins_total{outcome="server_error"}'), 1)
  })

  test('everything that it may count from 0 on: a counter that appears with 1 has not increased', async (t) => {
    const samples = await startMeasured(t).scrape()
    for (const name of ['refreshes_total{outcome="reused"}', 'alerts_total{event="refresh.reuse"}'])
      assert.equal(samples.get(`countersign_${name}`), 0)
  })
})

test('thousands of paths, methods, addresses, tokens and kids make no new series', async (t) => {
  const server = startMeasured(t, { dangerouslyDisableRateLimits: true })
  const { call, refresh } = server
  /** Those of the process itself come and go with what it does. */
  const series = async () => [...(await server.scrape()).keys()].filter((name) => name.startsWith('countersign_'))
  const client = await createTestClient(server, ['revocations:read'])
  await call('GET', '/revocations/snapshot', { token: await client.token() })
  const token = (kid: string) => {
    const part = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url')
    return `${part({ alg: 'ES256', kid, typ: 'at+jwt' })}.${part({ sub: kid, sid: kid, jti: kid })}.AAAA`
  }
  async function ask(i: number): Promise<void> {
    await call('GET', `/no/such/path-${i}`)
    await call(`METHOD${i}`, '/api/auth/me')
    await call('DELETE', `/api/auth/sessions/${i}`, { token: token(`kid-${i}`) })
    await call('GET', `/api/auth/me?q=${i}`, { token: token(`kid-${i}`), headers: { 'user-agent': `agent ${i}` } })
    await call('POST', '/oauth/token', { json: { client_id: `client-${i}` } })
    await refresh(`rt1.${i}`)
  }
  async function signInAs(i: number): Promise<void> {
    await call('POST', '/api/auth/login', { json: { email: `user-${i}@example.com`, password: 'a wrong password' } })
  }
  await ask(0)
  await signInAs(0)
  const before = await series()
  for (let i = 1; i < 1000; i++) await ask(i)
  for (let i = 1; i < 20; i++) await signInAs(i)
  assert.deepEqual(await series(), before)
  assert.ok(before.length < 1500, `${before.length} series`)
})

test('tells how feed, keys and passwords stand', async (t) => {
  const server = startMeasured(t)
  const { call, scrape, signUp, clock, store } = server
  assert.equal((await scrape()).get('countersign_verification_keys'), 0)
  assert.equal((await scrape()).get('countersign_feed_tick_age_seconds'), Number.POSITIVE_INFINITY)
  await signUp()
  const client = await createTestClient(server, ['revocations:read'])
  const token = await client.token()
  const { epoch, seq } = (await call('GET', '/revocations/snapshot', { token })).json
  const headers = { authorization: `Bearer ${token}`, 'last-event-id': `${epoch}:${seq}` }
  const stream = await server.server.fetch(new Request(`${issuer}/revocations/stream`, { headers }))
  const followed = await scrape()
  assert.deepEqual(
    [
      ...['verification_keys', 'next_signing_key_ready', 'feed_readers', 'feed_stalled', 'feed_sequence'],
      'password_hashes_waiting',
    ].map((name) => followed.get(`countersign_${name}`)),
    [2, 1, 1, 0, seq, 0],
  )
  clock.now += 3000
  await store.close()
  await new Promise((resolve) => setTimeout(resolve, 100))
  const stalled = await scrape()
  assert.equal(stalled.get('countersign_feed_stalled'), 1)
  assert.ok((stalled.get('countersign_feed_tick_age_seconds') ?? 0) >= 2.5)
  assert.equal(stalled.get('countersign_alerts_total{event="revocations.stalled"}'), 1)
  await stream.body?.cancel()
  assert.equal((await scrape()).get('countersign_feed_readers'), 0)
})

describe('on PostgreSQL', { skip: noPostgres }, () => {
  after(stopCluster)

  test('tells what the connections do', async (t) => {
    const url = await newEmptyDatabase((remove) => t.after(remove))
    await migratePostgres(url)
    const { store, scrape } = startMeasured(t, { store: openPostgresStore({ url, maxConnections: 3 }) })
    await store.findAccount('nobody')
    const blocker = new Client({ connectionString: url })
    await blocker.connect()
    await blocker.query('BEGIN; LOCK TABLE countersign.accounts')
    const held = Promise.all(Array.from({ length: 5 }, () => store.updateAccount('nobody', { roles: [] })))
    const told = async () => {
      const samples = await scrape()
      const names = ['connections{state="in_use"}', 'connections{state="idle"}', 'calls_waiting']
      return names.map((name) => samples.get(`countersign_postgres_${name}`))
    }
    // Connections are opened while the calls wait for them.
    for (let wait = 0; wait < 500 && (await told())[0] !== 2; wait++) await new Promise((done) => setTimeout(done, 10))
    // The third is for reading.
    assert.deepEqual(await told(), [2, 1, 3])
    await blocker.end()
    await held
    assert.deepEqual(await told(), [0, 3, 0])
  })
})

test('the text is what Prometheus reads, without a fault of ours', {
  skip: !existsSync(promtool) && 'needs prometheus: apt-get install prometheus',
}, async (t) => {
  const { signUp, metrics } = startMeasured(t)
  await signUp()
  assert.match(metrics.contentType, /^text\/plain; version=0\.0\.4/)
  const { status, stderr, stdout } = spawnSync(promtool, ['check', 'metrics'], {
    input: await metrics.text(),
    encoding: 'utf8',
  })
  const faults = (stdout + stderr).split('\n').filter((line) => line !== '')
  assert.ok(status === 0 || status === 3, `it cannot be parsed: ${faults}`)
  assert.deepEqual(
    faults.filter((line) => !/^nodejs_active_(handles|requests|resources)_total /.test(line)),
    [],
    'three names of prom-client are not as they should be',
  )
})

test('metrics belong to one server, and tell nothing of the process unless they are asked to', async (t) => {
  const metrics = createMetrics()
  const { store } = startTestServer(t, { metrics })
  const options = {
    issuer,
    store,
    masterKey: new Uint8Array(32),
    log: { debug() {}, info() {}, warn() {}, error() {} },
  }
  assert.throws(() => createAuthorizationServer({ ...options, metrics }), /belong to one server/)
  const names = [...readSamples(await metrics.text()).keys()]
  assert.ok(names.length > 20)
  assert.deepEqual(
    names.filter((name) => !name.startsWith('countersign_')),
    [],
  )
})
