// Access tokens in cookies behind a proxy: the page that sends a request counts, and the method that the proxy tells, not the client.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { requires } from '../requires.ts'
import { identityOf } from './claimed-identity.ts'
import type { SignedIn } from './live-server.ts'
import { type ProtectedApplication, protectApplication, proxies } from './protected-application.ts'
import { send } from './raw-request.ts'

type Header = [name: string, value: string]

const origin = 'https://app.example.com'
const fromHere: Header = ['Origin', origin]
const fromElsewhere: Header = ['Origin', 'https://evil.example']
const websocket: Header[] = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
  ['Sec-WebSocket-Version', '13'],
]

const claimedMethods: Record<string, Header[]> = {
  'X-Forwarded-Method': [['X-Forwarded-Method', 'GET']],
  'X-Original-Method': [['X-Original-Method', 'GET']],
  'both of them': [
    ['X-Forwarded-Method', 'GET'],
    ['X-Original-Method', 'GET'],
  ],
  'both of them twice': [
    ['X-Forwarded-Method', 'GET'],
    ['x-forwarded-method', 'GET'],
    ['X-Original-Method', 'GET'],
    ['x-original-method', 'GET'],
  ],
  'names with underscores': [
    ['X_Forwarded_Method', 'GET'],
    ['X_Original_Method', 'GET'],
  ],
  'empty names': [
    ['X-Forwarded-Method', ''],
    ['X-Original-Method', ''],
  ],
  'X-HTTP-Method-Override': [['X-HTTP-Method-Override', 'GET']],
  'a Connection that names them': [
    ['Connection', 'X-Forwarded-Method, X-Original-Method'],
    ['X-Forwarded-Method', 'GET'],
    ['X-Original-Method', 'GET'],
  ],
}

for (const proxy of proxies) {
  describe(`A cookie behind ${proxy}`, { skip: requires(proxy) }, () => {
    let behind: ProtectedApplication
    let user: SignedIn
    let cookie: Header

    before(async () => {
      behind = await protectApplication(proxy, 'a process of its own', { COUNTERSIGN_ALLOWED_ORIGINS: origin })
      user = await behind.server.signIn()
      cookie = ['Cookie', `__Host-at-abcdefgh=${user.accessToken}`]
    })

    after(() => behind?.stop())

    async function assertRefused(method: string, headers: Header[], expected = 403): Promise<void> {
      const reachedBefore = behind.application.requests()
      const { status } = await send({ port: behind.port, method, headers })
      assert.deepEqual([status, behind.application.requests()], [expected, reachedBefore])
    }

    test('lets its user read, from whatever page', async () => {
      for (const headers of [[cookie], [cookie, fromElsewhere]]) {
        const { status, reached } = await send({ port: behind.port, headers })
        assert.deepEqual([status, identityOf(reached).REMOTE_USER], [200, user.userId])
      }
    })

    test('lets its user change something from a page of a listed origin only (OWASP ASVS 5.0 V3.5.1)', async () => {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        assert.equal((await send({ port: behind.port, method, headers: [cookie, fromHere] })).status, 200)
        for (const headers of [[cookie], [cookie, fromElsewhere]]) await assertRefused(method, headers)
        await assertRefused(method, [cookie, ['Sec-Fetch-Site', 'same-site']])
      }
    })

    for (const [trick, claimed] of Object.entries(claimedMethods)) {
      test(`changes nothing from another site, whatever method the client tells: ${trick}`, async () => {
        await assertRefused('POST', [cookie, fromElsewhere, ...claimed])
        await assertRefused('DELETE', [...claimed, cookie, fromElsewhere])
      })
    }

    test('opens a WebSocket from a page of a listed origin only', async () => {
      const { status, reached } = await send({ port: behind.port, headers: [cookie, fromHere, ...websocket] })
      assert.deepEqual([status, identityOf(reached).REMOTE_USER], [101, user.userId])
      await assertRefused('GET', [cookie, fromElsewhere, ...websocket])
      await assertRefused('GET', [cookie, ...websocket])
      const hidden: Header = ['Connection', 'Upgrade, Sec-WebSocket-Key, X-Forwarded-Method']
      await assertRefused('GET', [cookie, fromElsewhere, hidden, ...websocket.slice(1)])
    })

    test('is no token under a name that only looks like that of ours', async () => {
      for (const name of ['at', '__Host-at', '__Host-at-abcdefg', '__host-at-abcdefgh', '__Secure-at-abcdefgh'])
        await assertRefused('GET', [['Cookie', `${name}=${user.accessToken}`]], 401)
    })

    test('does not count beside a token in the header, even a bad one', async () => {
      await assertRefused('GET', [cookie, ['Authorization', 'Bearer nonsense']], 401)
    })
  })
}
