/** An orders API on node:http, with a WebSocket, that takes the access tokens of an authorization server. */
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { protect } from '@countersign/resource-server/node'
import { WebSocketServer } from 'ws'

const { ISSUER: issuer = '', AUDIENCE: audience = '', PORT = '3000' } = process.env
const guard = protect({ issuer, audience })

const routes = new Map<string, RequestListener>([
  ['GET /public', (_request, response) => send(response, { message: 'Anyone may read this.' })],
  [
    'GET /orders',
    guard(
      (request, response) => send(response, { orders: [{ id: 1, item: 'coffee', customer: request.auth.claims.sub }] }),
      { scopes: 'orders:read' },
    ),
  ],
  [
    'GET /admin',
    guard((_request, response) => send(response, { message: 'Only for administrators.' }), { roles: 'admin' }),
  ],
])

const server = createServer((request, response) => {
  const route = routes.get(`${request.method} ${request.url?.split('?')[0]}`)
  if (route === undefined) response.writeHead(404).end()
  else route(request, response)
})

// A refused connection never becomes a WebSocket; an accepted one is closed when its token expires.
const sockets = new WebSocketServer({ noServer: true })
server.on(
  'upgrade',
  guard.upgrade(
    (request, socket, head) =>
      sockets.handleUpgrade(request, socket, head, (webSocket) => webSocket.send(`Hello, ${request.auth.claims.sub}`)),
    { scopes: 'orders:read' },
  ),
)

server.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`Listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

function send(response: ServerResponse, body: object): void {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
}
