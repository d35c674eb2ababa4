// nginx and Caddy, with the files under deploy/, in front of an application that knows nothing of tokens.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { changeSignature } from '../examples/forged-token.ts'
import { requires } from '../requires.ts'
import { hopByHop, identityOf, tricks } from './claimed-identity.ts'
import type { SignedIn } from './live-server.ts'
import { adminPaths, ambiguousPaths, plainPaths } from './path-spellings.ts'
import { bearer, deciders, type ProtectedApplication, protectApplication, proxies } from './protected-application.ts'
import type { RawAnswer, RawRequest } from './raw-request.ts'

const websocket: [string, string][] = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
  ['Sec-WebSocket-Version', '13'],
]

for (const [proxy, decider] of proxies.flatMap((one) => deciders.map((other) => [one, other] as const))) {
  describe(`${proxy}, which asks ${decider},`, { skip: requires(proxy) }, () => {
    let behind: ProtectedApplication
    let user: SignedIn
    let admin: SignedIn

    before(async () => {
      behind = await protectApplication(proxy, decider)
      user = await behind.server.signIn()
      admin = await behind.server.signIn('admin', 'owner')
    })

    after(() => behind?.stop())

    const send = (request: Omit<RawRequest, 'port'>) => behind.send(request)

    /** Sends what must not reach the application. */
    async function sendInVain(request: Omit<RawRequest, 'port'>): Promise<RawAnswer> {
      const reachedBefore = behind.application.requests()
      const answer = await behind.send(request)
      assert.equal(behind.application.requests(), reachedBefore, `it reached the application: ${request.path}`)
      assert.notEqual(Math.floor((answer.status ?? 200) / 100), 2)
      return answer
    }

    test('asks for a token where there is none, and names no error (RFC 6750 §3.1)', async () => {
      for (const headers of [[], [['Authorization', 'Basic YTpi']], [['Cookie', `at=${user.accessToken}`]]]) {
        const { status, header } = await sendInVain({ headers: headers as [string, string][] })
        assert.deepEqual([status, header('www-authenticate')], [401, ['Bearer']])
      }
    })

    test('refuses a bad token, as a problem that no cache keeps (RFC 6750 §3.1, RFC 9457)', async () => {
      for (const accessToken of ['nonsense', changeSignature(user.accessToken)]) {
        const { status, header } = await sendInVain({ headers: [bearer({ accessToken })] })
        assert.deepEqual([status, header('www-authenticate')], [401, ['Bearer error="invalid_token"']])
        assert.deepEqual(header('content-type'), ['application/problem+json'])
        assert.deepEqual(header('cache-control'), ['no-store'])
      }
    })

    test('refuses a request with two tokens of which the first is bad', async () => {
      await sendInVain({ headers: [bearer({ accessToken: 'nonsense' }), bearer(user)] })
    })

    test('says to the application who the request is from, and keeps the token to itself', async () => {
      const { status, reached } = await send({ path: '/orders?x=1', headers: [bearer(admin)] })
      assert.deepEqual([status, reached?.method, reached?.url], [200, 'GET', '/orders?x=1'])
      assert.deepEqual(identityOf(reached), {
        X_AUTH_REQUEST_USER: admin.userId,
        X_AUTH_REQUEST_SCOPE: 'orders:read',
        X_AUTH_REQUEST_ROLES: 'admin,owner',
        REMOTE_USER: admin.userId,
        REMOTE_GROUPS: 'admin,owner',
      })
      assert.equal(reached?.headers.authorization, undefined)
    })

    for (const [trick, claimed] of Object.entries(tricks)) {
      test(`shows the application nothing that a client says about itself: ${trick}`, async () => {
        const { reached } = await send({ headers: [...claimed, bearer(user)] })
        assert.deepEqual(identityOf(reached), {
          X_AUTH_REQUEST_USER: user.userId,
          X_AUTH_REQUEST_SCOPE: 'orders:read',
          REMOTE_USER: user.userId,
        })
        const open = await send({ path: '/public/page', headers: claimed })
        assert.deepEqual([open.status, identityOf(open.reached)], [200, {}])
      })
    }

    test('lets no client take away what it says to the application (RFC 9110 §7.6.1)', async () => {
      const { reached } = await send({ headers: [bearer(user), ...hopByHop] })
      assert.equal(identityOf(reached).X_AUTH_REQUEST_USER, user.userId)
      assert.equal(identityOf(reached).REMOTE_USER, user.userId)
    })

    test('takes no token out of the address (RFC 9700 §4.3.2)', async () => {
      const { status } = await sendInVain({ path: `/orders?access_token=${user.accessToken}` })
      assert.equal(status, 401)
    })

    test('asks what its file says, whatever stands in the query or the Host of the request', async () => {
      const member = await behind.server.signIn('member')
      for (const path of ['/admin?role=member', '/admin/?role=member&scope=orders:read', '/admin?optional=true'])
        assert.equal((await sendInVain({ path, headers: [bearer(member)] })).status, 403, path)
      assert.equal((await send({ path: '/orders?role=nobody&scope=none&x', headers: [bearer(member)] })).status, 200)
      await sendInVain({ path: '/admin', headers: [['Host', 'x/forward-auth?role=member#'], bearer(member)] })
      await sendInVain({ path: '/_countersign' })
    })

    for (const path of adminPaths) {
      test(`leads nobody but an administrator to ${path}`, async () => {
        const { status, header } = await sendInVain({ path, headers: [bearer(user)] })
        assert.deepEqual([status, header('www-authenticate')], [403, []])
        assert.equal((await sendInVain({ path })).status, 401)
        const { reached } = await send({ path, headers: [bearer(admin)] })
        assert.equal(identityOf(reached).X_AUTH_REQUEST_ROLES, 'admin,owner')
      })
    }

    for (const path of ambiguousPaths) {
      test(`refuses everyone the path ${path}`, async () => {
        for (const one of [user, admin]) assert.equal((await sendInVain({ path, headers: [bearer(one)] })).status, 400)
      })
    }

    test('leaves every plain path as it is', async () => {
      for (const path of plainPaths) {
        const { status, reached } = await send({ path, headers: [bearer(user)] })
        assert.deepEqual([status, reached?.url], [200, path])
      }
    })

    test('passes the method and the body of a request on', async () => {
      const body = 'x'.repeat(100_000)
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        const { status, reached } = await send({ method, body, headers: [bearer(user)] })
        assert.deepEqual([status, reached?.method, reached?.body === body], [200, method, true])
      }
      assert.equal((await sendInVain({ method: 'POST', body })).status, 401)
    })

    test('passes a WebSocket on with a token, and none without', async () => {
      const { status, reached } = await send({ headers: [bearer(user), ...websocket, ...(tricks.underscores ?? [])] })
      assert.deepEqual([status, reached?.headers.upgrade], [101, ['websocket']])
      assert.equal(identityOf(reached).X_AUTH_REQUEST_USER, user.userId)
      assert.equal((await sendInVain({ headers: websocket })).status, 401)
      const smuggled: [string, string][] = [['Connection', 'Upgrade, X-Auth-Request-User'], ...websocket.slice(1)]
      assert.equal(
        identityOf((await send({ headers: [bearer(user), ...smuggled] })).reached).X_AUTH_REQUEST_USER,
        user.userId,
      )
    })

    test('opens no other way to the application, such as h2c', async () => {
      for (const upgrade of ['h2c', 'websocket, h2c', 'TLS/1.2']) {
        const { status, reached } = await send({
          headers: [bearer(user), ['Connection', 'Upgrade, HTTP2-Settings'], ['Upgrade', upgrade]],
        })
        assert.deepEqual([status, reached?.headers.upgrade], [200, undefined], upgrade)
      }
    })

    test('lets a client tell no other method than its own', async () => {
      const headers: [string, string][] = [bearer(user), ['X-Forwarded-Method', 'GET'], ['X-Original-Method', 'GET']]
      assert.equal((await send({ method: 'DELETE', headers })).reached?.method, 'DELETE')
    })

    if (decider === 'the authorization server') {
      test('refuses a token at the first request after its session has ended', async () => {
        const leaving = await behind.server.signIn()
        assert.equal((await send({ headers: [bearer(leaving)] })).status, 200)
        await behind.server.signOut(leaving)
        const { status, header } = await sendInVain({ headers: [bearer(leaving)] })
        assert.deepEqual([status, header('www-authenticate')], [401, ['Bearer error="invalid_token"']])
      })
    }

    test('lets nobody in once there is nobody to ask', async () => {
      assert.equal((await send({ headers: [bearer(user)] })).status, 200)
      await behind.stopDecider()
      for (const path of ['/', '/admin']) {
        const { status } = await sendInVain({ path, headers: [bearer(admin)] })
        assert.ok([500, 502, 503].includes(status ?? 0), String(status))
      }
    })
  })
}
