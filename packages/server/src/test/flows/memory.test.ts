import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { migratePostgres } from '../../store/postgres/migrations.ts'
import { openPostgresStore } from '../../store/postgres/postgres-store.ts'
import { newEmptyDatabase, skip as noPostgres, stopCluster } from '../postgres-cluster.ts'
import { createTestClient, form, type TestClient } from '../test-client.ts'
import { startTestServer, type TestServer, type Tokens } from '../test-server.ts'

after(stopCluster)
setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** What may be left of a stretch of requests, bytes: code that V8 makes of what it has seen often. A thousand of them that each leave 200 bytes are found. */
const mostLeft = 200_000

/** Tells how many bytes are left, on the heap and beside it, once all garbage is collected. */
async function measure(): Promise<number> {
  for (let round = 0; round < 4; round++) {
    collect()
    await sleep(20)
  }
  return getHeapStatistics().used_heap_size + process.memoryUsage().arrayBuffers
}

/** Requests of many kinds, eight of each under way at once, and of each as many as asked. */
async function load(server: TestServer, client: TestClient, signedIn: Tokens, times: number): Promise<Tokens> {
  const { call, clock, refresh } = server
  const never = () => randomBytes(9).toString('hex')
  let tokens = signedIn
  for (let done = 0; done < times; done += 8) {
    // Past the time for which a refresh token is kept this is a rotation. Not too often: some thousand verified tokens are remembered on purpose.
    if (done % 80 === 0) {
      clock.now += 61_000
      tokens = (await refresh(tokens.refreshToken)).json
    }
    const { accessToken: token, refreshToken } = tokens
    const kinds: [number, () => Promise<{ readonly status: number }>][] = [
      [200, () => refresh(refreshToken)],
      [200, () => call('GET', '/api/auth/me', { token })],
      [200, () => form(server, '/oauth/introspect', { token }, client.basic)],
      [200, () => form(server, '/oauth/token', { grant_type: 'client_credentials' }, client.basic)],
      [401, () => call('GET', '/api/auth/me')],
      [404, () => call('GET', `/${never()}`)],
      [400, () => call('POST', '/api/auth/login', { json: { email: never() } })],
    ]
    const all = Array.from({ length: 8 }).flatMap(() => kinds)
    const answers = await Promise.all(all.map(([, ask]) => ask()))
    assert.deepEqual(
      answers.map(({ status }) => status),
      all.map(([status]) => status),
    )
  }
  return tokens
}

/** Tells what a stretch of requests leaves: the median of three, as V8 lets go of megabytes of idle code in one of them. */
async function findWhatIsLeft(server: TestServer, times: number): Promise<number> {
  const client = await createTestClient(server, ['tokens:introspect'])
  let tokens = await load(server, client, await server.signUp(), times)
  const left: number[] = []
  for (let stretch = 0; stretch < 3; stretch++) {
    const before = await measure()
    tokens = await load(server, client, tokens, times)
    left.push((await measure()) - before)
  }
  return left.sort((one, other) => one - other)[1] as number
}

const log = { debug() {}, info() {}, warn() {}, error() {} }

test('keeps nothing in memory of requests that are answered', async (t) => {
  assert.ok((await findWhatIsLeft(startTestServer(t, { log }), 1000)) < mostLeft)
})

test('keeps nothing in memory of requests that are answered on PostgreSQL', { skip: noPostgres }, async (t) => {
  const url = await newEmptyDatabase((remove) => t.after(remove))
  await migratePostgres(url)
  assert.ok((await findWhatIsLeft(startTestServer(t, { log, store: openPostgresStore({ url }) }), 600)) < mostLeft)
})
