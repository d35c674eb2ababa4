import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openBrowser } from '../browser-client.ts'
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

test('the store is asked for nobody, nor for a token that names a known key, and a proxy is told no while it is away', async (t) => {
  const { signUp, call, store } = startTestServer(t)
  const { accessToken } = await signUp()
  const forged = `${accessToken.slice(0, -6)}AAAAAA`
  const { readHead } = store
  let asked = 0
  store.readHead = () => {
    asked += 1
    return readHead()
  }
  const ask = async (token?: string) =>
    (await call('GET', '/forward-auth', token === undefined ? {} : { token })).status
  assert.deepEqual([await ask(), await ask('nonsense'), await ask(forged)], [401, 401, 401])
  assert.equal(asked, 0)
  const unknown = accessToken.replace(/^[^.]+/, btoa(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: 'another' })))
  assert.equal(await ask(unknown.replaceAll('=', '')), 401)
  assert.equal(asked, 1)
  await store.close()
  assert.deepEqual([await ask(), await ask('nonsense'), await ask(forged)], [401, 401, 401])
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

test('an access token in a cookie counts, as the method of the original request permits', async (t) => {
  const server = startTestServer(t)
  await server.call('POST', '/api/auth/register', { json: ada })
  const browser = openBrowser(server)
  await browser.login({ accessToken: 'cookie' })
  const cookie = [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const ask = async (headers: Record<string, string>) =>
    (await server.call('GET', '/forward-auth', { headers: { cookie, ...headers } })).status
  assert.equal(await ask({ 'x-forwarded-method': 'GET' }), 204)
  assert.equal(await ask({ 'x-forwarded-method': 'POST', origin: 'https://auth.example.com' }), 204)
  assert.equal(await ask({ 'x-forwarded-method': 'POST', origin: 'https://evil.example' }), 403)
  assert.equal(await ask({ 'x-forwarded-method': 'POST' }), 403)
  assert.equal(await ask({}), 403, 'without the method it may be any')
  await browser.call('POST', '/api/auth/logout')
  assert.equal(await ask({ 'x-forwarded-method': 'GET' }), 401)
})
