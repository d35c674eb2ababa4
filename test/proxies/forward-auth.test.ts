// nginx and Caddy, with the files under deploy/, which ask at /forward-auth about each request.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requires } from '../requires.ts'
import { bearer, describeProxy, sendInVain } from './conformance.ts'
import { deciders, type ProtectedApplication, protectApplication, proxies } from './protected-application.ts'
import { send } from './raw-request.ts'

for (const [proxy, decider] of proxies.flatMap((one) => deciders.map((other) => [one, other] as const))) {
  let behind: ProtectedApplication

  describeProxy({
    title: `${proxy}, which asks ${decider},`,
    skip: requires(proxy),
    tellsRoles: true,
    async start() {
      behind = await protectApplication(proxy, decider)
      const { server, application, port, stop } = behind
      return { application, port, user: await server.signIn(), admin: await server.signIn('owner', 'admin'), stop }
    },
    more(guarded) {
      test('refuses with a problem that no cache keeps (RFC 9457 §3)', async () => {
        const { header } = await sendInVain(guarded(), { headers: [bearer({ accessToken: 'nonsense' })] })
        assert.deepEqual(header('content-type'), ['application/problem+json'])
        assert.deepEqual(header('cache-control'), ['no-store'])
      })

      test('asks what its file says, whatever stands in the query or the Host of the request', async () => {
        const token = bearer(await behind.server.signIn('member'))
        for (const path of ['/admin?role=member', '/admin/?role=member&scope=orders:read', '/admin?optional=true'])
          assert.equal((await sendInVain(guarded(), { path, headers: [token] })).status, 403, path)
        const { port } = guarded()
        assert.equal((await send({ port, path: '/orders?role=nobody&scope=none&x', headers: [token] })).status, 200)
        await sendInVain(guarded(), { path: '/admin', headers: [['Host', 'x/forward-auth?role=member#'], token] })
        assert.ok(![200, 204].includes((await send({ port, path: '/_countersign' })).status ?? 200))
      })

      test('lets a client tell no other method than its own', async () => {
        const { port, user } = guarded()
        const claimed: [string, string][] = [
          ['X-Forwarded-Method', 'GET'],
          ['X-Original-Method', 'GET'],
        ]
        const { reached } = await send({ port, method: 'DELETE', headers: [bearer(user), ...claimed] })
        assert.equal(reached?.method, 'DELETE')
      })

      if (decider === 'the authorization server') {
        test('refuses a token at the first request after its session has ended', async () => {
          const leaving = await behind.server.signIn()
          assert.equal((await send({ port: guarded().port, headers: [bearer(leaving)] })).status, 200)
          await behind.server.signOut(leaving)
          const { status, header } = await sendInVain(guarded(), { headers: [bearer(leaving)] })
          assert.deepEqual([status, header('www-authenticate')], [401, ['Bearer error="invalid_token"']])
        })
      }

      test('lets nobody in once there is nobody to ask', async () => {
        const headers = [bearer(guarded().admin)]
        assert.equal((await send({ port: guarded().port, headers })).status, 200)
        await behind.stopDecider()
        for (const path of ['/', '/admin']) {
          const { status = 0 } = await sendInVain(guarded(), { path, headers })
          assert.ok([500, 502, 503].includes(status), String(status))
        }
      })
    },
  })
}
