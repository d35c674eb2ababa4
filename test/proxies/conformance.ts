// What every proxy must do in front of an application that knows nothing of tokens, whoever judges the tokens.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { changeSignature } from '../examples/forged-token.ts'
import type { Application } from './application.ts'
import { hopByHop, identityOf, tricks } from './claimed-identity.ts'
import { adminPaths, ambiguousPaths, plainPaths } from './path-spellings.ts'
import { type RawAnswer, type RawRequest, send } from './raw-request.ts'

/** Someone who has signed in. */
export interface User {
  userId: string
  accessToken: string
}

/** An application behind a proxy. */
export interface Guarded {
  application: Application
  /** The port of the proxy. */
  port: number
  /** Has no role. */
  user: User
  /** Has the roles owner and admin. */
  admin: User
  stop(): Promise<void>
}

export interface Proxied {
  /** Ends the sentences of the tests. */
  title: string
  skip: string | false
  start(): Promise<Guarded>
  /** Whether the application is told the roles. */
  tellsRoles: boolean
  /** The challenge where no token came. */
  challenge?: string
  /** Declares tests of this proxy alone. */
  more?(guarded: () => Guarded): void
}

type Sent = Omit<RawRequest, 'port'>

const upgrade: [string, string][] = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
  ['Sec-WebSocket-Version', '13'],
]

/** The header by which a user sends a token. */
export function bearer({ accessToken }: Pick<User, 'accessToken'>): [string, string] {
  return ['Authorization', `Bearer ${accessToken}`]
}

/** Sends what must not reach the application. */
export async function sendInVain({ application, port }: Guarded, request: Sent): Promise<RawAnswer> {
  const reachedBefore = application.requests()
  const answer = await send({ ...request, port })
  assert.equal(application.requests(), reachedBefore, `it reached the application: ${request.path}`)
  assert.notEqual(Math.floor((answer.status ?? 200) / 100), 2)
  return answer
}

/** Declares the tests that every proxy must pass. */
export function describeProxy(proxied: Proxied): void {
  describe(proxied.title, { skip: proxied.skip }, () => {
    let guarded: Guarded
    const present = (): Guarded => guarded

    before(async () => {
      guarded = await proxied.start()
    })

    after(() => guarded?.stop())

    declareTokenTests(present, proxied)
    declareIdentityTests(present, proxied)
    declarePathTests(present)
    declareTransportTests(present)
    proxied.more?.(present)
  })
}

function declareTokenTests(guarded: () => Guarded, { challenge = 'Bearer' }: Proxied): void {
  test('asks for a token where there is none (RFC 6750 §3)', async () => {
    const cookie: [string, string] = ['Cookie', `at=${guarded().user.accessToken}`]
    for (const headers of [[], [['Authorization', 'Basic YTpi'] as [string, string]], [cookie]]) {
      for (const method of ['GET', 'POST']) {
        const { status, header } = await sendInVain(guarded(), { method, headers })
        assert.deepEqual([status, header('www-authenticate')], [401, [challenge]])
      }
    }
  })

  test('lets no OPTIONS through without a token', async () => {
    for (const path of ['/', '/admin'])
      assert.equal((await sendInVain(guarded(), { method: 'OPTIONS', path })).status, 401)
  })

  test('refuses a bad token (RFC 6750 §3.1)', async () => {
    for (const accessToken of ['nonsense', 'a.b.c', changeSignature(guarded().user.accessToken)]) {
      const { status, header } = await sendInVain(guarded(), { headers: [bearer({ accessToken })] })
      const challenges = header('www-authenticate')
      assert.deepEqual([status, challenges.length], [401, 1])
      assert.match(challenges.join(), /^Bearer error="invalid_token"/)
    }
  })

  test('refuses a request with two tokens of which the first is bad', async () => {
    await sendInVain(guarded(), { headers: [bearer({ accessToken: 'nonsense' }), bearer(guarded().user)] })
  })

  test('takes no token out of the address (RFC 9700 §4.3.2)', async () => {
    const path = `/orders?access_token=${guarded().user.accessToken}`
    assert.equal((await sendInVain(guarded(), { path })).status, 401)
  })
}

