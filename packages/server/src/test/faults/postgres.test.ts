// The server as processes of its own on one PostgreSQL database.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { registerClient } from '../../clients/register-client.ts'
import { migratePostgres } from '../../store/postgres/migrations.ts'
import { openPostgresStore } from '../../store/postgres/postgres-store.ts'
import { EventReader, type ReadEvent } from '../event-reader.ts'
import { ask, newEmptyDatabase, skip, stopCluster } from '../postgres-cluster.ts'
import { newFolder, type RunningServer, refresh, signUp, spawnServer, startDev } from '../running-server.ts'
import { claimsOf } from '../test-server.ts'

const masterKey = 'A'.repeat(43)

async function newDatabase(t: TestContext): Promise<string> {
  const url = await newEmptyDatabase((remove) => t.after(remove))
  await migratePostgres(url)
  return url
}

/** Servers of one installation. */
function startAll(
  t: TestContext,
  url: string,
  count: number,
  env: Record<string, string> = {},
): Promise<RunningServer[]> {
  const shared = {
    COUNTERSIGN_DATABASE_URL: url,
    COUNTERSIGN_MASTER_KEY: masterKey,
    COUNTERSIGN_DATA_DIR: newFolder(t),
  }
  const one = { ...shared, COUNTERSIGN_ISSUER: 'http://localhost:4000', COUNTERSIGN_LOG_LEVEL: 'info', ...env }
  return Promise.all(Array.from({ length: count }, () => startDev(t, one)))
}

/** Where it listens: the issuer is that of all. */
function addressOf({ output }: RunningServer): string {
  return /^ {2}Listening +(\S+)$/m.exec(output.stdout)?.[1] ?? ''
}

describe('servers on one PostgreSQL database', { skip }, () => {
  after(stopCluster)

  test('start does not migrate, and says what to run; its password is in no message', async (t) => {
    const url = await newEmptyDatabase((remove) => t.after(remove))
    const secret = Object.assign(new URL(url), { password: 'hunter2' }).href
    const env = {
      ...{ PORT: '0', COUNTERSIGN_DATABASE_URL: secret, COUNTERSIGN_MASTER_KEY: masterKey },
      ...{ COUNTERSIGN_ISSUER: 'https://auth.example.com', COUNTERSIGN_AUDIENCE: 'https://api.example.com' },
    }
    const { code, stdout, stderr } = await spawnServer(t, 'start', env).ended()
    assert.equal(code, 1)
    assert.match(stderr, /lacks what this version needs \(Tables, .*Functions\)\. Run: countersign migrate/)
    assert.ok(!(stdout + stderr).includes('hunter2'))
  })

  test('start goes on after a step of a newer version, and not after one that takes away what it needs', async (t) => {
    const url = await newDatabase(t)
    const env = {
      ...{ PORT: '0', COUNTERSIGN_DATABASE_URL: url, COUNTERSIGN_MASTER_KEY: masterKey },
      ...{ COUNTERSIGN_ISSUER: 'https://auth.example.com', COUNTERSIGN_AUDIENCE: 'https://api.example.com' },
    }
    await ask(url, "INSERT INTO countersign.schema_steps VALUES ('A column more', now(), '0.1.0')")
    const { child, output, ended } = spawnServer(t, 'start', env)
    while (child.exitCode === null && !output.stdout.includes('server.ready')) await setTimeout(20)
    child.kill('SIGTERM')
    assert.equal((await ended()).code, 0)
    await ask(url, "INSERT INTO countersign.schema_steps VALUES ('A column less', now(), '99.0.0')")
    const { code, stderr } = await spawnServer(t, 'start', env).ended()
    assert.equal(code, 1)
    assert.match(
      stderr,
      /^The database was migrated by a newer version of Countersign.*\(A column less: 99\.0\.0 or newer\)/,
    )
  })

  test('a database that does not answer: one sentence, exit 1', async (t) => {
    const env = {
      ...{ PORT: '0', COUNTERSIGN_DATABASE_URL: 'postgres://user:hunter2@127.0.0.1:1/none' },
      ...{ COUNTERSIGN_MASTER_KEY: masterKey, COUNTERSIGN_DATA_DIR: newFolder(t) },
    }
    const { code, stderr } = await spawnServer(t, 'dev', env).ended()
    assert.equal(code, 1)
    assert.match(stderr, /^The database postgres:\/\/127\.0\.0\.1:1\/none cannot be opened: .*ECONNREFUSED/m)
    assert.ok(!stderr.includes('hunter2'))
  })

  test('a server opens as many connections as it may, and serves more requests than that at once', async (t) => {
    const url = await newDatabase(t)
    const [server] = await startAll(t, url, 1, { COUNTERSIGN_DATABASE_CONNECTIONS: '3' })
    const address = addressOf(server as RunningServer)
    const { accessToken, refreshToken } = await signUp(address, 'ada')
    const request = (method: string, path: string, token: string) =>
      fetch(address + path, { method, headers: { authorization: `Bearer ${token}` } })
    const replies = await Promise.all(
      Array.from({ length: 30 }, () => [
        request('GET', '/api/auth/me', accessToken),
        request('POST', '/api/auth/refresh', refreshToken),
      ]).flat(),
    )
    assert.deepEqual([...new Set(replies.map(({ status }) => status))], [200])
    const opened = "SELECT count(*)::integer AS count FROM pg_stat_activity WHERE application_name = 'countersign'"
    assert.equal((await ask(url, `${opened} AND datname = current_database()`))[0]?.count, 3)
  })

  test('any request goes to any of them, and what one ends the other refuses', async (t) => {
    const [a, b] = await startAll(t, await newDatabase(t), 2)
    const [one, two] = [addressOf(a as RunningServer), addressOf(b as RunningServer)]
    assert.notEqual(one, two)
    const { refreshToken, accessToken } = await signUp(one, 'ada')
    const refreshed = await refresh(two, refreshToken)
    assert.equal(refreshed.status, 200)
    const me = (url: string) => fetch(`${url}/api/auth/me`, { headers: { authorization: `Bearer ${accessToken}` } })
    assert.deepEqual([(await me(one)).status, (await me(two)).status], [200, 200])
    const kids = await Promise.all([one, two].map(async (url) => (await fetch(`${url}/.well-known/jwks.json`)).text()))
    assert.equal(kids[0], kids[1])
    assert.equal(claimsOf(accessToken).iss, 'http://localhost:4000')
    await fetch(`${two}/api/auth/logout`, { method: 'POST', headers: { authorization: `Bearer ${refreshToken}` } })
    assert.equal((await me(one)).status, 401)
    assert.equal((await refresh(one, refreshToken)).status, 401)
  })

  test('while the database is away they answer 503 and let nobody in, and go on when it is back', async (t) => {
    const url = await newDatabase(t)
    const [server] = await startAll(t, url, 1)
    const address = addressOf(server as RunningServer)
    const { refreshToken, accessToken } = await signUp(address, 'ada')
    const me = () => fetch(`${address}/api/auth/me`, { headers: { authorization: `Bearer ${accessToken}` } })
    await cutOff(url, async () => {
      const away = await refresh(address, refreshToken)
      assert.deepEqual([away.status, away.headers.get('retry-after')], [503, '1'])
      assert.equal((await me()).status, 503)
      assert.equal((await fetch(`${address}/readyz`)).status, 503)
      assert.equal((await fetch(`${address}/healthz`)).status, 200)
    })
    assert.equal((await refresh(address, refreshToken)).status, 200)
    assert.equal((await me()).status, 200)
    assert.equal((await fetch(`${address}/readyz`)).status, 200)
  })

  test('what one writes the other tells its readers; cut off from the database, it tells them nothing, and later everything', async (t) => {
    const url = await newDatabase(t)
    const [a, b] = await startAll(t, url, 2)
    const [one, two] = [addressOf(a as RunningServer), addressOf(b as RunningServer)]
    const reader = await openFeed(t, url, two)
    const revoked: unknown[] = []
    let heartbeats = 0
    void (async () => {
      for (let event = await reader.next(); event !== undefined; event = await reader.next()) {
        if (event.event === 'hb') heartbeats++
        if (event.event === 'rev') revoked.push(revokedBy(event))
      }
    })().catch(() => {})
    await until(() => heartbeats > 1)
    const { refreshToken, accessToken } = await signUp(one, 'ada')
    const logout = (token: string) =>
      fetch(`${one}/api/auth/logout`, { method: 'POST', headers: { authorization: `Bearer ${token}` } })
    await logout(refreshToken)
    await until(() => revoked.includes(claimsOf(accessToken).sid))

    const second = await signUp(one, 'bob')
    await cutOff(url, async () => {
      // Heartbeats that were on their way come first.
      await setTimeout(1000)
      const cutAt = heartbeats
      await setTimeout(3000)
      assert.equal(heartbeats, cutAt, 'a server that is cut off tells that it knows')
    })
    await logout(second.refreshToken)
    await until(() => revoked.includes(claimsOf(second.accessToken).sid))
    const before = heartbeats
    await until(() => heartbeats > before)
  })
})

