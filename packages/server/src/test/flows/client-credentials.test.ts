import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createTestClient, form } from '../test-client.ts'
import { claimsOf, issuer, startTestServer } from '../test-server.ts'

describe('POST /oauth/token with client credentials (RFC 6749 §4.4)', () => {
  test('gives a client a token of its own', async (t) => {
    const server = startTestServer(t, { audience: 'https://api.example.com' })
    const { id, basic } = await createTestClient(server, ['orders:read', 'orders:write'])
    const reply = await form(server, '/oauth/token', { grant_type: 'client_credentials', scope: 'orders:read' }, basic)
    assert.equal(reply.status, 200, reply.text)
    assert.equal(reply.headers.get('cache-control'), 'no-store')
    const { access_token: token, ...rest } = reply.json
    assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 600, scope: 'orders:read' })
    const { iat, exp, jti, ...claims } = claimsOf(token)
    assert.deepEqual(claims, {
      iss: issuer,
      aud: 'https://api.example.com',
      sub: id,
      client_id: id,
      scope: 'orders:read',
    })
    assert.equal(Number(exp) - Number(iat), 600)
    assert.equal(typeof jti, 'string')
  })

  test('takes the secret from the form too (RFC 6749 §2.3.1)', async (t) => {
    const server = startTestServer(t)
    const { id, secret } = await createTestClient(server, ['a'])
    const body = { grant_type: 'client_credentials', client_id: id, client_secret: secret }
    assert.equal((await form(server, '/oauth/token', body)).json.scope, 'a')
  })

  test('gives the scopes of this server a token for this server', async (t) => {
    const server = startTestServer(t, { audience: 'https://api.example.com' })
    const { basic } = await createTestClient(server, ['revocations:read', 'orders:read'])
    const ask = async (more: Record<string, string>) =>
      (await form(server, '/oauth/token', { grant_type: 'client_credentials', ...more }, basic)).json
    assert.equal(claimsOf((await ask({ scope: 'revocations:read' })).access_token).aud, issuer)
    assert.equal(claimsOf((await ask({ resource: issuer })).access_token).aud, issuer)
    assert.equal((await ask({ resource: 'https://other.example.com' })).error, 'invalid_target')
  })

  const refused: [string, Record<string, string>, string, number][] = [
    ['no grant type', {}, 'invalid_request', 400],
    ['another grant type', { grant_type: 'password' }, 'unsupported_grant_type', 400],
    ['a scope that the client may not have', { grant_type: 'client_credentials', scope: 'a b' }, 'invalid_scope', 400],
    ['a malformed scope', { grant_type: 'client_credentials', scope: 'a"' }, 'invalid_scope', 400],
    ['two ways of authentication', { grant_type: 'client_credentials', client_secret: 'x' }, 'invalid_request', 400],
  ]
  for (const [what, body, error, status] of refused) {
    test(`refuses ${what} as RFC 6749 §5.2 says`, async (t) => {
      const server = startTestServer(t)
      const { basic } = await createTestClient(server, ['a'])
      const reply = await form(server, '/oauth/token', body, basic)
      assert.equal(reply.status, status)
      assert.equal(reply.json.error, error)
      assert.equal(typeof reply.json.error_description, 'string')
      assert.deepEqual(Object.keys(reply.json), ['error', 'error_description'])
      assert.match(reply.headers.get('content-type') ?? '', /^application\/json/)
    })
  }

  test('refuses an unknown client, a wrong secret and a disabled client alike', async (t) => {
    const server = startTestServer(t)
    const { id, basic, secret } = await createTestClient(server, ['a'])
    const grant = { grant_type: 'client_credentials' }
    const ask = (name: string, given: string) =>
      form(server, '/oauth/token', grant, `Basic ${Buffer.from(`${name}:${given}`).toString('base64')}`)
    const replies = [
      await ask('nobody', secret),
      await ask(id, `${secret}x`),
      await form(server, '/oauth/token', grant),
    ]
    await server.store.disableClient(id, { actor: 'test', reason: '' })
    replies.push(await form(server, '/oauth/token', grant, basic))
    for (const reply of replies) {
      assert.equal(reply.status, 401)
      assert.equal(reply.json.error, 'invalid_client')
      assert.equal(reply.headers.get('www-authenticate'), `Basic realm="${issuer}"`)
      assert.equal(reply.text, replies[0]?.text)
    }
  })

  test('refuses a parameter that came twice, and what is no form', async (t) => {
    const server = startTestServer(t)
    const { basic } = await createTestClient(server, ['a'])
    const headers = { authorization: basic, 'content-type': 'application/x-www-form-urlencoded' }
    const twice = 'grant_type=client_credentials&grant_type=client_credentials'
    assert.equal((await server.call('POST', '/oauth/token', { body: twice, headers })).json.error, 'invalid_request')
    const json = await server.call('POST', '/oauth/token', { json: { grant_type: 'client_credentials' } })
    assert.equal(json.status, 415)
  })

  test('a token from before the client was disabled opens nothing here any more', async (t) => {
    const server = startTestServer(t)
    const { id, token } = await createTestClient(server, ['revocations:read'])
    const accessToken = await token()
    assert.equal((await server.call('GET', '/revocations/snapshot', { token: accessToken })).status, 200)
    server.clock.now += 1000
    await server.store.disableClient(id, { actor: 'test', reason: '' })
    assert.equal((await server.call('GET', '/revocations/snapshot', { token: accessToken })).status, 401)
  })
})

