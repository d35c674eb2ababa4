/**
 * Feeds marked secrets to every endpoint, in every place where one may stand, while all is well and while the store fails, and searches
 * everything that comes out: the log at its lowest level, refusals, metrics, spans.
 */
import assert from 'node:assert/strict'
import { after, describe, type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { pino } from 'pino'
import type { AuthorizationServerOptions } from '../../options.ts'
import { migratePostgres } from '../../store/postgres/migrations.ts'
import { openPostgresStore } from '../../store/postgres/postgres-store.ts'
import { newLocation } from '../../store/sqlite/sqlite-store.fixture.ts'
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts'
import type { Store } from '../../store/store.ts'
import { createMetrics } from '../../telemetry/metrics.ts'
import { ask, newEmptyDatabase, skip as noPostgres, stopCluster } from '../postgres-cluster.ts'
import { newFolder, spawnServer } from '../running-server.ts'
import { createTestClient } from '../test-client.ts'
import { type Call, startTestServer, type TestServer } from '../test-server.ts'

const exporter = new InMemorySpanExporter()
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }))

const ada = { email: 'ada@example.com', password: 'MARKED-a quite long password' }
/** So that no secret is refused before it has come as far as it can; one of the tests has limits. */
const unlimited = { dangerouslyDisableRateLimits: true }
const masterKey = Buffer.from('MARKED-master-key-of-32-bytes!!!')
const signingSecret = 'MARKED-kV9w2Rz-5tQ8xLmN3pYc7BdFhJ1sGv6A'

type Place = readonly [method: string, path: string]

/** A server, what came out of it, and the secrets that may not. */
interface Watched extends TestServer {
  readonly lines: string[]
  readonly secrets: Set<string>
  /** Sends a secret to every endpoint, in every place. */
  sendEverywhere(secret: string): Promise<void>
  /** Searches everything that came out. */
  assertNothingOut(): Promise<void>
}

function startWatched(t: TestContext, store: Store, options: Partial<AuthorizationServerOptions> = {}): Watched {
  const lines: string[] = []
  const refusals: string[] = []
  const metrics = createMetrics({ processMetrics: true })
  const redis = { url: 'redis://:MARKED-redis-password@127.0.0.1:1' }
  const keys = { masterKey, signingAlgorithm: 'HS256', signingSecret } as const
  const log = pino({ level: 'trace' }, { write: (line) => void lines.push(line) })
  const server = startTestServer(t, { ...keys, store, log, metrics, redis, ...options })
  t.after(() => server.server.close())
  exporter.reset()
  const secrets = new Set(['MARKED', masterKey.toString('base64url'), masterKey.toString('hex'), signingSecret])

  async function call(...sent: Parameters<TestServer['call']>) {
    const reply = await server.call(...sent)
    if (reply.status >= 400) refusals.push(reply.text, inspect([...reply.headers]))
    return reply
  }

  return {
    ...{ ...server, call, lines, secrets },
    async sendEverywhere(secret) {
      for (const [method, path] of await listEndpoints(server)) {
        const target = path.replace(/\{\w+\}/, encodeURIComponent(secret))
        for (const way of waysToSend(secret))
          if (method !== 'GET' || !('json' in way || 'body' in way)) await call(method, target, way)
      }
    },
    async assertNothingOut() {
      const spans = exporter
        .getFinishedSpans()
        .map(({ name, attributes, events, status }) => ({ name, attributes, events, status }))
      assert.ok(spans.length > 0 && lines.length > 0 && refusals.length > 0)
      const out = {
        lines,
        refusals,
        metrics: await metrics.text(),
        spans: inspect(spans, { depth: 9, maxArrayLength: null }),
      }
      for (const [where, found] of Object.entries(out))
        for (const secret of secrets) assert.ok(!String(found).includes(secret), `${secret} came out of the ${where}`)
    },
  }
}

/** What openapi.json leaves out, and a path that is none. */
const hidden: readonly Place[] = [
  ['POST', '/auth/refresh'],
  ['POST', '/token/refresh'],
  ['GET', '/docs/api'],
  ['GET', '/metrics'],
  ['GET', '/{it}'],
]

async function listEndpoints({ call }: Pick<TestServer, 'call'>): Promise<readonly Place[]> {
  const { paths } = (await call('GET', '/openapi.json')).json as { paths: Record<string, object> }
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method): Place => [method.toUpperCase(), path]),
  )
  assert.ok(described.length > 25)
  return [...described, ...hidden]
}

function waysToSend(secret: string): readonly Call[] {
  const json = {
    ...{ email: secret, password: secret, currentPassword: secret, newPassword: secret, refreshToken: secret },
    ...{ scope: secret, audience: secret, mode: secret, sub_id: { format: 'session', sid: secret } },
  }
  const form = { grant_type: secret, client_id: secret, client_secret: secret, token: secret, scope: secret }
  const cookies = ['rt', 'at', 'session'].map((kind) => `__Host-${kind}-AAAAAAAA=${secret}`)
  const headers = { 'x-requested-with': 'x', cookie: cookies.join('; '), traceparent: secret, 'x-request-id': secret }
  return [
    {
      token: secret,
      headers: { 'user-agent': secret, 'x-forwarded-for': secret, tracestate: secret, baggage: `a=${secret}` },
    },
    { headers: { authorization: `Basic ${Buffer.from(`${secret}:${secret}`).toString('base64')}` } },
    { headers: { authorization: `DPoP ${secret}`, dpop: secret, accept: secret, 'last-event-id': secret } },
    { json, headers },
    { json, token: secret },
    { body: `{"password":"${secret}`, headers: { 'content-type': 'application/json' } },
    { body: secret, headers: { 'content-type': 'text/plain' } },
    { body: new URLSearchParams(form).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } },
  ]
}

