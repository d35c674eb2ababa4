import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cookiesOf, keep, openBrowser } from '../browser-client.ts'
import { ada, claimsOf, startTestServer, type TestServer } from '../test-server.ts'

const minute = 60_000
const month = 30 * 86_400

async function start(t: Parameters<typeof startTestServer>[0]): Promise<TestServer> {
  const server = startTestServer(t)
  await server.call('POST', '/api/auth/register', { json: ada })
  return server
}

describe('cookie mode', () => {
  test('login sets the refresh cookie, byte for byte, and answers without the refresh token', async (t) => {
    const server = await start(t)
    const reply = await openBrowser(server).login()
    assert.deepEqual(Object.keys(reply.json).sort(), ['accessToken', 'expiresIn', 'tokenType'])
    const [cookie, ...others] = cookiesOf(reply)
    assert.equal(others.length, 0)
    assert.match(cookie?.name ?? '', /^__Host-rt-[A-Za-z0-9_-]{8}$/)
    assert.match(cookie?.value ?? '', /^rt1\.[A-Za-z0-9_-]+$/)
    const attributes = [`Max-Age=${month}`, 'Path=/', 'Secure', 'HttpOnly', 'SameSite=Strict']
    assert.deepEqual(cookie?.attributes, attributes)
  })

  test('refresh takes the cookie, and sets the new one for what is left of the session', async (t) => {
    const server = await start(t)
    const browser = openBrowser(server)
    const first = await browser.login()
    server.clock.now += minute
    const reply = await browser.refresh()
    assert.equal(reply.status, 200)
    assert.deepEqual(Object.keys(reply.json).sort(), ['accessToken', 'expiresIn', 'tokenType'])
    assert.deepEqual(cookiesOf(reply)[0]?.attributes[0], `Max-Age=${month - 60}`)
    assert.equal(cookiesOf(reply)[0]?.name, cookiesOf(first)[0]?.name, 'of the same name')
    assert.equal(claimsOf(reply.json.accessToken).sid, claimsOf(first.json.accessToken).sid)
  })

  test('refresh sets no cookie for a refresh token that it repeats', async (t) => {
    const server = await start(t)
    const browser = openBrowser(server)
    await browser.login()
    assert.deepEqual(cookiesOf(await browser.refresh()), [])
    // A token just replaced, later than it may have a successor: an access token, and no other refresh token.
    const before = new Map(browser.jar)
    server.clock.now += minute
    await browser.refresh()
    for (let i = 0; i < 5; i++) {
      server.clock.now += 14_000
      await server.call('POST', '/api/auth/refresh', { headers: headersOf(before) })
    }
    const late = await server.call('POST', '/api/auth/refresh', { headers: headersOf(before) })
    assert.deepEqual([late.status, cookiesOf(late)], [200, []])
  })

  test('with accessToken: "cookie" no token is in the answer, and our own endpoints take the cookie', async (t) => {
    const server = await start(t)
    const browser = openBrowser(server)
    const reply = await browser.login({ accessToken: 'cookie' })
    assert.deepEqual(Object.keys(reply.json).sort(), ['expiresIn', 'user'])
    assert.ok(!reply.text.includes('eyJ') && !reply.text.includes('rt1.'))
    const [at, rt] = cookiesOf(reply)
    assert.match(at?.name ?? '', /^__Host-at-[A-Za-z0-9_-]{8}$/)
    assert.equal(at?.name.slice(-8), rt?.name.slice(-8))
    assert.deepEqual(at?.attributes, ['Max-Age=600', 'Path=/', 'Secure', 'HttpOnly', 'SameSite=Strict'])
    const me = await browser.call('GET', '/api/auth/me')
    assert.deepEqual([me.status, me.json.user.email], [200, ada.email])
    server.clock.now += 11 * minute
    assert.equal((await browser.call('GET', '/api/auth/me')).status, 401)
    const refreshed = await browser.refresh()
    assert.deepEqual(Object.keys(refreshed.json).sort(), ['expiresIn', 'user'])
    assert.equal((await browser.call('GET', '/api/auth/me')).status, 200)
  })

  test('an access token that was not made for a cookie is not taken from one', async (t) => {
    const server = await start(t)
    const { accessToken } = (await openBrowser(server).login()).json
    const headers = { cookie: `__Host-at-AAAAAAAA=${accessToken}` }
    assert.equal((await server.call('GET', '/api/auth/me', { headers })).status, 401)
  })

  test('refuses accessToken and transport where they do not belong', async (t) => {
    const server = await start(t)
    for (const [member, body] of [
      ['accessToken', { accessToken: 'cookie', mode: 'bearer' }],
      ['transport', { transport: 'bearer' }],
      ['scope', { mode: 'session', scope: 'a' }],
      ['mode', { mode: 'jar' }],
    ] as const) {
      const reply = await openBrowser(server).login(body)
      assert.deepEqual([reply.status, reply.json.errors[0].member], [400, member])
    }
  })

  test('a refresh token is worth nothing in another mode than its own', async (t) => {
    const server = await start(t)
    const browser = openBrowser(server)
    await browser.login()
    const [inCookie = ''] = browser.jar.values()
    const inBody = await server.call('POST', '/api/auth/refresh', { json: { refreshToken: inCookie } })
    const inHeader = await server.call('POST', '/api/auth/refresh', { token: inCookie })
    assert.deepEqual([inBody.json.code, inHeader.json.code], ['invalid_grant', 'invalid_grant'])

    const { refreshToken } = await server.signIn()
    const headers = { cookie: `__Host-rt-AAAAAAAA=${refreshToken}`, origin: 'https://auth.example.com' }
    assert.equal((await server.call('POST', '/api/auth/refresh', { headers })).json.code, 'invalid_grant')
    assert.equal((await server.refresh(refreshToken)).status, 200, 'and it still lives')
    assert.equal((await browser.refresh()).status, 200, 'as the other does')
  })

  test('with a token in the body, cookies are not looked at', async (t) => {
    const server = await start(t)
    const browser = openBrowser(server)
    await browser.login()
    server.clock.now += minute
    const { refreshToken } = await server.signIn()
    const reply = await browser.call('POST', '/api/auth/refresh', { json: { refreshToken } })
    assert.deepEqual([reply.status, cookiesOf(reply).length, typeof reply.json.refreshToken], [200, 0, 'string'])
    const forged = await browser.call('POST', '/api/auth/refresh', { json: { refreshToken: 'rt1.nonsense' } })
    assert.equal(forged.status, 401)
  })

  test('no failure of a refresh touches a cookie', async (t) => {
    const server = await start(t)
    const browser = openBrowser(server)
    await browser.login()
    const [name = '', value = ''] = [...browser.jar][0] ?? []
    const origin = 'https://auth.example.com'
    const replies = [
      await server.call('POST', '/api/auth/refresh', { headers: { cookie: `${name}=${value}x`, origin } }),
      await server.call('POST', '/api/auth/refresh', { headers: { cookie: `${name}=${value}` } }),
      await server.call('POST', '/api/auth/refresh', { headers: { cookie: `${name}=a; ${name}=b`, origin } }),
    ]
    await server.call('POST', '/api/auth/logout', { headers: headersOf(browser.jar) })
    replies.push(await browser.refresh())
    assert.deepEqual(
      replies.map(({ status }) => status),
      [401, 403, 400, 401],
    )
    for (const reply of replies) assert.deepEqual(reply.headers.getSetCookie(), [])
  })

  test('a late refresh answer of an old session does not replace a new login', async (t) => {
    const server = await start(t)
    const browser = openBrowser(server)
    await browser.login()
    server.clock.now += minute
    const late = await server.call('POST', '/api/auth/refresh', { headers: headersOf(browser.jar) })
    const fresh = await browser.login()
    keep(browser.jar, late)
    assert.equal(browser.jar.size, 2)
    const reply = await browser.refresh()
    assert.equal(reply.status, 200)
    assert.equal(claimsOf(reply.json.accessToken).sid, claimsOf(fresh.json.accessToken).sid)
  })

  test('of several cookies the live session that was authenticated last counts', async (t) => {
    const server = await start(t)
    const browsers = [openBrowser(server), openBrowser(server), openBrowser(server)]
    const sids: unknown[] = []
    for (const browser of browsers) {
      sids.push(claimsOf((await browser.login()).json.accessToken).sid)
      server.clock.now += 1000
    }
    const all = openBrowser(server)
    for (const browser of browsers.reverse()) for (const [name, value] of browser.jar) all.jar.set(name, value)
    assert.equal(claimsOf((await all.refresh()).json.accessToken).sid, sids[2])
    await server.call('POST', '/api/auth/logout', { headers: headersOf(browsers[0]?.jar ?? new Map()) })
    assert.equal(claimsOf((await all.refresh()).json.accessToken).sid, sids[1])
  })

  test('reads four cookies of a kind at most', async (t) => {
    const server = await start(t)
    const browser = openBrowser(server)
    await browser.login()
    const planted = Array.from({ length: 4 }, (_, i) => `__Host-rt-AAAAAAA${i}=rt1.${i}`)
    const own = [...browser.jar].map(([name, value]) => `${name}=${value}`)
    const origin = 'https://auth.example.com'
    const call = (cookies: string[]) =>
      server.call('POST', '/api/auth/refresh', { headers: { cookie: cookies.join('; '), origin } })
    assert.equal((await call([...planted.slice(1), ...own])).status, 200)
    assert.equal((await call([...planted, ...own])).status, 401)
  })

  test('a login ends the session of the cookie that came with it, and deletes that cookie', async (t) => {
    const server = await start(t)
    const browser = openBrowser(server)
    await browser.login({ accessToken: 'cookie' })
    const old = new Map(browser.jar)
    const reply = await browser.login()
    const deleted = cookiesOf(reply).filter(({ attributes }) => attributes.includes('Max-Age=0'))
    assert.deepEqual(new Set(deleted.map(({ name }) => name)), new Set(old.keys()))
    for (const { attributes } of deleted)
      assert.deepEqual(attributes, ['Max-Age=0', 'Path=/', 'Secure', 'HttpOnly', 'SameSite=Strict'])
    assert.equal(browser.jar.size, 1)
    assert.equal((await server.call('POST', '/api/auth/refresh', { headers: headersOf(old) })).status, 401)
    assert.equal((await browser.refresh()).status, 200)
  })

  test('a login that fails leaves the session of the cookie alone', async (t) => {
    const server = await start(t)
    const browser = openBrowser(server)
    await browser.login()
    const failed = await browser.login({ password: 'a wrong password' })
    assert.deepEqual([failed.status, cookiesOf(failed)], [401, []])
    assert.equal((await browser.refresh()).status, 200)
  })

  test('logout ends the session and deletes its cookies, and says 204 again', async (t) => {
    const server = await start(t)
    const browser = openBrowser(server)
    await browser.login({ accessToken: 'cookie' })
    const old = new Map(browser.jar)
    const reply = await browser.call('POST', '/api/auth/logout')
    assert.deepEqual([reply.status, browser.jar.size, cookiesOf(reply).length], [204, 0, 2])
    assert.equal((await server.call('POST', '/api/auth/refresh', { headers: headersOf(old) })).status, 401)
    assert.equal((await browser.call('POST', '/api/auth/logout')).status, 204)
    assert.equal((await server.call('POST', '/api/auth/logout', { headers: headersOf(old) })).status, 204)
  })

  test('logout ends it, though the header has an access token that has run out, as clients add it to every request', async (t) => {
    const server = await start(t)
    const browser = openBrowser(server)
    const { accessToken } = (await browser.login()).json
    const old = new Map(browser.jar)
    server.clock.now += 11 * minute
    const reply = await browser.call('POST', '/api/auth/logout', { token: accessToken })
    assert.deepEqual([reply.status, browser.jar.size], [204, 0])
    assert.equal((await server.call('POST', '/api/auth/refresh', { headers: headersOf(old) })).status, 401)
  })

  test('logout and login end however many sessions came of logins at once', async (t) => {
    const server = await start(t)
    for (const end of ['logout', 'login']) {
      const browser = openBrowser(server)
      await Promise.all(Array.from({ length: 6 }, () => browser.login()))
      const old = [...browser.jar]
      await (end === 'login' ? browser.login() : browser.call('POST', '/api/auth/logout'))
      assert.equal(browser.jar.size, end === 'login' ? 1 : 0)
      for (const one of old) {
        const headers = headersOf(new Map([one]))
        assert.equal((await server.call('POST', '/api/auth/refresh', { headers })).status, 401)
      }
    }
  })

  test('a token that no browser would keep leaves no session behind, and the old one as it was', async (t) => {
    const claims: Record<string, unknown> = {}
    const server = startTestServer(t, { accessTokenClaims: () => claims })
    await server.call('POST', '/api/auth/register', { json: ada })
    const browser = openBrowser(server)
    const { accessToken: token } = (await browser.login()).json
    claims.permissions = 'x'.repeat(4000)
    assert.deepEqual(cookiesOf(await browser.login({ accessToken: 'cookie' })), [])
    const { sessions } = (await server.call('GET', '/api/auth/sessions', { token })).json
    assert.deepEqual([sessions.length, sessions[0]?.current], [1, true])
  })

  test('answers 500, with the reason in the log, for an access token that no browser would keep', async (t) => {
    const server = startTestServer(t, { accessTokenClaims: () => ({ permissions: 'x'.repeat(4000) }) })
    await server.call('POST', '/api/auth/register', { json: ada })
    const reply = await openBrowser(server).login({ accessToken: 'cookie' })
    assert.deepEqual([reply.status, cookiesOf(reply)], [500, []])
    assert.ok(server.log.some(({ fields }) => String(fields.reason).includes('more than browsers keep')))
  })

  test('ends a session whose cookie was copied, and writes an alert to the audit table', async (t) => {
    const server = await start(t)
    const owner = openBrowser(server)
    await owner.login()
    const thief = openBrowser(server)
    for (const [name, value] of owner.jar) thief.jar.set(name, value)
    const statuses: number[] = []
    for (const browser of [owner, thief, owner, thief, owner]) {
      server.clock.now += 2 * minute
      statuses.push((await browser.refresh()).status)
    }
    assert.ok(statuses.slice(0, 4).includes(401), `found within two alternations: ${statuses}`)
    assert.equal(statuses.at(-1), 401)
    assert.equal((await thief.refresh()).status, 401)
    const records = await server.store.listAudit(undefined, 10)
    assert.deepEqual(
      records.map(({ event }) => event),
      ['refresh.reuse'],
    )
    assert.ok(server.log.some(({ fields }) => fields.event === 'refresh.late_replay'))
  })
})

function headersOf(jar: ReadonlyMap<string, string>): Record<string, string> {
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  return { cookie, origin: 'https://auth.example.com' }
}
