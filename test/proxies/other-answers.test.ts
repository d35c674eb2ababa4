// What the proxies make of other answers than those of the two deciders: none at all, strange ones, and "nobody, and that is fine".
import assert from 'node:assert/strict'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { NodeRequestView } from '@countersign/resource-server'
import { createForwardAuth } from '@countersign/resource-server/forward-auth'
import { createTestIssuer } from '@countersign/resource-server/testing'
import { requires } from '../requires.ts'
import { type Application, startApplication } from './application.ts'
import { identityOf, tricks } from './claimed-identity.ts'
import { proxies } from './protected-application.ts'
import { type RunningProxy, startProxy } from './proxy.ts'
import { send } from './raw-request.ts'

const troubles: Record<string, RequestListener> = {
  'hangs up': (incoming) => incoming.socket.destroy(),
  'does not answer': () => undefined,
  'stops in the middle of its answer': (_incoming, outgoing) => {
    outgoing.socket?.end('HTTP/1.1 204 No Content\r\nX-Auth-Request-User: ad')
  },
  'speaks no HTTP': (_incoming, outgoing) => outgoing.socket?.end('204\r\n\r\n'),
  'leads elsewhere': (_incoming, outgoing) => outgoing.writeHead(302, { location: '/' }).end(),
  'is another server': (_incoming, outgoing) => outgoing.writeHead(404).end(),
  'has no keys': (_incoming, outgoing) => outgoing.writeHead(503).end(),
  'does not understand the question': (_incoming, outgoing) => outgoing.writeHead(400).end(),
  fails: (_incoming, outgoing) => outgoing.writeHead(500).end(),
}

for (const name of proxies) {
  describe(`${name}, when whom it asks`, { skip: requires(name) }, () => {
    let answer: RequestListener = () => undefined
    let application: Application
    let decider: Server
    let proxy: RunningProxy

    before(async () => {
      application = await startApplication()
      decider = createServer((incoming, outgoing) => answer(incoming, outgoing))
      await new Promise<void>((resolve) => void decider.listen(0, '127.0.0.1', resolve))
      proxy = await startProxy(name, {
        '127.0.0.1:4000': `127.0.0.1:${(decider.address() as AddressInfo).port}`,
        '127.0.0.1:3000': `127.0.0.1:${application.port}`,
        ' 5s': ' 500ms',
      })
    })

    after(async () => {
      await proxy?.stop()
      decider?.close()
      decider?.closeAllConnections()
      application?.close()
    })

    for (const [trouble, listener] of Object.entries(troubles)) {
      test(`${trouble}, lets nobody in`, async () => {
        answer = listener
        const { status = 200 } = await send({ port: proxy.port, headers: [['Authorization', 'Bearer x']] })
        assert.notEqual(Math.floor(status / 100), 2)
        assert.equal(application.requests(), 0)
      })
    }

    test('lets requests without a token through, shows nothing that such a client says about itself', async () => {
      const issuer = await createTestIssuer()
      const forwardAuth = createForwardAuth({ ...issuer.options, optional: true, log: { warn: () => undefined } })
      answer = async (incoming, outgoing) => {
        const { status, headers, body } = await forwardAuth(new NodeRequestView(incoming), new URLSearchParams())
        outgoing.writeHead(status, headers).end(body)
      }
      for (const claimed of Object.values(tricks)) {
        const anonymous = await send({ port: proxy.port, headers: claimed })
        assert.deepEqual([anonymous.status, identityOf(anonymous.reached)], [200, {}])
        const token: [string, string] = ['Authorization', `Bearer ${issuer.token()}`]
        const known = await send({ port: proxy.port, headers: [...claimed, token] })
        assert.deepEqual(identityOf(known.reached), { X_AUTH_REQUEST_USER: 'user-1', REMOTE_USER: 'user-1' })
      }
      const bad = await send({ port: proxy.port, headers: [['Authorization', `Bearer ${issuer.forgedToken()}`]] })
      assert.equal(bad.status, 401)
    })
  })
}