describe('POST /oauth/introspect (RFC 7662)', () => {
  test('says what a good token says, for clients that may ask', async (t) => {
    const server = startTestServer(t, { defaultScopes: ['orders:read'] })
    const { basic } = await createTestClient(server, ['tokens:introspect'])
    const { accessToken } = await server.signUp()
    const { sub, sid, jti, iat, exp } = claimsOf(accessToken)
    const reply = await form(server, '/oauth/introspect', { token: accessToken }, basic)
    assert.deepEqual(reply.json, {
      ...{ active: true, iss: issuer, aud: [issuer], sub, client_id: 'first-party', jti, iat, exp },
      ...{ scope: 'orders:read', token_type: 'Bearer', sid, auth_time: iat },
    })
  })

  test('says nothing of a token that is no good, whatever the cause (RFC 7662 §2.2)', async (t) => {
    const server = startTestServer(t)
    const { basic } = await createTestClient(server, ['tokens:introspect'])
    const { accessToken, refreshToken } = await server.signUp()
    const other = await server.signIn()
    await server.call('POST', '/api/auth/logout', { json: { refreshToken: other.refreshToken } })
    for (const token of ['nonsense', `${accessToken}x`, refreshToken, other.accessToken])
      assert.deepEqual((await form(server, '/oauth/introspect', { token }, basic)).json, { active: false })
  })

  test('knows every kind of revocation', async (t) => {
    for (const kind of ['token', 'session', 'user', 'key', 'all'] as const) {
      const server = startTestServer(t)
      const { basic } = await createTestClient(server, ['tokens:introspect'])
      const { accessToken } = await server.signUp()
      const claims = claimsOf(accessToken)
      const { kid } = JSON.parse(Buffer.from(accessToken.split('.')[0] ?? '', 'base64url').toString())
      const target = { kind, jti: claims.jti, sid: claims.sid, userId: claims.sub, kid } as never
      const isActive = async () => (await form(server, '/oauth/introspect', { token: accessToken }, basic)).json.active
      // One that comes again is remembered: its signature held.
      for (let time = 0; time < 3; time++) assert.equal(await isActive(), true)
      assert.deepEqual(await server.store.revoke(target, { actor: 'test', reason: '' }), { outcome: 'revoked' })
      const reply = await form(server, '/oauth/introspect', { token: accessToken }, basic)
      assert.deepEqual(reply.json, { active: false }, kind)
    }
  })

  test('knows at once when a token that it has seen before is too old, and when its client is disabled', async (t) => {
    const server = startTestServer(t)
    const { basic, id } = await createTestClient(server, ['tokens:introspect'])
    const { accessToken } = await server.signUp()
    const ask = () => form(server, '/oauth/introspect', { token: accessToken }, basic)
    for (let time = 0; time < 3; time++) assert.equal((await ask()).json.active, true)
    server.clock.now += 11 * 60_000
    assert.deepEqual((await ask()).json, { active: false })
    await server.store.disableClient(id, { actor: 'test', reason: '' })
    const reply = await ask()
    assert.deepEqual([reply.status, reply.json.error], [401, 'invalid_client'])
  })

  test('tells nothing of a good token to whom it does not know', async (t) => {
    const server = startTestServer(t)
    const { id } = await createTestClient(server, ['tokens:introspect'])
    const { accessToken: token } = await server.signUp()
    for (const client_secret of ['wrong', '']) {
      const reply = await form(server, '/oauth/introspect', { token, client_id: id, client_secret })
      assert.deepEqual([reply.status, reply.json.error], [401, 'invalid_client'])
    }
  })

  test('answers only clients with the scope tokens:introspect', async (t) => {
    const server = startTestServer(t)
    const { basic } = await createTestClient(server, ['other'])
    assert.equal((await form(server, '/oauth/introspect', { token: 'x' }, basic)).status, 403)
    assert.equal((await form(server, '/oauth/introspect', { token: 'x' })).status, 401)
  })

  test('signs its answer on request (RFC 9701)', async (t) => {
    const server = startTestServer(t)
    const { basic, id } = await createTestClient(server, ['tokens:introspect'])
    const { accessToken } = await server.signUp()
    const headers = {
      authorization: basic,
      accept: 'application/token-introspection+jwt',
      'content-type': 'application/x-www-form-urlencoded',
    }
    const reply = await server.call('POST', '/oauth/introspect', { body: `token=${accessToken}`, headers })
    assert.equal(reply.headers.get('content-type'), 'application/token-introspection+jwt')
    const { aud, token_introspection: answer } = claimsOf(reply.text)
    assert.equal(aud, id)
    assert.equal((answer as { active: boolean }).active, true)
    const header = JSON.parse(Buffer.from(reply.text.split('.')[0] ?? '', 'base64url').toString())
    assert.equal(header.typ, 'token-introspection+jwt')
  })
})

