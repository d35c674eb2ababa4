import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createVerifier, importJwkSet } from '@countersign/token'
import { ada, claimsOf, issuer, startTestServer } from '../test-server.ts'

describe('registration', () => {
  test('answers 201 with the id and address, and never the password', async (t) => {
    const { call } = startTestServer(t)
    const reply = await call('POST', '/api/auth/register', { json: ada })
    assert.equal(reply.status, 201)
    assert.match(reply.json.user.id, /^usr_[\w-]{22}$/)
    assert.deepEqual(Object.keys(reply.json), ['user'])
    assert.deepEqual(Object.keys(reply.json.user), ['id', 'email'])
    assert.equal(reply.json.user.email, ada.email)
  })

  test('of a known address has the same shape and makes nothing', async (t) => {
    const { call, signIn } = startTestServer(t)
    const first = await call('POST', '/api/auth/register', { json: ada })
    const second = await call('POST', '/api/auth/register', {
      json: { email: 'ADA@example.com', password: 'another password' },
    })
    assert.equal(second.status, 201)
    assert.notEqual(second.json.user.id, first.json.user.id)
    assert.deepEqual(Object.keys(second.json.user), Object.keys(first.json.user))
    assert.equal(claimsOf((await signIn()).accessToken).sub, first.json.user.id)
    assert.equal(
      (await call('POST', '/api/auth/login', { json: { ...ada, password: 'another password' } })).status,
      401,
    )
  })
})

describe('login', () => {
  test('answers with exactly the members of the contract and forbids keeping the answer', async (t) => {
    const { call, signUp } = startTestServer(t)
    await signUp()
    const reply = await call('POST', '/api/auth/login', { json: ada })
    assert.equal(reply.status, 200)
    assert.deepEqual(Object.keys(reply.json).sort(), ['accessToken', 'expiresIn', 'refreshToken', 'tokenType'])
    assert.equal(reply.json.tokenType, 'Bearer')
    assert.equal(reply.json.expiresIn, 600)
    assert.match(reply.json.refreshToken, /^rt1\.[\w-]+$/)
    assert.equal(reply.headers.get('cache-control'), 'no-store')
  })

  test('finds an address whatever its case', async (t) => {
    const { signUp, signIn } = startTestServer(t)
    await signUp('Ada@Example.com')
    assert.ok(await signIn('ADA@EXAMPLE.COM'))
  })

  test('answers an unknown address and a wrong password alike', async (t) => {
    const { call, signUp } = startTestServer(t)
    await signUp()
    const wrong = await call('POST', '/api/auth/login', { json: { ...ada, password: 'not it at all' } })
    const unknown = await call('POST', '/api/auth/login', { json: { ...ada, email: 'eve@example.com' } })
    assert.equal(wrong.status, 401)
    assert.deepEqual([unknown.status, unknown.text], [wrong.status, wrong.text])
    assert.equal(wrong.json.code, 'invalid_credentials')
    assert.equal(wrong.json.error, 'invalid_credentials')
    assert.equal(wrong.headers.get('www-authenticate'), `Bearer realm="${issuer}"`)
  })

  test('keeps a password of 256 characters whole', async (t) => {
    const { signUp, call } = startTestServer(t)
    const password = 'ä€😀'.repeat(64)
    await signUp(ada.email, password)
    assert.equal(
      (await call('POST', '/api/auth/login', { json: { ...ada, password: password.slice(0, -2) } })).status,
      401,
    )
  })
})

