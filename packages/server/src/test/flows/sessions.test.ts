import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ada, claimsOf, startTestServer } from '../test-server.ts'

describe('profile', () => {
  test('shows who the token belongs to, at both of its paths', async (t) => {
    const { signUp, call } = startTestServer(t)
    const { accessToken } = await signUp()
    const expected = {
      id: claimsOf(accessToken).sub,
      email: ada.email,
      emailVerified: false,
      roles: [],
      createdAt: 1_800_000_000,
    }
    for (const path of ['/api/users/profile', '/api/auth/me']) {
      const reply = await call('GET', path, { token: accessToken })
      assert.deepEqual([reply.status, reply.json], [200, { user: expected }])
    }
  })

  test('without a token answers 401 without an error code (RFC 6750 §3.1)', async (t) => {
    const { call } = startTestServer(t)
    for (const headers of [{}, { authorization: 'Basic YTpi' }]) {
      const reply = await call('GET', '/api/users/profile', { headers })
      assert.equal(reply.status, 401)
      assert.equal(reply.headers.get('www-authenticate'), 'Bearer realm="https://auth.example.com"')
    }
  })

  test('with a bad token answers 401 invalid_token, the same for every cause', async (t) => {
    const { call, signUp, clock } = startTestServer(t)
    const { accessToken, refreshToken } = await signUp()
    const replies = []
    for (const token of ['nonsense', 'a.b.c', `${accessToken}x`, refreshToken])
      replies.push(await call('GET', '/api/auth/me', { token }))
    clock.now += 606_000
    replies.push(await call('GET', '/api/auth/me', { token: accessToken }))
    for (const reply of replies) {
      assert.equal(reply.status, 401)
      assert.equal(
        reply.headers.get('www-authenticate'),
        'Bearer realm="https://auth.example.com", error="invalid_token"',
      )
      assert.equal(reply.text, replies[0]?.text)
    }
  })

  test('ignores a token in the query', async (t) => {
    const { call, signUp } = startTestServer(t)
    const { accessToken } = await signUp()
    assert.equal((await call('GET', `/api/auth/me?access_token=${accessToken}`)).status, 401)
  })
})

describe('logout', () => {
  test('ends the session at once for refresh and for our own endpoints', async (t) => {
    const { signUp, call, refresh } = startTestServer(t)
    const { accessToken, refreshToken } = await signUp()
    const reply = await call('POST', '/api/auth/logout', { json: { refreshToken } })
    assert.deepEqual([reply.status, reply.text], [204, ''])
    assert.equal((await refresh(refreshToken)).status, 401)
    assert.equal((await call('GET', '/api/auth/me', { token: accessToken })).status, 401)
  })

  test('takes a refresh token or an access token in the Authorization header', async (t) => {
    const { signUp, signIn, call, refresh } = startTestServer(t)
    await signUp()
    for (const kind of ['accessToken', 'refreshToken'] as const) {
      const tokens = await signIn()
      assert.equal((await call('POST', '/api/auth/logout', { token: tokens[kind] })).status, 204)
      assert.equal((await refresh(tokens.refreshToken)).status, 401, kind)
    }
  })

  test('takes an older refresh token of the session too', async (t) => {
    const { signUp, call, refresh, clock } = startTestServer(t)
    const { refreshToken } = await signUp()
    clock.now += 60_000
    const next = (await refresh(refreshToken)).json.refreshToken
    await call('POST', '/api/auth/logout', { json: { refreshToken } })
    assert.equal((await refresh(next)).status, 401)
  })

  test('answers 204 for any token, and ends no other session', async (t) => {
    const { signUp, call, refresh } = startTestServer(t)
    const { refreshToken } = await signUp()
    for (const json of [{}, { refreshToken: 'rt1.nonsense' }, { refreshToken: 'x' }]) {
      assert.equal((await call('POST', '/api/auth/logout', { json })).status, 204)
    }
    assert.equal((await call('POST', '/api/auth/logout')).status, 204)
    assert.equal((await call('POST', '/api/auth/logout', { headers: { authorization: 'Basic YTpi' } })).status, 204)
    assert.equal((await refresh(refreshToken)).status, 200)
  })

  test('everywhere ends every session of the user and of nobody else', async (t) => {
    const { signUp, signIn, call, refresh } = startTestServer(t)
    const eve = await signUp('eve@example.com')
    const one = await signUp()
    const two = await signIn()
    assert.equal((await call('POST', '/api/auth/logout-all', { token: two.accessToken })).status, 204)
    for (const { refreshToken } of [one, two]) assert.equal((await refresh(refreshToken)).status, 401)
    assert.equal((await refresh(eve.refreshToken)).status, 200)
  })

  test('everywhere and a login in the same second: the new token is not older than the not-before, and its answer waits for it', async (t) => {
    const { signUp, signIn, call, clock } = startTestServer(t)
    const { accessToken } = await signUp()
    await call('POST', '/api/auth/logout-all', { token: accessToken })
    const { accessToken: fresh } = await signIn()
    assert.equal(claimsOf(fresh).iat, 1_800_000_001)
    assert.equal(clock.now, 1_800_000_001_000)
    assert.equal((await call('GET', '/api/auth/me', { token: fresh })).status, 200)
  })
})

