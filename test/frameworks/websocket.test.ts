import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { protect } from '@countersign/resource-server/node'
import { createTestIssuer, type TestIssuer } from '@countersign/resource-server/testing'
import { WebSocket, WebSocketServer } from 'ws'
import type { Application } from './conformance.ts'
import { listen } from './listen.ts'

describe('a WebSocket upgrade', () => {
  let issuer: TestIssuer
  let app: Application

  before(async () => {
    issuer = await createTestIssuer()
    const guard = protect({
      ...issuer.options,
      log: { warn: () => undefined },
      cookie: { origins: ['https://app.example'] },
    })
    const sockets = new WebSocketServer({ noServer: true })
    const server = createServer().on(
      'upgrade',
      guard.upgrade(
        (request, socket, head) => {
          sockets.handleUpgrade(request, socket, head, (webSocket) => webSocket.send(String(request.auth.claims.sub)))
        },
        { scopes: 'orders:read' },
      ),
    )
    app = await listen(server)
  })
  after(() => app.close())

  function open(headers: Record<string, string>): Promise<string> {
    const webSocket = new WebSocket(app.url.replace('http', 'ws'), { headers })
    return new Promise((resolve) => {
      webSocket.on('message', (message) => {
        webSocket.terminate()
        resolve(String(message))
      })
      webSocket.on('unexpected-response', (_request, response) => {
        resolve(`${response.statusCode} ${response.headers['www-authenticate'] ?? ''}`)
        response.destroy()
      })
      webSocket.on('error', () => undefined)
    })
  }

  test('reaches the application with a good token', async () => {
    const token = issuer.token({ sub: 'user-9', scope: 'orders:read' })
    assert.equal(await open({ authorization: `Bearer ${token}` }), 'user-9')
  })

  test('is closed when its token expires', async () => {
    const token = issuer.token({ scope: 'orders:read' }, { lifetime: 1 })
    const webSocket = new WebSocket(app.url.replace('http', 'ws'), { headers: { authorization: `Bearer ${token}` } })
    webSocket.on('error', () => undefined)
    const [code] = await once(webSocket, 'close')
    assert.equal(code, 1006)
  })

  test('is refused before there is a WebSocket (RFC 6455 §4.2.2)', async () => {
    assert.equal(await open({}), '401 Bearer')
    assert.equal(await open({ authorization: `Bearer ${issuer.forgedToken()}` }), '401 Bearer error="invalid_token"')
    const challenge = 'Bearer error="insufficient_scope", scope="orders:read"'
    assert.equal(await open({ authorization: `Bearer ${issuer.token()}` }), `403 ${challenge}`)
  })

  test('with a cookie is taken from a listed origin only: any page can open one (RFC 6455 §10.2)', async () => {
    const cookie = `__Host-at-abcdefgh=${issuer.token({ sub: 'user-9', scope: 'orders:read' })}`
    assert.equal(await open({ cookie, origin: 'https://app.example' }), 'user-9')
    assert.equal(await open({ cookie, origin: 'https://evil.example' }), '403 ')
    assert.equal(await open({ cookie }), '403 ')
  })
})
