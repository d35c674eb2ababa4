import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { json } from 'node:stream/consumers'
import { type AccessTokenClaims, type Auth, type Handler, protect } from '@countersign/resource-server/node'
import { type Parts, testFramework } from './conformance.ts'
import { listen } from './listen.ts'

testFramework('node:http', (parts) => listen(createServer(createListener(parts))), { hasErrorHandling: false })

type Known = IncomingMessage & { readonly auth?: Auth<AccessTokenClaims> | undefined }

const answer: Handler<Known> = (request, response) => {
  response.end(JSON.stringify({ sub: request.auth?.claims.sub ?? null }))
}

function createListener(parts: Parts): RequestListener {
  const api = protect(parts.api)
  const cookie = protect(parts.cookie)(answer)
  const createOrder: Handler<Known> = async (request, response) => {
    const { item } = (await json(request)) as { item: string }
    response.end(JSON.stringify({ sub: request.auth?.claims.sub, item }))
  }
  const routes: Record<string, Handler> = {
    'GET /open': answer,
    'GET /api/me': api(answer),
    'GET /api/orders': api(answer, { scopes: 'orders:read' }),
    'POST /api/orders': api(createOrder, { scopes: 'orders:write' }),
    'GET /api/admin': api(answer, { roles: ['admin', 'owner'] }),
    'GET /api/recent': api(answer, { maxAuthAge: 300, acrValues: 'strong' }),
    'GET /optional': protect(parts.optional)(answer),
    'GET /named': protect({ ...parts.api })(answer),
    'GET /cookie': cookie,
    'POST /cookie': cookie,
    'GET /resource': protect(parts.resource)(answer),
    'GET /broken': protect(parts.broken)(answer),
  }
  return (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    routes[`${request.method} ${pathname}`]?.(request, response)
  }
}
