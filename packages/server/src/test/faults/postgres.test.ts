// The server as processes of its own on one PostgreSQL database.
import assert from 'node:assert/strict'
import { after, describe, type TestContext, test } from 'node:test'
import { migratePostgres } from '../../store/postgres/migrations.ts'
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
function startAll(t: TestContext, url: string, count: number): Promise<RunningServer[]> {
  const shared = {
    COUNTERSIGN_DATABASE_URL: url,
    COUNTERSIGN_MASTER_KEY: masterKey,
    COUNTERSIGN_DATA_DIR: newFolder(t),
  }
  const one = { ...shared, COUNTERSIGN_ISSUER: 'http://localhost:4000', COUNTERSIGN_LOG_LEVEL: 'info' }
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
    assert.match(stderr, /lacks what this version needs \(Tables and functions\)\. Run: countersign migrate/)
    assert.ok(!(stdout + stderr).includes('hunter2'))
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
    const name = new URL(url).pathname.slice(1)
    const admin = Object.assign(new URL(url), { pathname: '/postgres' }).href
    await ask(admin, `ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`)
    await ask(admin, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`)
    const away = await refresh(address, refreshToken)
    assert.deepEqual([away.status, away.headers.get('retry-after')], [503, '1'])
    const me = () => fetch(`${address}/api/auth/me`, { headers: { authorization: `Bearer ${accessToken}` } })
    assert.equal((await me()).status, 503)
    assert.equal((await fetch(`${address}/readyz`)).status, 503)
    assert.equal((await fetch(`${address}/healthz`)).status, 200)
    await ask(admin, `ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS true`)
    assert.equal((await refresh(address, refreshToken)).status, 200)
    assert.equal((await me()).status, 200)
    assert.equal((await fetch(`${address}/readyz`)).status, 200)
  })
})
