import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cookiesOf, openBrowser } from '../browser-client.ts'
import { ada, startTestServer, type TestServer } from '../test-server.ts'

const minute = 60_000

async function start(t: Parameters<typeof startTestServer>[0], options = {}): Promise<TestServer> {
  const server = startTestServer(t, options)
  await server.call('POST', '/api/auth/register', { json: ada })
  return server
}

describe('a server-side session in a cookie', () => {
  test('is opened by login, which sets the cookie byte for byte and gives no token', async (t) => {
    const server = await start(t)
    const reply = await openBrowser(server).login({ mode: 'session' })
    assert.deepEqual(Object.keys(reply.json), ['user'])
    assert.deepEqual(Object.keys(reply.json.user).sort(), ['createdAt', 'email', 'emailVerified', 'id', 'roles'])
    const [cookie, ...others] = cookiesOf(reply)
    assert.equal(others.length, 0)
    assert.match(cookie?.name ?? '', /^__Host-session-[A-Za-z0-9_-]{8}$/)
    assert.match(cookie?.value ?? '', /^st1\.[A-Za-z0-9_-]{43}$/)
    assert.deepEqual(cookie?.attributes, ['Max-Age=2592000', 'Path=/', 'Secure', 'HttpOnly', 'SameSite=Lax'])
  })

  test('lets its user at our own endpoints, and refuses at the next request after a logout', async (t) => {
    const server = await start(t)
    const browser = openBrowser(server)
    await browser.login({ mode: 'session' })
    const jar = new Map(browser.jar)
    assert.equal((await browser.call('GET', '/api/users/profile')).json.user.email, ada.email)
    const { sessions } = (await browser.call('GET', '/api/auth/sessions')).json
    assert.deepEqual([sessions.length, sessions[0].current], [1, true])
    assert.equal((await browser.call('POST', '/api/auth/logout')).status, 204)
    assert.equal(browser.jar.size, 0)
    for (const [name, value] of jar) browser.jar.set(name, value)
    assert.equal((await browser.call('GET', '/api/users/profile')).status, 401)
  })

  test('lives half an hour without a request, and as long as there are any within its absolute lifetime', async (t) => {
    const server = await start(t, { sessionLifetime: '2h', sessionIdleLifetime: '2h' })
    const [idle, busy] = [openBrowser(server), openBrowser(server)]
    await idle.login({ mode: 'session' })
    await busy.login({ mode: 'session' })
    const statusOf = async (browser: typeof busy) => (await browser.call('GET', '/api/auth/me')).status
    for (let i = 0; i < 5; i++) {
      server.clock.now += 20 * minute
      assert.equal(await statusOf(busy), 200, `after ${i + 1} times 20 minutes`)
    }
    assert.equal(await statusOf(idle), 401)
    server.clock.now += 20 * minute
    assert.equal(await statusOf(busy), 401, 'two hours are over')
  })

  test('slides by a write at most once a minute', async (t) => {
    const server = await start(t)
    const browser = openBrowser(server)
    await browser.login({ mode: 'session' })
    const lastSeen = async () => (await browser.call('GET', '/api/auth/sessions')).json.sessions[0].lastSeenAt
    const first = await lastSeen()
    server.clock.now += minute - 1
    assert.equal(await lastSeen(), first)
    server.clock.now += 1
    assert.equal(await lastSeen(), first + 60)
  })

  test('ends with a logout everywhere, a password change elsewhere, a suspension', async (t) => {
    const server = await start(t)
    for (const act of ['logout-all', 'password', 'suspend'] as const) {
      const [one, other] = [openBrowser(server), openBrowser(server)]
      const password = act === 'suspend' ? 'the new password of Ada' : ada.password
      await one.login({ mode: 'session', password })
      const { id } = (await other.login({ mode: 'session', password })).json.user
      if (act === 'logout-all') await other.call('POST', '/api/auth/logout-all')
      if (act === 'suspend') await server.store.suspendUser(id, { actor: 'test', reason: '' })
      if (act === 'password') {
        const json = { currentPassword: ada.password, newPassword: 'the new password of Ada' }
        assert.equal((await other.call('POST', '/api/auth/password', { json })).status, 204)
        assert.equal((await other.call('GET', '/api/auth/me')).status, 200, 'the session that asked goes on')
      }
      assert.equal((await one.call('GET', '/api/auth/me')).status, 401, act)
      server.clock.now += 2 * minute
    }
  })

  test('a login ends the session that came with it, so that a planted one is worth nothing (session fixation)', async (t) => {
    const server = await start(t)
    const attacker = openBrowser(server)
    await attacker.login({ mode: 'session' })
    const victim = openBrowser(server)
    for (const [name, value] of attacker.jar) victim.jar.set(name, value)
    await victim.login({ mode: 'session' })
    assert.equal(victim.jar.size, 1)
    assert.equal((await victim.call('GET', '/api/auth/me')).status, 200)
    assert.equal((await attacker.call('GET', '/api/auth/me')).status, 401)
  })

  test('is no refresh token, and a refresh token is no session', async (t) => {
    const server = await start(t)
    const session = openBrowser(server)
    await session.login({ mode: 'session' })
    const [token = ''] = session.jar.values()
    assert.equal((await session.refresh()).json.code, 'invalid_grant')
    for (const call of [
      { json: { refreshToken: token } },
      { headers: { cookie: `__Host-rt-AAAAAAAA=${token}`, origin: 'https://auth.example.com' } },
    ])
      assert.equal((await server.call('POST', '/api/auth/refresh', call)).json.code, 'invalid_grant')
    const cookieMode = openBrowser(server)
    await cookieMode.login()
    const [refreshToken = ''] = cookieMode.jar.values()
    for (const headers of [
      { cookie: `__Host-session-AAAAAAAA=${refreshToken}` },
      { authorization: `Bearer ${token}` },
      { authorization: `Bearer ${refreshToken}` },
    ])
      assert.equal((await server.call('GET', '/api/auth/me', { headers })).status, 401)
    assert.equal((await session.call('GET', '/api/auth/me')).status, 200)
  })
})