function declareIdentityTests(guarded: () => Guarded, { tellsRoles }: Proxied): void {
  test('says to the application who the request is from, and keeps the token to itself', async () => {
    const { port, admin } = guarded()
    const { status, reached } = await send({ port, path: '/orders?x=1', headers: [bearer(admin)] })
    assert.deepEqual([status, reached?.method, reached?.url], [200, 'GET', '/orders?x=1'])
    const roles = tellsRoles ? { X_AUTH_REQUEST_ROLES: 'owner,admin', REMOTE_GROUPS: 'owner,admin' } : {}
    assert.deepEqual(identityOf(reached), { ...identityWithoutRoles(admin), ...roles })
    assert.ok(!JSON.stringify(reached).includes(admin.accessToken))
  })

  for (const [trick, claimed] of Object.entries(tricks)) {
    test(`shows the application nothing that a client says about itself: ${trick}`, async () => {
      const { port, user } = guarded()
      const { reached } = await send({ port, headers: [...claimed, bearer(user)] })
      assert.deepEqual(identityOf(reached), identityWithoutRoles(user))
      const open = await send({ port, path: '/public/page', headers: claimed })
      assert.deepEqual([open.status, identityOf(open.reached)], [200, {}])
    })
  }

  test('lets no client take away what it says to the application (RFC 9110 §7.6.1)', async () => {
    const { port, user } = guarded()
    const { reached } = await send({ port, headers: [bearer(user), ...hopByHop] })
    assert.deepEqual(identityOf(reached), identityWithoutRoles(user))
    assert.ok(!JSON.stringify(reached?.headers.connection ?? '').includes('Auth'))
  })
}

function declarePathTests(guarded: () => Guarded): void {
  for (const path of adminPaths) {
    test(`leads nobody but an administrator to ${path}`, async () => {
      const { port, user, admin } = guarded()
      const { status, header } = await sendInVain(guarded(), { path, headers: [bearer(user)] })
      assert.deepEqual([status, header('www-authenticate')], [403, []])
      assert.equal((await sendInVain(guarded(), { path })).status, 401)
      const { reached } = await send({ port, path, headers: [bearer(admin)] })
      assert.equal(identityOf(reached).REMOTE_USER, admin.userId)
    })
  }

  test('leads nobody to the path of an administrator that comes with a whole address (RFC 9112 §3.2.2)', async () => {
    const { status = 0 } = await sendInVain(guarded(), {
      path: 'http://evil.example/admin/',
      headers: [bearer(guarded().user)],
    })
    assert.ok([400, 403].includes(status), String(status))
  })

  for (const path of ambiguousPaths) {
    test(`refuses everyone the path ${path}`, async () => {
      const { user, admin } = guarded()
      for (const one of [user, admin]) {
        const { status = 0 } = await sendInVain(guarded(), { path, headers: [bearer(one)] })
        assert.ok([400, 404].includes(status), String(status))
      }
    })
  }

  test('leaves every plain path as it is', async () => {
    const { port, user } = guarded()
    for (const path of plainPaths) {
      const { status, reached } = await send({ port, path, headers: [bearer(user)] })
      assert.deepEqual([status, reached?.url], [200, path])
    }
  })
}

function declareTransportTests(guarded: () => Guarded): void {
  test('passes the method and the body of a request on', async () => {
    const { port, user } = guarded()
    const body = 'x'.repeat(100_000)
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const { status, reached } = await send({ port, method, body, headers: [bearer(user)] })
      assert.deepEqual([status, reached?.method, reached?.body === body], [200, method, true])
    }
    assert.equal((await sendInVain(guarded(), { method: 'POST', body })).status, 401)
  })

  test('passes a WebSocket on with a token, and none without', async () => {
    const { port, user } = guarded()
    const { status, reached } = await send({ port, headers: [bearer(user), ...upgrade, ...(tricks.underscores ?? [])] })
    assert.deepEqual([status, reached?.headers.upgrade], [101, ['websocket']])
    assert.deepEqual(identityOf(reached), identityWithoutRoles(user))
    assert.equal((await sendInVain(guarded(), { headers: upgrade })).status, 401)
    const smuggled: [string, string][] = [['Connection', 'Upgrade, X-Auth-Request-User'], ...upgrade.slice(1)]
    const answer = await send({ port, headers: [bearer(user), ...smuggled] })
    assert.deepEqual(identityOf(answer.reached), identityWithoutRoles(user))
  })

  test('opens no other way to the application, such as h2c', async () => {
    const { port, user } = guarded()
    for (const protocol of ['h2c', 'websocket, h2c', 'TLS/1.2']) {
      const connection: [string, string] = ['Connection', 'Upgrade, HTTP2-Settings']
      const { status, reached } = await send({ port, headers: [bearer(user), connection, ['Upgrade', protocol]] })
      assert.deepEqual([status === 101, reached?.headers.upgrade], [false, undefined], protocol)
    }
  })
}

function identityWithoutRoles({ userId }: User): Record<string, string> {
  return { X_AUTH_REQUEST_USER: userId, X_AUTH_REQUEST_SCOPE: 'orders:read', REMOTE_USER: userId }
}
