import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ada, claimsOf, startTestServer } from '../test-server.ts'

test('a proxy is told that a request may go on, and whose it is', async (t) => {
  const { signUp, call } = startTestServer(t, { defaultScopes: ['orders:read'] })
  const { accessToken } = await signUp()
  const reply = await call('GET', '/forward-auth', { token: accessToken })
  assert.deepEqual([reply.status, reply.text], [204, ''])
  assert.equal(reply.headers.get('x-auth-request-user'), claimsOf(accessToken).sub)
  assert.equal(reply.headers.get('x-auth-request-scope'), 'orders:read')
  assert.equal(reply.headers.get('x-auth-request-roles'), '')
  assert.equal(reply.headers.get('cache-control'), 'no-store')
})

test('a proxy is told no without a token, with a bad one, and right after a logout', async (t) => {
  const { signUp, call } = startTestServer(t)
  const { accessToken, refreshToken } = await signUp()
  assert.deepEqual((await call('GET', '/forward-auth')).headers.get('www-authenticate'), 'Bearer')
  for (const token of ['nonsense', `${accessToken}x`])
    assert.equal((await call('GET', '/forward-auth', { token })).status, 401)
  assert.equal((await call('GET', '/forward-auth', { token: accessToken })).status, 204)
  await call('POST', '/api/auth/logout', { json: { refreshToken } })
  const reply = await call('GET', '/forward-auth', { token: accessToken })
  assert.equal(reply.status, 401)
  assert.equal(reply.headers.get('www-authenticate'), 'Bearer error="invalid_token"')
  assert.equal(reply.headers.get('x-auth-request-user'), null)
})

test('the query says which scope and role a location asks for', async (t) => {
  const { signUp, signIn, server, call } = startTestServer(t, { defaultScopes: ['orders:read'] })
  const { sub } = claimsOf((await signUp()).accessToken)
  await server.updateAccount(String(sub), { roles: ['admin', 'owner'] })
  const { accessToken: token } = await signIn(ada.email, ada.password)
  for (const [query, status] of [
    ['scope=orders:read', 204],
    ['scope=orders:write', 403],
    ['scope=orders:read+orders:write', 403],
    ['role=admin', 204],
    ['role=guest&role=owner', 204],
    ['role=guest', 403],
    ['scopes=orders:write', 500],
    ['scope=', 500],
  ] as const)
    assert.equal((await call('GET', `/forward-auth?${query}`, { token })).status, status, query)
  const reply = await call('GET', '/forward-auth', { token })
  assert.equal(reply.headers.get('x-auth-request-roles'), 'admin,owner')
  assert.equal(reply.headers.get('remote-groups'), 'admin,owner')
})