describe('POST /oauth/revoke (RFC 7009)', () => {
  test('ends the session of a refresh token', async (t) => {
    const server = startTestServer(t)
    const { refreshToken, accessToken } = await server.signUp()
    assert.equal((await form(server, '/oauth/revoke', { token: refreshToken })).status, 200)
    assert.equal((await server.refresh(refreshToken)).status, 401)
    assert.equal((await server.call('GET', '/api/auth/me', { token: accessToken })).status, 401)
  })

  test('ends an access token alone; its session goes on', async (t) => {
    const server = startTestServer(t)
    const { refreshToken, accessToken } = await server.signUp()
    assert.equal((await form(server, '/oauth/revoke', { token: accessToken })).status, 200)
    assert.equal((await server.call('GET', '/api/auth/me', { token: accessToken })).status, 401)
    const { accessToken: next } = (await server.refresh(refreshToken)).json
    assert.equal((await server.call('GET', '/api/auth/me', { token: next })).status, 200)
  })

  test('answers 200 for what is no token (RFC 7009 §2.2)', async (t) => {
    const server = startTestServer(t)
    for (const token of ['nonsense', 'rt1.AAAA', 'a.b.c'])
      assert.equal((await form(server, '/oauth/revoke', { token })).status, 200)
    assert.equal((await form(server, '/oauth/revoke', {})).status, 400)
  })

  test("a client revokes its own tokens and nobody else's", async (t) => {
    const server = startTestServer(t)
    const { basic, token } = await createTestClient(server, ['revocations:read'])
    const own = await token()
    const { accessToken } = await server.signUp()
    await form(server, '/oauth/revoke', { token: accessToken }, basic)
    assert.equal((await server.call('GET', '/api/auth/me', { token: accessToken })).status, 200)
    await form(server, '/oauth/revoke', { token: own })
    assert.equal((await server.call('GET', '/revocations/snapshot', { token: own })).status, 200)
    await form(server, '/oauth/revoke', { token: own }, basic)
    assert.equal((await server.call('GET', '/revocations/snapshot', { token: own })).status, 401)
  })
})
