// Texts that JSON, forms and paths can carry and PostgreSQL does not take: zero bytes and halves of characters.
import assert from 'node:assert/strict'
import { after, describe, type TestContext, test } from 'node:test'
import * as fixture from '../../store/postgres/postgres-store.fixture.ts'
import { skip, stopCluster } from '../postgres-cluster.ts'
import { claimsOf, startTestServer } from '../test-server.ts'

async function start(t: TestContext) {
  const server = startTestServer(t, { store: fixture.openAt(await fixture.newLocation((remove) => t.after(remove))) })
  const { accessToken } = await server.signUp()
  return { ...server, accessToken, userId: String(claimsOf(accessToken).sub) }
}

describe('a text that PostgreSQL does not take', { skip }, () => {
  after(stopCluster)

  test('names no session, user or client', async (t) => {
    const { call, server, signIn, userId } = await start(t)
    await server.updateAccount(userId, { roles: ['admin'] })
    const token = (await signIn()).accessToken
    assert.equal((await call('DELETE', '/api/auth/sessions/%00', { token })).status, 404)
    assert.equal((await call('POST', '/api/admin/users/a%00b/suspend', { token })).status, 404)
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const body = 'grant_type=client_credentials&client_id=a%00b&client_secret=x'
    assert.equal((await call('POST', '/oauth/token', { body, headers: form })).status, 401)
    const authorization = `Basic ${Buffer.from('%00:x').toString('base64')}`
    const basic = { body: 'grant_type=client_credentials', headers: { ...form, authorization } }
    assert.equal((await call('POST', '/oauth/token', basic)).status, 401)
  })

  test('is refused by name in what an administrator writes', async (t) => {
    const { call, server, signIn, userId } = await start(t)
    await server.updateAccount(userId, { roles: ['admin'] })
    const token = (await signIn()).accessToken
    for (const json of [
      { sub_id: { format: 'session', sid: '\0' } },
      { sub_id: { format: 'jwt_id', iss: 'https://auth.example.com', jti: '\ud800' } },
      { sub_id: { format: 'jwt_id', iss: 'https://auth.example.com', jti: 'x' }, reason: '\0' },
    ])
      assert.equal((await call('POST', '/api/admin/revocations', { token, json })).status, 400)
  })

  test('is refused as a claim or role', async (t) => {
    const { server, userId } = await start(t)
    for (const change of [{ claims: { a: 'x\0' } }, { claims: { a: [{ '\ud800': 1 }] } }, { roles: ['\0'] }])
      await assert.rejects(server.updateAccount(userId, change), /TypeError: (claims|roles) cannot be written as JSON/)
    await server.updateAccount(userId, { claims: { a: '\\u0000 😀' } })
  })
})
