// A small installation moves from SQLite to PostgreSQL, and nobody notices.
import assert from 'node:assert/strict'
import { after, describe, type TestContext, test } from 'node:test'
import { copyInstallation } from '../../administration/copy.ts'
import { migratePostgres } from '../../store/postgres/migrations.ts'
import { openPostgresStore } from '../../store/postgres/postgres-store.ts'
import { newLocation } from '../../store/sqlite/sqlite-store.fixture.ts'
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts'
import { newSession } from '../../store/store.contract.ts'
import type { Store } from '../../store/store.ts'
import { ask, newEmptyDatabase, skip, stopCluster } from '../postgres-cluster.ts'
import { createTestClient, form } from '../test-client.ts'
import { ada, claimsOf, startTestServer } from '../test-server.ts'

const act = { actor: 'test', reason: 'a test' }
const tables = ['users', 'accounts', 'sessions', 'signing_keys', 'peppers', 'clients', 'revocations', 'audit']

/** An installation with some of everything. */
async function startSmall(t: TestContext) {
  const path = newLocation((remove) => t.after(remove))
  const store = openSqliteStore({ path })
  const server = startTestServer(t, { store })
  const first = await server.signUp()
  const { sub = '' } = claimsOf(first.accessToken) as { sub?: string }
  await server.server.updateAccount(sub, {
    roles: ['admin', 'éditeur'],
    claims: { plan: { name: 'größte', seats: 3 } },
  })
  const revoked = await server.signIn()
  await server.call('POST', '/api/auth/logout', { json: { refreshToken: revoked.refreshToken } })
  await server.signUp('bob@example.com')
  const { id } = (await store.findCredentials('bob@example.com')) ?? {}
  await store.suspendUser(id ?? '', act)
  const client = await createTestClient(server, ['tokens:introspect', 'revocations:read'])
  const json = { ...ada, mode: 'session', transport: 'bearer' }
  const { sessionToken } = (await server.call('POST', '/api/auth/login', { json })).json
  await store.sequence(1000, 0)
  return { path, store, server, first, revoked, client, sessionToken }
}

async function countOf(store: Store): Promise<object> {
  return { records: (await store.listSigningKeyRecords()).length, clients: (await store.listClients()).length }
}

describe('copy from SQLite to PostgreSQL', { skip }, () => {
  after(stopCluster)

  test('accounts, sessions, keys, clients, revocations and the audit table go on where they were', async (t) => {
    const { path, store, server, first, revoked, client, sessionToken } = await startSmall(t)
    const audit = await store.listAudit(undefined, 100)
    const head = await store.readHead()
    const counts = await countOf(store)
    const published = async (one: typeof server) => (await one.call('GET', '/.well-known/jwks.json')).json
    const keys = await published(server)
    const url = await newEmptyDatabase((remove) => t.after(remove))
    const copied = await copyInstallation(`sqlite:${path}`, url)
    assert.deepEqual(Object.keys(copied), tables)

    const moved = openPostgresStore({ url })
    t.after(() => moved.close())
    assert.deepEqual(await moved.listAudit(undefined, 100), audit)
    assert.deepEqual(await countOf(moved), counts)
    const next = startTestServer(t, { store: moved })
    assert.equal((await moved.readHead()).seq, head.seq)
    const refreshed = await next.refresh(first.refreshToken)
    assert.equal(refreshed.status, 200)
    const { roles, plan } = claimsOf(refreshed.json.accessToken)
    assert.deepEqual([roles, plan], [['admin', 'éditeur'], { name: 'größte', seats: 3 }])
    assert.equal((await next.call('GET', '/api/auth/me', { token: first.accessToken })).status, 200)
    assert.equal((await next.call('GET', '/api/auth/me', { token: sessionToken })).status, 200)
    assert.equal((await next.call('GET', '/api/auth/me', { token: revoked.accessToken })).status, 401)
    assert.equal((await next.refresh(revoked.refreshToken)).status, 401)
    const login = { json: { email: 'bob@example.com', password: ada.password } }
    assert.equal((await next.call('POST', '/api/auth/login', login)).status, 401, 'suspended')
    const introspected = await form(next, '/oauth/introspect', { token: revoked.accessToken }, client.basic)
    assert.deepEqual(introspected.json, { active: false })
    assert.deepEqual(await published(next), keys)

    await next.call('POST', '/api/auth/logout', { json: { refreshToken: refreshed.json.refreshToken } })
    const later = await moved.sequence(1000, 0)
    assert.equal(later.seq, head.seq + 1, 'the feed goes on where it was')
    assert.notEqual(later.epoch, head.epoch)
    await moved.suspendUser(String(claimsOf(first.accessToken).sub), act)
    const [latest] = await moved.listAudit(undefined, 1)
    assert.ok(Number(latest?.id) > Number(audit[0]?.id))
  })

  test('copies more than one batch, and reads back every byte', async (t) => {
    const path = newLocation((remove) => t.after(remove))
    const store = openSqliteStore({ path })
    await store.createAccount({ id: 'usr_1', email: 'ada@example.com', passwordHash: 'hash' })
    const sessions = Array.from({ length: 2345 }, () =>
      newSession({ userId: 'usr_1', maxSessions: 10_000, verified: { passwordVersion: 1 } }),
    )
    await Promise.all(sessions.map((session) => store.openSession(session)))
    const url = await newEmptyDatabase((remove) => t.after(remove))
    const { sessions: copied } = await copyInstallation(`sqlite:${path}`, url, { keepsSource: true })
    assert.equal(copied, sessions.length)
    const moved = openPostgresStore({ url })
    t.after(() => moved.close())
    for (const { ridHash, sid } of sessions.filter((_, index) => index % 100 === 0)) {
      assert.deepEqual(await moved.findLiveSessionByRid(ridHash), await store.findLiveSessionByRid(ridHash))
      assert.equal((await moved.findLiveSession(sid))?.account?.email, 'ada@example.com')
    }
    await store.close()
  })

  test('writes to nothing but an empty database, and leaves one empty when it fails', async (t) => {
    const { path, store } = await startSmall(t)
    const url = await newEmptyDatabase((remove) => t.after(remove))
    await copyInstallation(`sqlite:${path}`, url, { keepsSource: true })
    await assert.rejects(copyInstallation(`sqlite:${path}`, url), /is not empty \(users\)/)
    const other = await newEmptyDatabase((remove) => t.after(remove))
    await migratePostgres(other)
    await ask(other, 'ALTER TABLE countersign.audit ADD CONSTRAINT none CHECK (false)')
    await assert.rejects(copyInstallation(`sqlite:${path}`, other), /violates check constraint/)
    for (const table of tables) assert.deepEqual(await ask(other, `SELECT 1 FROM countersign.${table}`), [], table)
    assert.equal((await store.suspendUser('usr_none', act)).outcome, 'unknown', 'the old one can be written again')
  })

  test('says what cannot be used', async (t) => {
    const path = newLocation((remove) => t.after(remove))
    await openSqliteStore({ path }).close()
    const url = await newEmptyDatabase((remove) => t.after(remove))
    await assert.rejects(copyInstallation('postgres://a/b', url), /--from must be sqlite/)
    await assert.rejects(copyInstallation(`sqlite:${path}`, 'sqlite:other'), /--to must be postgres/)
    await assert.rejects(copyInstallation(`sqlite:${path}.none`, url), /There is no database/)
    const away = copyInstallation(`sqlite:${path}`, 'postgres://user:hunter2@127.0.0.1:1/none')
    await assert.rejects(away, ({ message }: Error) => /ECONNREFUSED/.test(message) && !message.includes('hunter2'))
  })
})
