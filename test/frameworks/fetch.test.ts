import { AccessError, type Auth, protect } from '@countersign/resource-server/fetch'
import { createAdaptorServer } from '@hono/node-server'
import { type Parts, testFramework } from './conformance.ts'
import { listen } from './listen.ts'

testFramework('Fetch', (parts) => listen(createAdaptorServer({ fetch: createHandler(parts) }) as never))

function createHandler(parts: Parts): (request: Request) => Promise<Response> {
  const answer = (_request: Request, auth: Auth | undefined) => Response.json({ sub: auth?.claims.sub ?? null })
  const api = protect(parts.api)
  const cookie = protect(parts.cookie)(answer)
  const createOrder = async (request: Request, auth: Auth) => {
    const { item } = (await request.json()) as { item: string }
    return Response.json({ sub: auth.claims.sub, item })
  }
  const routes: Record<string, (request: Request) => Promise<Response>> = {
    'GET /open': async () => Response.json({ open: true }),
    'GET /api/me': api(answer),
    'GET /api/orders': api(answer, { scopes: 'orders:read' }),
    'POST /api/orders': api(createOrder, { scopes: 'orders:write' }),
    'GET /api/admin': api(answer, { roles: ['admin', 'owner'] }),
    'GET /api/recent': api(answer, { maxAuthAge: 300, acrValues: 'strong' }),
    'GET /optional': protect(parts.optional)(answer),
    'GET /named': api(answer),
    'GET /thrown': protect(parts.thrown)(answer),
    'GET /cookie': cookie,
    'POST /cookie': cookie,
    'GET /resource': protect(parts.resource)(answer),
    'GET /broken': protect(parts.broken)(answer),
  }
  return async (request) => {
    try {
      const route = routes[`${request.method} ${new URL(request.url).pathname}`]
      return route === undefined ? new Response(null, { status: 404 }) : await route(request)
    } catch (error) {
      if (error instanceof AccessError) return Response.json({ caught: error.code }, { status: 418 })
      throw error
    }
  }
}