describe('sessions', () => {
  test('are listed with the one that asks first, and say where they came from', async (t) => {
    const { signUp, call, clock } = startTestServer(t)
    const first = await signUp()
    clock.now += 5000
    const headers = { 'user-agent': 'A browser '.repeat(40), 'x-forwarded-for': '203.0.113.9' }
    await call('POST', '/api/auth/login', { json: ada, headers })
    const { sessions } = (await call('GET', '/api/auth/sessions', { token: first.accessToken })).json
    assert.deepEqual(sessions[0], {
      ...{ id: claimsOf(first.accessToken).sid, current: true, createdAt: 1_800_000_000, lastSeenAt: 1_800_000_000 },
      ...{ device: null, browser: null, userAgent: null, ip: '192.0.2.7', clientId: 'first-party' },
    })
    assert.equal(sessions.length, 2)
    assert.deepEqual([sessions[1].current, sessions[1].createdAt, sessions[1].ip], [false, 1_800_000_005, '192.0.2.7'])
    assert.equal(sessions[1].userAgent.length, 256)
  })

  test('name the client behind a proxy that is trusted', async (t) => {
    const { signUp, call } = startTestServer(t, { trustedProxies: 1 })
    await signUp()
    const login = await call('POST', '/api/auth/login', {
      json: ada,
      headers: { 'x-forwarded-for': '6.6.6.6, 203.0.113.9' },
    })
    const { sessions } = (await call('GET', '/api/auth/sessions', { token: login.json.accessToken })).json
    assert.equal(sessions[0].ip, '203.0.113.9')
  })

  test('can be ended all but the one that asks, whose access token goes on everywhere', async (t) => {
    const { signUp, signIn, call, refresh, store } = startTestServer(t)
    const others = [await signUp(), await signIn()]
    const { accessToken, refreshToken } = await signIn()
    const stranger = await signUp('bob@example.com')
    assert.equal((await call('DELETE', '/api/auth/sessions', { token: accessToken })).status, 204)
    for (const other of others) assert.equal((await refresh(other.refreshToken)).status, 401)
    assert.equal((await refresh(refreshToken)).status, 200)
    assert.equal((await refresh(stranger.refreshToken)).status, 200)
    const {
      sub = '',
      iat = 0,
      client_id: clientId = '',
    } = claimsOf(accessToken) as Record<string, string> & { iat: number }
    assert.equal(await store.isRevoked({ sub, iat, clientId }), false, 'no not-before of the user')
  })

  test('are as many as the setting says: one more ends the one that was seen longest ago, and the log says so', async (t) => {
    const { signUp, signIn, call, refresh, clock, log } = startTestServer(t, { maxSessionsPerUser: 2 })
    const first = await signUp()
    clock.now += 60_000
    const second = await signIn()
    clock.now += 60_000
    assert.equal((await refresh(first.refreshToken)).status, 200)
    log.splice(0)
    const third = await signIn()
    const [sid, sub] = [claimsOf(second.accessToken).sid, claimsOf(second.accessToken).sub]
    assert.deepEqual(
      log
        .filter(({ fields }) => fields.event === 'session.ended')
        .map(({ fields: { requestId, ...fields } }) => fields),
      [{ event: 'session.ended', sid, sub, reason: 'too_many_sessions' }],
    )
    assert.equal((await refresh(second.refreshToken)).status, 401)
    assert.equal((await call('GET', '/api/auth/me', { token: second.accessToken })).status, 401)
    for (const { accessToken: token } of [first, third])
      assert.equal((await call('GET', '/api/auth/sessions', { token })).json.sessions.length, 2)
  })

  test('can be ended one by one, by their owner alone', async (t) => {
    const { signUp, signIn, call, refresh } = startTestServer(t)
    const mine = await signUp()
    const other = await signIn()
    const eve = await signUp('eve@example.com')
    const path = `/api/auth/sessions/${claimsOf(other.accessToken).sid}`
    const stolen = await call('DELETE', path, { token: eve.accessToken })
    assert.deepEqual([stolen.status, stolen.json.code], [404, 'not_found'])
    assert.equal((await call('DELETE', path, { token: mine.accessToken })).status, 204)
    assert.equal((await call('DELETE', path, { token: mine.accessToken })).status, 204)
    assert.equal((await refresh(other.refreshToken)).status, 401)
    assert.equal((await refresh(mine.refreshToken)).status, 200)
    assert.equal((await call('DELETE', '/api/auth/sessions/unknown', { token: mine.accessToken })).status, 404)
  })
})

