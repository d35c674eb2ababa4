// What becomes of the SQLite file once its content is in PostgreSQL: two databases must not go on with the same sessions.
import assert from 'node:assert/strict'
import { after, describe, type TestContext, test } from 'node:test'
import { copyInstallation } from '../../administration/copy.ts'
import { openPostgresStore } from '../../store/postgres/postgres-store.ts'
import { newLocation } from '../../store/sqlite/sqlite-store.fixture.ts'
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts'
import { newEmptyDatabase, skip, stopCluster } from '../postgres-cluster.ts'
import { spawnServer } from '../running-server.ts'
import { createTestClient, form } from '../test-client.ts'
import { ada, startTestServer } from '../test-server.ts'

async function startSmall(t: TestContext) {
  const path = newLocation((remove) => t.after(remove))
  const store = openSqliteStore({ path })
  const server = startTestServer(t, { store })
  const tokens = await server.signUp()
  const client = await createTestClient(server, ['tokens:introspect', 'revocations:read'])
  const url = await newEmptyDatabase((remove) => t.after(remove))
  return { path, store, server, tokens, client, url }
}

describe('an SQLite file that was moved to PostgreSQL', { skip }, () => {
  after(stopCluster)

  test('lets a server that still runs on it answer nothing but 503: neither writes nor reads', async (t) => {
    const { path, server, tokens, client, url } = await startSmall(t)
    const session = { json: { ...ada, mode: 'session', transport: 'bearer' } }
    const { sessionToken } = (await server.call('POST', '/api/auth/login', session)).json
    await copyInstallation(`sqlite:${path}`, url)
    const { accessToken, refreshToken } = tokens
    const replies = {
      login: await server.call('POST', '/api/auth/login', { json: ada }),
      refresh: await server.refresh(refreshToken),
      me: await server.call('GET', '/api/auth/me', { token: accessToken }),
      session: await server.call('GET', '/api/auth/me', { token: sessionToken }),
      introspection: await form(server, '/oauth/introspect', { token: accessToken }, client.basic),
      token: await form(server, '/oauth/token', { grant_type: 'client_credentials' }, client.basic),
      ready: await server.call('GET', '/readyz'),
    }
    for (const [name, { status }] of Object.entries(replies)) assert.equal(status, 503, name)
    assert.match(JSON.stringify(server.log), /was moved to PostgreSQL by countersign copy/)
  })

  test('is opened by nothing again, which says where to look', async (t) => {
    const { path, store, url } = await startSmall(t)
    await copyInstallation(`sqlite:${path}`, url)
    const message = /was moved to PostgreSQL by countersign copy.* Set COUNTERSIGN_DATABASE_URL to that database\.$/
    const another = await newEmptyDatabase((remove) => t.after(remove))
    for (const isClosed of [false, true]) {
      if (isClosed) await store.close()
      assert.throws(() => openSqliteStore({ path }), { name: 'UnusableDatabaseError', message })
      await assert.rejects(copyInstallation(`sqlite:${path}`, another), { name: 'UnusableDatabaseError', message })
    }
    const env = { COUNTERSIGN_DATABASE_URL: `sqlite:${path}`, COUNTERSIGN_MASTER_KEY: 'A'.repeat(43), PORT: '0' }
    const { code, stderr } = await spawnServer(t, 'dev', env).ended()
    assert.equal(code, 1)
    assert.match(stderr.trim(), message)
  })

  test('is as it was after a rehearsal, and can be moved afterwards', async (t) => {
    const { path, server, tokens, url } = await startSmall(t)
    await copyInstallation(`sqlite:${path}`, url, { keepsSource: true })
    const { status, json } = await server.refresh(tokens.refreshToken)
    assert.equal(status, 200)
    await openSqliteStore({ path }).close()
    const another = await newEmptyDatabase((remove) => t.after(remove))
    await copyInstallation(`sqlite:${path}`, another)
    const moved = openPostgresStore({ url: another })
    t.after(() => moved.close())
    assert.equal((await startTestServer(t, { store: moved }).refresh(json.refreshToken)).status, 200)
  })
})
