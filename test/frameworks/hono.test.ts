import {
  AccessError,
  findAuth,
  getAuth,
  protect,
  requireAll,
  requireRoles,
  requireScopes,
} from '@countersign/resource-server/hono'
import { createAdaptorServer } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { type Parts, testFramework } from './conformance.ts'
import { listen } from './listen.ts'

testFramework('Hono 4', (parts) => listen(createAdaptorServer({ fetch: createApp(parts).fetch }) as never))

function createApp(parts: Parts): Hono {
  const answer = (c: Context) => c.json({ sub: findAuth(c)?.claims.sub ?? null })
  const app = new Hono()
  app.get('/open', (c) => c.json({ open: true }))
  const api = new Hono()
    .use(protect(parts.api))
    .get('/me', (c) => c.json({ sub: c.var.auth.claims.sub ?? null }))
    .get('/orders', requireScopes('orders:read'), answer)
    .post('/orders', requireScopes('orders:write'), async (c) => {
      const { item } = await c.req.json<{ item: string }>()
      return c.json({ sub: getAuth(c).claims.sub, item })
    })
    .get('/admin', requireRoles('admin', 'owner'), answer)
    .get('/recent', requireAll({ maxAuthAge: 300, acrValues: 'strong' }), answer)
  app.route('/api', api)
  app.get('/optional', protect(parts.optional), (c) => c.json({ sub: c.var.auth?.claims.sub ?? null }))
  app.get('/named', protect(parts.named), (c) => c.json({ sub: c.var.user.claims.sub }))
  app.get('/thrown', protect(parts.thrown), answer)
  app.on(['GET', 'POST'], '/cookie', protect(parts.cookie), answer)
  app.get('/resource', protect(parts.resource), answer)
  app.get('/broken', protect(parts.broken), answer)
  app.onError((error, c) => {
    if (error instanceof AccessError) return c.json({ caught: error.code }, 418)
    throw error
  })
  return app
}