describe('password change', () => {
  const change = { currentPassword: ada.password, newPassword: 'another long password' }

  test('ends the other sessions; the one that asked goes on', async (t) => {
    const { signUp, signIn, call, refresh } = startTestServer(t)
    const mine = await signUp()
    const other = await signIn()
    assert.equal((await call('POST', '/api/auth/password', { token: mine.accessToken, json: change })).status, 204)
    assert.equal((await refresh(other.refreshToken)).status, 401)
    assert.equal((await call('GET', '/api/auth/me', { token: other.accessToken })).status, 401)
    assert.equal((await call('GET', '/api/auth/me', { token: mine.accessToken })).status, 200)
    assert.equal((await refresh(mine.refreshToken)).status, 200)
    await assert.rejects(signIn(), /401/)
    assert.ok(await signIn(ada.email, change.newPassword))
  })

  test('needs the present password', async (t) => {
    const { signUp, signIn, call } = startTestServer(t)
    const { accessToken } = await signUp()
    const reply = await call('POST', '/api/auth/password', {
      token: accessToken,
      json: { ...change, currentPassword: 'wrong' },
    })
    assert.deepEqual([reply.status, reply.json.code], [401, 'invalid_credentials'])
    assert.ok(await signIn())
  })

  test('of a password that is too short names the member', async (t) => {
    const { signUp, call } = startTestServer(t)
    const { accessToken } = await signUp()
    const reply = await call('POST', '/api/auth/password', {
      token: accessToken,
      json: { ...change, newPassword: 'short' },
    })
    assert.deepEqual(reply.json.errors, [{ member: 'newPassword', detail: 'must have at least 8 characters' }])
  })

  test('wins over a login that has verified the old password', async (t) => {
    const { store, signUp, call } = startTestServer(t)
    const { accessToken } = await signUp()
    const racing = Array.from({ length: 6 }, () => call('POST', '/api/auth/login', { json: ada }))
    await call('POST', '/api/auth/password', { token: accessToken, json: change })
    for (const reply of await Promise.all(racing)) {
      if (reply.status !== 200) continue
      const again = await call('POST', '/api/auth/refresh', { json: { refreshToken: reply.json.refreshToken } })
      assert.equal(again.status, 401, 'a session of the old password is alive')
    }
    assert.equal((await store.listLiveSessions(String(claimsOf(accessToken).sub))).length, 1)
  })
})

describe('account deletion', () => {
  test('needs the password, and leaves neither sessions nor address', async (t) => {
    const { signUp, signIn, call, refresh } = startTestServer(t)
    const { accessToken, refreshToken } = await signUp()
    const wrong = await call('DELETE', '/api/users/profile', { token: accessToken, json: { currentPassword: 'wrong' } })
    assert.equal(wrong.status, 401)
    assert.equal(
      (await call('DELETE', '/api/users/profile', { token: accessToken, json: { currentPassword: ada.password } }))
        .status,
      204,
    )
    assert.equal((await refresh(refreshToken)).status, 401)
    assert.equal((await call('GET', '/api/auth/me', { token: accessToken })).status, 401)
    await assert.rejects(signIn(), /401/)
    assert.notEqual(claimsOf((await signUp()).accessToken).sub, claimsOf(accessToken).sub)
  })
})