/** Secrets that are good, of each kind. */
async function makeSecrets(server: Watched): Promise<string[]> {
  const { accessToken, refreshToken } = await server.signUp(ada.email, ada.password)
  const login = (json: object) =>
    server.call('POST', '/api/auth/login', { json: { ...ada, ...json }, headers: { 'x-requested-with': 'x' } })
  const { sessionToken } = (await login({ mode: 'session', transport: 'bearer' })).json
  const cookies = await login({ mode: 'cookie', accessToken: 'cookie' })
  const values = cookies.headers.getSetCookie().map((one) => /^[^=]+=([^;]+)/.exec(one)?.[1] ?? '')
  const client = await createTestClient(server, ['revocations:read'])
  const made = [accessToken, refreshToken, sessionToken, ...values, client.secret, await client.token(), ada.password]
  assert.ok(made.length >= 8 && made.every((secret) => secret.length > 20))
  for (const secret of made) server.secrets.add(secret)
  return made
}

/** The refresh tokens of a theft, which the log tells of. */
async function beRobbed({ signIn, refresh, clock, secrets }: Watched): Promise<void> {
  const { refreshToken: first } = await signIn(ada.email, ada.password)
  let last = first
  for (let rotation = 0; rotation < 2; rotation++) {
    clock.now += 61_000
    last = (await refresh(last)).json.refreshToken
    secrets.add(last)
  }
  assert.equal((await refresh(first)).status, 401)
  secrets.add(first)
}

test('nothing that is secret comes out while all is well, whatever is sent where', async (t) => {
  const clock = { now: 1_800_000_000_500 }
  const store = openSqliteStore({ path: newLocation((remove) => t.after(remove)), now: () => clock.now })
  const server = { ...startWatched(t, store, unlimited), clock }
  const made = await makeSecrets(server)
  await beRobbed(server)
  for (const secret of ['MARKED', 'MARKED.MARKED.MARKED', 'rt1.MARKED', 'st1.MARKED', 'cs1_MARKED', ...made])
    await server.sendEverywhere(secret)
  assert.ok(server.lines.some((line) => line.includes('"event":"refresh.reuse"')))
  await server.assertNothingOut()
})

test('nothing that is secret comes out while an embedded database fails', async (t) => {
  const store = openSqliteStore({ path: newLocation((remove) => t.after(remove)) })
  const server = startWatched(t, store)
  const made = await makeSecrets(server)
  await store.close()
  for (const secret of made) await server.sendEverywhere(secret)
  assert.ok(server.lines.some((line) => line.includes('"msg":"request failed"')))
  await server.assertNothingOut()
})

describe('on PostgreSQL', { skip: noPostgres }, () => {
  after(stopCluster)

  test('nothing that is secret comes out while it refuses, nor once it is gone', async (t) => {
    let remove = async () => {}
    const plain = await newEmptyDatabase((end) => (remove = end))
    await migratePostgres(plain)
    const url = Object.assign(new URL(plain), { password: 'MARKED-database-password' }).href
    const server = startWatched(t, openPostgresStore({ url, timeout: 1000 }), unlimited)
    const made = await makeSecrets(server)
    await ask(plain, 'DROP SCHEMA countersign CASCADE')
    for (const secret of made) await server.sendEverywhere(secret)
    assert.ok(server.lines.some((line) => line.includes('"msg":"request failed"')))
    await remove()
    for (const secret of made.slice(0, 3)) await server.sendEverywhere(secret)
    assert.ok(server.lines.some((line) => line.includes('"msg":"request not served"')))
    await server.assertNothingOut()
  })
})

test('a start that cannot reach what its settings name says so without their secrets', async (t) => {
  const settings = {
    ...{ PORT: '0', COUNTERSIGN_ISSUER: 'https://auth.example.com', COUNTERSIGN_AUDIENCE: 'https://api.example.com' },
    ...{ COUNTERSIGN_MASTER_KEY: masterKey.toString('base64url'), COUNTERSIGN_DATA_DIR: newFolder(t) },
    COUNTERSIGN_LOG_LEVEL: 'trace',
  }
  const away = [
    { COUNTERSIGN_DATABASE_URL: 'postgres://ada:MARKED@127.0.0.1:1/countersign' },
    { COUNTERSIGN_DATABASE_URL: 'postgres://ada:MARKED@/MARKED name.invalid:99999/x' },
    { COUNTERSIGN_DATABASE_URL: 'mysql://ada:MARKED@127.0.0.1/x' },
    { COUNTERSIGN_REDIS_URL: 'http://ada:MARKED@127.0.0.1/x' },
  ]
  const ends = await Promise.all(away.map((one) => spawnServer(t, 'start', { ...settings, ...one }).ended()))
  for (const [at, { code, stdout, stderr }] of ends.entries()) {
    assert.ok(code === 1 || code === 2, `${code} for ${Object.keys(away[at] ?? {})}`)
    assert.ok(stderr.length > 20)
    assert.ok(!(stdout + stderr).includes('MARKED') && !(stdout + stderr).includes(settings.COUNTERSIGN_MASTER_KEY))
  }
})
