// A database that is put back from a backup: PostgreSQL in place and into another cluster, and a SQLite file.
import assert from 'node:assert/strict'
import { renameSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { completeRestore } from '../../administration/complete-restore.ts'
import { migratePostgres } from '../../store/postgres/migrations.ts'
import { openPostgresStore } from '../../store/postgres/postgres-store.ts'
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts'
import type { Store } from '../../store/store.ts'
import { startFollowingApi, until } from '../following-api.ts'
import { ask, type Cluster, copyFolder, runProgram, skipOwn as skip, startCluster } from '../postgres-cluster.ts'
import { newFolder, refresh, signIn, signUp, spawnServer, startDev } from '../running-server.ts'

const masterKey = 'A'.repeat(43)
const act = { actor: 'test', reason: 'a test' }

async function newCluster(t: TestContext): Promise<Cluster> {
  const cluster = await startCluster()
  t.after(cluster.remove)
  return cluster
}

async function withStore<Result>(url: string, work: (store: Store) => Promise<Result>): Promise<Result> {
  const store = openPostgresStore({ url })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

function startServer(t: TestContext, url: string) {
  const folder = newFolder(t)
  const env = { COUNTERSIGN_DATABASE_URL: url, COUNTERSIGN_MASTER_KEY: masterKey, COUNTERSIGN_DATA_DIR: folder }
  return startDev(t, { ...env, COUNTERSIGN_LOG_LEVEL: 'info' })
}

const logout = (issuer: string, token: string) =>
  fetch(`${issuer}/api/auth/logout`, { method: 'POST', headers: { authorization: `Bearer ${token}` } })

async function publishedBy(issuer: string): Promise<string[]> {
  const { keys } = (await (await fetch(`${issuer}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] }
  return keys.map(({ kid }) => kid)
}

const kidOf = (token: string): string => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid

describe('a database that is put back from a backup', { skip }, () => {
  test('in place, which nobody can see, un-revokes nothing where it was known; restore-complete ends the rest', async (t) => {
    const cluster = await newCluster(t)
    await migratePostgres(cluster.url)
    const server = await startServer(t, cluster.url)
    const { issuer } = server
    const api = await startFollowingApi(t, issuer, cluster.url)
    const [ada, bob] = [await signUp(issuer, 'ada'), await signUp(issuer, 'bob')]
    await cluster.end()
    const backup = `${newFolder(t)}/backup`
    copyFolder(cluster.folder, backup)
    await cluster.start()
    await until('the server is ready', async () => (await fetch(`${issuer}/readyz`)).status === 200)
    await logout(issuer, ada.refreshToken)
    await api.refuses(ada.accessToken)
    const leaked = kidOf(bob.accessToken)
    await withStore(cluster.url, (store) => store.revoke({ kind: 'key', kid: leaked }, act))
    await api.refuses(bob.accessToken)

    await cluster.end('SIGQUIT')
    copyFolder(backup, cluster.folder)
    await cluster.start()
    await until('a new history', () => /"event":"revocations.epoch"/.test(server.output.stderr))
    await api.isLive()
    assert.equal(await api.statusOf(ada.accessToken), 401, 'what was revoked stays revoked')
    assert.equal(await api.statusOf(bob.accessToken), 401, 'and so does what was signed with a revoked key')
    const later = await startFollowingApi(t, issuer, cluster.url)
    assert.equal(await later.statusOf(ada.accessToken), 200, 'nobody can know what the backup does not')

    await withStore(cluster.url, (store) => completeRestore(store, false, act))
    for (const one of [api, later]) for (const { accessToken } of [ada, bob]) await one.refuses(accessToken)
    for (const { refreshToken } of [ada, bob]) assert.equal((await refresh(issuer, refreshToken)).status, 401)
    await setTimeout(1000)
    const { accessToken, refreshToken } = await signIn(issuer, 'bob')
    await until('no key of the backup is published', async () => !(await publishedBy(issuer)).includes(leaked))
    assert.equal((await publishedBy(issuer))[0], kidOf(accessToken))
    await api.isLive()
    assert.deepEqual([await api.statusOf(accessToken), (await refresh(issuer, refreshToken)).status], [200, 200])
  })

  test('into another cluster is told: start refuses until restore-complete', async (t) => {
    const [one, two] = [await newCluster(t), await newCluster(t)]
    await migratePostgres(one.url)
    const server = await startServer(t, one.url)
    const ada = await signUp(server.issuer, 'ada')
    const dump = runProgram('pg_dump', ['--dbname', one.url, '--schema=countersign'])
    server.child.kill('SIGTERM')
    await server.ended()
    runProgram('psql', ['--quiet', '--set=ON_ERROR_STOP=1', '--dbname', two.url], dump)

    const env = {
      ...{ PORT: '0', COUNTERSIGN_DATABASE_URL: two.url, COUNTERSIGN_MASTER_KEY: masterKey },
      ...{ COUNTERSIGN_ISSUER: 'http://localhost:4000', COUNTERSIGN_AUDIENCE: 'http://localhost:4000' },
    }
    for (const mode of ['start', 'dev']) {
      const { code, stderr } = await spawnServer(t, mode, { ...env, COUNTERSIGN_DATA_DIR: newFolder(t) }).ended()
      assert.equal(code, 1)
      assert.match(stderr, /^The database was restored into another cluster\. Run: countersign restore-complete/m)
    }
    await withStore(two.url, (store) => completeRestore(store, false, act))
    const restored = await startServer(t, two.url)
    assert.equal((await refresh(restored.issuer, ada.refreshToken)).status, 401)
    await setTimeout(1000)
    assert.ok((await signIn(restored.issuer, 'ada')).accessToken)
  })

  test('a replica that takes over begins a new history under the servers that run', async (t) => {
    const cluster = await newCluster(t)
    await migratePostgres(cluster.url)
    const server = await startServer(t, cluster.url)
    const api = await startFollowingApi(t, server.issuer, cluster.url)
    const ada = await signUp(server.issuer, 'ada')
    await logout(server.issuer, ada.refreshToken)
    await api.refuses(ada.accessToken)
    const [before] = await ask(cluster.url, 'SELECT epoch FROM countersign.revocation_feed')
    await cluster.end()
    cluster.makeStandby()
    await cluster.start()
    await ask(cluster.url, 'SELECT pg_promote()')
    await until('a new history', async () => {
      const [now] = await ask(cluster.url, 'SELECT epoch FROM countersign.revocation_feed')
      return now?.epoch !== before?.epoch
    })
    await api.isLive()
    assert.equal(await api.statusOf(ada.accessToken), 401)
    const bob = await signUp(server.issuer, 'bob')
    assert.equal((await refresh(server.issuer, bob.refreshToken)).status, 200)
  })

  test('keeps its sessions where an operator says that nothing was lost', async (t) => {
    const cluster = await newCluster(t)
    await migratePostgres(cluster.url)
    const server = await startServer(t, cluster.url)
    const { refreshToken } = await signUp(server.issuer, 'ada')
    await ask(cluster.url, "UPDATE countersign.revocation_feed SET epoch = 'moved-7-1'")
    server.child.kill('SIGTERM')
    await server.ended()
    await withStore(cluster.url, (store) => completeRestore(store, true, act))
    const moved = await startServer(t, cluster.url)
    assert.equal((await refresh(moved.issuer, refreshToken)).status, 200)
  })
})

describe('a SQLite file', () => {
  test('that was copied while its server ran is put back: restore-complete ends what nobody can know of', async (t) => {
    const folder = newFolder(t)
    const path = `${folder}/countersign.db`
    const first = await startDev(t, { COUNTERSIGN_DATA_DIR: folder })
    const [ada, bob] = [await signUp(first.issuer, 'ada'), await signUp(first.issuer, 'bob')]
    const running = new DatabaseSync(path)
    running.exec(`VACUUM INTO '${folder}/copy.db'`)
    running.close()
    await logout(first.issuer, ada.refreshToken)
    first.child.kill('SIGTERM')
    await first.ended()
    for (const name of ['countersign.db', 'countersign.db-wal', 'countersign.db-shm'])
      rmSync(`${folder}/${name}`, { force: true })
    renameSync(`${folder}/copy.db`, path)

    const store = openSqliteStore({ path })
    await completeRestore(store, false, act)
    await store.close()
    const restored = await startDev(t, { COUNTERSIGN_DATA_DIR: folder })
    for (const { refreshToken } of [ada, bob]) assert.equal((await refresh(restored.issuer, refreshToken)).status, 401)
    await setTimeout(1000)
    const { refreshToken } = await signIn(restored.issuer, 'bob')
    assert.equal((await refresh(restored.issuer, refreshToken)).status, 200)
  })
})