/** Takes the database away from everyone while something happens. */
async function cutOff(url: string, meanwhile: () => Promise<void>): Promise<void> {
  const name = new URL(url).pathname.slice(1)
  const admin = Object.assign(new URL(url), { pathname: '/postgres' }).href
  await ask(admin, `ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`)
  await ask(admin, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`)
  try {
    await meanwhile()
  } finally {
    await ask(admin, `ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS true`)
  }
}

/** Follows the feed at a server, as a client of the registry. */
async function openFeed(t: TestContext, url: string, address: string): Promise<EventReader> {
  const store = openPostgresStore({ url })
  const registration = { name: 'A reader', scope: ['revocations:read'] }
  const client = await registerClient(store, registration, { actor: 'test', reason: '' }, randomBytes)
  await store.close()
  const body = new URLSearchParams({ grant_type: 'client_credentials' })
  const basic = Buffer.from(`${client?.clientId}:${client?.clientSecret}`).toString('base64')
  const answer = await fetch(`${address}/oauth/token`, {
    method: 'POST',
    body,
    headers: { authorization: `Basic ${basic}` },
  })
  const { access_token: token } = (await answer.json()) as { access_token: string }
  const authorized = { headers: { authorization: `Bearer ${token}` } }
  const snapshot = (await (await fetch(`${address}/revocations/snapshot`, authorized)).json()) as {
    epoch: string
    seq: number
  }
  const headers = { ...authorized.headers, 'last-event-id': `${snapshot.epoch}:${snapshot.seq}` }
  const stream = await fetch(`${address}/revocations/stream`, { headers })
  if (stream.body === null) throw new Error('no stream')
  const reader = new EventReader(stream.body)
  t.after(() => reader.close())
  return reader
}

/** What the first entry of an event revokes. */
function revokedBy({ data }: ReadEvent): unknown {
  return (data.e as [string, string][])[0]?.[1]
}

/** Waits for what comes within ten seconds. */
async function until(isTrue: () => boolean): Promise<void> {
  for (let waited = 0; !isTrue(); waited += 20) {
    if (waited > 10_000) throw new Error('it did not come')
    await setTimeout(20)
  }
}