describe('the access token', () => {
  test('is an RFC 9068 token that the published key verifies, and holds no personal data', async (t) => {
    const { call, signUp, clock } = startTestServer(t)
    const { accessToken } = await signUp()
    const { keys } = importJwkSet((await call('GET', '/.well-known/jwks.json')).json)
    const verify = createVerifier({
      keys,
      algorithms: ['ES256'],
      issuer,
      audience: issuer,
      typ: 'at+jwt',
      now: () => clock.now / 1000,
    })
    const claims = verify(accessToken)
    const names = 'amr aud auth_time client_id exp iat iss jti roles scope sid sub'.split(' ')
    assert.deepEqual(Object.keys(claims).sort(), names)
    assert.deepEqual(
      [claims.client_id, claims.roles, claims.scope, claims.amr, claims.auth_time, claims.iat, claims.exp],
      ['first-party', [], '', ['pwd'], 1_800_000_000, 1_800_000_000, 1_800_000_600],
    )
    assert.ok(!JSON.stringify(claims).includes('ada'))
    const header = JSON.parse(Buffer.from(accessToken.split('.')[0] ?? '', 'base64url').toString())
    assert.deepEqual(header, { alg: 'ES256', kid: keys[0]?.kid, typ: 'at+jwt' })
  })

  test('has a new jti each time and the session id of its login', async (t) => {
    const { signUp, refresh } = startTestServer(t)
    const first = await signUp()
    const second = (await refresh(first.refreshToken)).json
    const [before, after] = [claimsOf(first.accessToken), claimsOf(second.accessToken)]
    assert.notEqual(before.jti, after.jti)
    assert.equal(before.sid, after.sid)
  })

  test('carries the roles of the user and the scopes that they give', async (t) => {
    const { server, signUp, refresh } = startTestServer(t, {
      defaultScopes: ['profile'],
      roleScopes: { editor: ['articles:write'] },
    })
    const tokens = await signUp()
    assert.equal(claimsOf(tokens.accessToken).scope, 'profile')
    await server.updateAccount(String(claimsOf(tokens.accessToken).sub), { roles: ['editor'] })
    const claims = claimsOf((await refresh(tokens.refreshToken)).json.accessToken)
    assert.deepEqual([claims.roles, claims.scope], [['editor'], 'profile articles:write'])
  })

  test('can be narrowed in scope at login and at refresh, never widened', async (t) => {
    const { call, signUp } = startTestServer(t, { defaultScopes: ['a', 'b', 'c'] })
    await signUp()
    const login = (await call('POST', '/api/auth/login', { json: { ...ada, scope: 'b a nope' } })).json
    assert.equal(claimsOf(login.accessToken).scope, 'a b')
    assert.equal(login.scope, 'a b')
    const refreshed = (
      await call('POST', '/api/auth/refresh', { json: { refreshToken: login.refreshToken, scope: 'b c' } })
    ).json
    assert.equal(claimsOf(refreshed.accessToken).scope, 'b')
    const again = (await call('POST', '/api/auth/refresh', { json: { refreshToken: refreshed.refreshToken } })).json
    assert.equal(claimsOf(again.accessToken).scope, 'a b')
  })

  test('is for the first audience unless login or refresh takes another of the list', async (t) => {
    const { call, signUp } = startTestServer(t, { audience: ['https://api.example.com', 'https://admin.example.com'] })
    const tokens = await signUp()
    assert.equal(claimsOf(tokens.accessToken).aud, 'https://api.example.com')
    const audience = 'https://admin.example.com'
    const other = await call('POST', '/api/auth/refresh', { json: { refreshToken: tokens.refreshToken, audience } })
    assert.equal(claimsOf(other.json.accessToken).aud, audience)

    const narrowed = await call('POST', '/api/auth/login', { json: { ...ada, audience } })
    assert.equal(claimsOf(narrowed.json.accessToken).aud, audience)
    const { refreshToken } = narrowed.json
    assert.equal(
      claimsOf((await call('POST', '/api/auth/refresh', { json: { refreshToken } })).json.accessToken).aud,
      audience,
    )
    const widened = await call('POST', '/api/auth/refresh', {
      json: { refreshToken, audience: 'https://api.example.com' },
    })
    assert.deepEqual([widened.status, widened.json.errors[0].member], [400, 'audience'])
    const unknown = await call('POST', '/api/auth/login', { json: { ...ada, audience: 'https://evil.example.com' } })
    assert.deepEqual([unknown.status, unknown.json.errors[0].member], [400, 'audience'])
  })

  test("carries the application's claims and the user's own", async (t) => {
    const { server, signUp, refresh } = startTestServer(t, {
      accessTokenClaims: (user, session) => ({ tenant: `${user.id} ${session.sid}` }),
    })
    const tokens = await signUp()
    const { sub, sid, tenant } = claimsOf(tokens.accessToken)
    assert.equal(tenant, `${sub} ${sid}`)
    assert.equal(await server.updateAccount(String(sub), { claims: { plan: 'gold' } }), 'updated')
    assert.equal(claimsOf((await refresh(tokens.refreshToken)).json.accessToken).plan, 'gold')
  })

  test('never carries a registered claim of the application, nor personal data that was not allowed', async (t) => {
    const overriding = startTestServer(t, { accessTokenClaims: () => ({ sub: 'someone else' }) })
    await assert.rejects(overriding.signUp(), /500/)
    const leaking = startTestServer(t, { accessTokenClaims: (user) => ({ email: user.email }) })
    await assert.rejects(leaking.signUp(), /500/)
    const allowed = startTestServer(t, {
      accessTokenClaims: (user) => ({ email: user.email }),
      allowPersonalClaims: ['email'],
    })
    assert.equal(claimsOf((await allowed.signUp()).accessToken).email, ada.email)
    await assert.rejects(allowed.server.updateAccount('usr_1', { claims: { roles: ['admin'] } }), TypeError)
  })

  test('does not outlive its session', async (t) => {
    const { signUp } = startTestServer(t, { sessionLifetime: 90, sessionIdleLifetime: 90 })
    const { accessToken, expiresIn } = await signUp()
    assert.equal(expiresIn, 90)
    assert.equal(claimsOf(accessToken).exp, 1_800_000_090)
  })
})

describe('the HS256 setting', () => {
  const secret = 'kV9w2Rz-5tQ8xLmN3pYc7BdFhJ1sGv6A'
  const next = 'Zq4Xe8Uo2Ty6Wr1Pi5As9Df3Gh7Jk0Lb'

  test('signs with the shared secret and publishes nothing', async (t) => {
    const { call, signUp } = startTestServer(t, { signingAlgorithm: 'HS256', signingSecret: secret })
    const { accessToken } = await signUp()
    assert.equal((await call('GET', '/.well-known/jwks.json')).text, '{"keys":[]}')
    assert.equal((await call('GET', '/api/users/profile', { token: accessToken })).status, 200)
  })

  test('accepts a second secret while it is being replaced', async (t) => {
    const before = startTestServer(t, { signingAlgorithm: 'HS256', signingSecret: secret })
    const { accessToken } = await before.signUp()
    const { store } = before
    const during = startTestServer(t, {
      store,
      signingAlgorithm: 'HS256',
      signingSecret: next,
      previousSigningSecret: secret,
    })
    during.clock.now = before.clock.now
    assert.equal((await during.call('GET', '/api/auth/me', { token: accessToken })).status, 200)
    const after = startTestServer(t, { store, signingAlgorithm: 'HS256', signingSecret: next })
    assert.equal((await after.call('GET', '/api/auth/me', { token: accessToken })).status, 401)
  })
})