describe('a server-side session by bearer token', () => {
  test('is opened for a mobile app, and is worth nothing in a cookie', async (t) => {
    const server = await start(t)
    const json = { ...ada, mode: 'session', transport: 'bearer' }
    const reply = await server.call('POST', '/api/auth/login', { json })
    assert.deepEqual([Object.keys(reply.json).sort(), reply.json.expiresIn], [['expiresIn', 'sessionToken'], 1800])
    assert.deepEqual(reply.headers.getSetCookie(), [])
    const { sessionToken: token } = reply.json
    assert.equal((await server.call('GET', '/api/users/profile', { token })).json.user.email, ada.email)
    const headers = { cookie: `__Host-session-AAAAAAAA=${token}` }
    assert.equal((await server.call('GET', '/api/users/profile', { headers })).status, 401)
    assert.equal((await server.call('POST', '/api/auth/logout', { token })).status, 204)
    assert.equal((await server.call('GET', '/api/users/profile', { token })).status, 401)
  })

  test('an administrator may administer with one that was opened a short time ago', async (t) => {
    const server = await start(t)
    const { id } = (await openBrowser(server).login({ mode: 'session' })).json.user
    await server.server.updateAccount(id, { roles: ['admin'] })
    const browser = openBrowser(server)
    await browser.login({ mode: 'session' })
    assert.equal((await browser.call('GET', '/api/admin/audit')).status, 200)
    server.clock.now += 16 * minute
    assert.equal((await browser.call('GET', '/api/admin/audit')).json.code, 'insufficient_user_authentication')
  })

  test('the database never holds a session token', async (t) => {
    const server = await start(t)
    const json = { ...ada, mode: 'session', transport: 'bearer' }
    const { sessionToken } = (await server.call('POST', '/api/auth/login', { json })).json
    const me = (await server.call('GET', '/api/auth/sessions', { token: sessionToken })).json.sessions[0]
    assert.ok(!JSON.stringify([me, server.log]).includes(sessionToken.slice(4)))
  })
})
