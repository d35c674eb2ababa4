// Two servers on one database, of which one revokes its signing key and makes another.
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { createTestClient, form } from '../test-client.ts'
import { startTestServer } from '../test-server.ts'

async function revokeKeyOfOne(t: TestContext) {
  const one = startTestServer(t)
  await one.signUp()
  const two = startTestServer(t, { store: one.store })
  await two.signIn()
  const { kid } = (await one.store.listSigningKeyRecords())[0] ?? {}
  assert.equal(
    (await one.store.revoke({ kind: 'key', kid: kid ?? '' }, { actor: 'test', reason: '' })).outcome,
    'revoked',
  )
  return { one, two, token: (await one.signIn()).accessToken }
}

describe('a token that another server has signed with its new key', () => {
  test('is taken by our own endpoints', async (t) => {
    const { two, token } = await revokeKeyOfOne(t)
    assert.equal((await two.call('GET', '/api/auth/me', { token })).status, 200)
  })

  test('is taken at /forward-auth, by the server that signed it too', async (t) => {
    const { one, two, token } = await revokeKeyOfOne(t)
    for (const server of [one, two]) assert.equal((await server.call('GET', '/forward-auth', { token })).status, 204)
  })

  test('ends its session at a logout', async (t) => {
    const { one, two, token } = await revokeKeyOfOne(t)
    await two.call('POST', '/api/auth/logout', { token })
    assert.equal((await one.call('GET', '/api/auth/me', { token })).status, 401)
  })
})

test('an answer of introspection is not signed with a key that another server has revoked', async (t) => {
  const { two } = await revokeKeyOfOne(t)
  const { basic: authorization } = await createTestClient(two, ['tokens:introspect'])
  const accept = 'application/token-introspection+jwt'
  const headers = { authorization, accept, 'content-type': 'application/x-www-form-urlencoded' }
  const { text } = await two.call('POST', '/oauth/introspect', { body: 'token=x', headers })
  const { kid } = JSON.parse(Buffer.from(text.split('.')[0] ?? '', 'base64url').toString())
  const live = (await two.store.listSigningKeys()).map((key) => key.kid)
  assert.equal(kid, live[0], 'the one that signs')
})

test('a signed snapshot of the feed is not signed with a key that another server has revoked', async (t) => {
  const { one, two } = await revokeKeyOfOne(t)
  const { basic } = await createTestClient(one, ['revocations:read'])
  const { json } = await form(one, '/oauth/token', { grant_type: 'client_credentials' }, basic)
  const headers = { accept: 'application/jwt' }
  const { text } = await two.call('GET', '/revocations/snapshot', { token: json.access_token, headers })
  const { kid } = JSON.parse(Buffer.from(text.split('.')[0] ?? '', 'base64url').toString())
  const live = (await two.store.listSigningKeys()).map((key) => key.kid)
  assert.equal(kid, live[0], 'the one that signs')
})

test('/forward-auth, once asked, takes the tokens of a later key', async (t) => {
  const server = startTestServer(t)
  const { accessToken } = await server.signUp()
  assert.equal((await server.call('GET', '/forward-auth', { token: accessToken })).status, 204)
  const { kid } = (await server.store.listSigningKeyRecords())[0] ?? {}
  await server.store.revoke({ kind: 'key', kid: kid ?? '' }, { actor: 'test', reason: '' })
  const { accessToken: later } = await server.signIn()
  assert.equal((await server.call('GET', '/forward-auth', { token: later })).status, 204)
  assert.equal((await server.call('GET', '/forward-auth', { token: accessToken })).status, 401)
})
