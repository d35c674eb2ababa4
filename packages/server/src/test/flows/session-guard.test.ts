import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { findSignedIn, getSignedIn, type SessionGuard, sessionGuard } from '../../session-guard.ts'
import { openBrowser } from '../browser-client.ts'
import { ada, startTestServer, type TestServer } from '../test-server.ts'

/** An application that says who is there. */
async function serve(t: TestContext, guard: SessionGuard): Promise<string> {
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const signedIn = findSignedIn(request)
    response.end(signedIn === undefined ? 'nobody' : `${getSignedIn(request).user.email} ${signedIn.session.mode}`)
  }
  const application = createServer((request, response) => guard(request, response, () => answer(request, response)))
  await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve))
  t.after(() => application.close())
  return `http://127.0.0.1:${(application.address() as AddressInfo).port}/`
}

async function signIn(server: TestServer): Promise<{ cookie: string; signOut: () => Promise<unknown> }> {
  await server.call('POST', '/api/auth/register', { json: ada })
  const browser = openBrowser(server)
  await browser.login({ mode: 'session' })
  const cookie = [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ')
  return { cookie, signOut: () => browser.call('POST', '/api/auth/logout') }
}

describe('sessionGuard', () => {
  test('lets a session through, and refuses it at the next request after a logout', async (t) => {
    const server = startTestServer(t)
    const { cookie, signOut } = await signIn(server)
    const url = await serve(t, sessionGuard(server.server))
    const reply = await fetch(url, { headers: { cookie } })
    assert.deepEqual([reply.status, await reply.text()], [200, 'ada@example.com session_cookie'])
    assert.equal(reply.headers.get('cache-control'), 'no-store', 'a cache in between gives it to nobody else')
    await signOut()
    const refused = await fetch(url, { headers: { cookie } })
    assert.deepEqual([refused.status, refused.headers.get('content-type')], [401, 'application/problem+json'])
    assert.equal(((await refused.json()) as { code: string }).code, 'invalid_token')
  })

  test('takes bearer tokens, of sessions and access tokens, and no refresh token', async (t) => {
    const server = startTestServer(t)
    await server.call('POST', '/api/auth/register', { json: ada })
    const { accessToken, refreshToken } = await server.signIn()
    const json = { ...ada, mode: 'session', transport: 'bearer' }
    const { sessionToken } = (await server.call('POST', '/api/auth/login', { json })).json
    const url = await serve(t, sessionGuard(server.server))
    for (const [token, status] of [
      [accessToken, 200],
      [sessionToken, 200],
      [refreshToken, 401],
      ['nonsense', 401],
    ])
      assert.equal((await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status, status)
  })

  test('refuses what a page of another site changes with the cookie', async (t) => {
    const server = startTestServer(t)
    const { cookie } = await signIn(server)
    const url = await serve(t, sessionGuard(server.server, { optional: true, redirectTo: '/sign-in' }))
    const from = (origin: string) => fetch(url, { method: 'POST', headers: { cookie, origin } })
    assert.equal((await from('https://evil.example')).status, 403)
    assert.equal((await from('https://auth.example.com')).status, 200)
  })

  test('refuses a WebSocket that a page of a sibling subdomain opens with the cookie', async (t) => {
    const server = startTestServer(t)
    const { cookie } = await signIn(server)
    const guard = sessionGuard(server.server)
    const open = (origin: string, headers: Record<string, string>) =>
      guard.check(new Request('https://auth.example.com/chat', { headers: { cookie, origin, ...headers } }))
    for (const headers of [{ upgrade: 'websocket' }, { 'sec-websocket-key': 'AAAA' }]) {
      const refused = await open('https://taken-over.example.com', headers)
      assert.equal(refused instanceof Response && refused.status, 403)
      assert.ok('user' in ((await open('https://auth.example.com', headers)) ?? {}))
    }
  })

  test('leaves a request alone that a time-out of the application has answered meanwhile', async (t) => {
    const { server } = startTestServer(t)
    await server.ready()
    const guard = sessionGuard(server)
    const passed: unknown[] = []
    const application = createServer((request, response) => {
      guard(request, response, (error) => passed.push(error))
      response.writeHead(503).end('too late')
    })
    await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve))
    t.after(() => application.close())
    const reply = await fetch(`http://127.0.0.1:${(application.address() as AddressInfo).port}/`)
    assert.deepEqual([reply.status, await reply.text(), passed], [503, 'too late', []])
  })

  test('sends people who ask for a page to the sign-in page, and programs away', async (t) => {
    const url = await serve(t, sessionGuard(startTestServer(t).server, { redirectTo: '/sign-in' }))
    const page = await fetch(url, { headers: { accept: 'text/html,*/*' }, redirect: 'manual' })
    assert.deepEqual([page.status, page.headers.get('location')], [303, '/sign-in'])
    assert.equal((await fetch(url, { redirect: 'manual' })).status, 401)
    assert.equal(
      (await fetch(url, { method: 'POST', headers: { accept: 'text/html' }, redirect: 'manual' })).status,
      401,
    )
  })

  test('lets nobody through as nobody, where that is permitted', async (t) => {
    const server = startTestServer(t)
    const guard = sessionGuard(server.server, { optional: true })
    const url = await serve(t, guard)
    assert.equal(await (await fetch(url)).text(), 'nobody')
    assert.equal(
      await (await fetch(url, { headers: { cookie: `__Host-session-AAAAAAAA=st1.${'A'.repeat(43)}` } })).text(),
      'nobody',
    )
    assert.equal(await guard.check(new Request(url)), undefined)
  })

  test('checks a request of the Fetch kind', async (t) => {
    const server = startTestServer(t)
    const { cookie } = await signIn(server)
    const guard = sessionGuard(server.server)
    const found = await guard.check(new Request('https://app.example.com/', { headers: { cookie } }))
    assert.ok(found !== undefined && 'user' in found)
    const refused = await guard.check(new Request('https://app.example.com/'))
    assert.ok(refused instanceof Response)
    assert.deepEqual(
      [refused.status, refused.headers.get('www-authenticate')],
      [401, 'Bearer realm="https://auth.example.com"'],
    )
  })

  test('answers 503 while the database is away, and not 401', async (t) => {
    const server = startTestServer(t)
    const { cookie } = await signIn(server)
    const guard = sessionGuard(server.server, { optional: true })
    await server.store.close()
    const answer = await guard.check(new Request('https://app.example.com/', { headers: { cookie } }))
    assert.ok(answer instanceof Response)
    assert.ok([500, 503].includes(answer.status))
  })

  test('takes no redirect to another site, and says what is missing', (t) => {
    const { server } = startTestServer(t)
    for (const redirectTo of ['//evil.example', '/\\evil.example', 'https://evil.example/', 'sign-in', '/\nx'])
      assert.throws(() => sessionGuard(server, { redirectTo }), TypeError)
    assert.throws(() => getSignedIn({}), /put sessionGuard/)
  })
})
