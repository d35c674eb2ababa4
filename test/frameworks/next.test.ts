// The handlers and components of Next.js are functions; that Next itself calls them is shown by examples/next-app.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccessError, type Auth, protect } from '@countersign/resource-server/next'
import { createTestIssuer } from '@countersign/resource-server/testing'
import { createAdaptorServer } from '@hono/node-server'
import { type Parts, testFramework } from './conformance.ts'
import { listen } from './listen.ts'

testFramework('Next.js route handlers', (parts) =>
  listen(createAdaptorServer({ fetch: createHandler(parts) }) as never),
)

const noHeaders = () => new Headers()

function createHandler(parts: Parts): (request: Request) => Promise<Response> {
  const answer = (_request: Request, auth: Auth | undefined) => Response.json({ sub: auth?.claims.sub ?? null })
  const { route } = protect({ ...parts.api, headers: noHeaders })
  const cookie = protect({ ...parts.cookie, headers: noHeaders }).route(answer)
  const createOrder = async (request: Request, auth: Auth) => {
    const { item } = (await request.json()) as { item: string }
    return Response.json({ sub: auth.claims.sub, item })
  }
  const routes: Record<string, (request: Request) => Promise<Response>> = {
    'GET /open': async () => Response.json({ open: true }),
    'GET /api/me': route(answer),
    'GET /api/orders': route(answer, { scopes: 'orders:read' }),
    'POST /api/orders': route(createOrder, { scopes: 'orders:write' }),
    'GET /api/admin': route(answer, { roles: ['admin', 'owner'] }),
    'GET /api/recent': route(answer, { maxAuthAge: 300, acrValues: 'strong' }),
    'GET /optional': protect({ ...parts.optional, headers: noHeaders }).route(answer),
    'GET /named': route(answer),
    'GET /thrown': protect({ ...parts.thrown, headers: noHeaders }).route(answer),
    'GET /cookie': cookie,
    'POST /cookie': cookie,
    'GET /resource': protect({ ...parts.resource, headers: noHeaders }).route(answer),
    'GET /broken': protect({ ...parts.broken, headers: noHeaders }).route(answer),
  }
  return async (request) => {
    try {
      const handler = routes[`${request.method} ${new URL(request.url).pathname}`]
      return handler === undefined ? new Response(null, { status: 404 }) : await handler(request)
    } catch (error) {
      if (error instanceof AccessError) return Response.json({ caught: error.code }, { status: 418 })
      throw error
    }
  }
}

test('a server component learns who is behind the request, from the header or the cookie', async () => {
  const issuer = await createTestIssuer()
  let headers = new Headers()
  const { getAuth, findAuth } = protect({
    ...issuer.options,
    log: { warn: () => undefined },
    cookie: { origins: ['https://app.example'] },
    headers: async () => headers,
  })
  assert.equal(await findAuth(), undefined)
  await assert.rejects(getAuth(), { code: 'token_missing' })

  headers = new Headers({ cookie: `__Host-at-abcdefgh=${issuer.token({ sub: 'user-3' })}` })
  assert.equal((await getAuth()).claims.sub, 'user-3')
  await assert.rejects(getAuth({ scopes: 'orders:read' }), { code: 'insufficient_scope' })
  assert.equal(await findAuth({ scopes: 'orders:read' }), undefined)

  headers.set('next-action', 'an action is a POST')
  await assert.rejects(getAuth(), { code: 'cross_site_request' })
  headers.set('origin', 'https://app.example')
  assert.equal((await getAuth()).claims.sub, 'user-3')

  // An action of a form that was sent before the page had its scripts has no header of its own.
  headers.delete('next-action')
  headers.set('content-type', 'multipart/form-data; boundary=x')
  assert.equal((await getAuth()).claims.sub, 'user-3')
  headers.set('origin', 'null')
  await assert.rejects(getAuth(), { code: 'cross_site_request' })
})
