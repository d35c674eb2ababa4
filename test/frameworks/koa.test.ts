import { createServer } from 'node:http'
import {
  AccessError,
  type AuthState,
  findAuth,
  getAuth,
  protect,
  requireAll,
  requireRoles,
  requireScopes,
} from '@countersign/resource-server/koa'
import Router from '@koa/router'
import Koa, { type Context } from 'koa'
import bodyParser from 'koa-bodyparser'
import { type Parts, testFramework } from './conformance.ts'
import { listen } from './listen.ts'

testFramework('Koa 3', (parts) => listen(createServer(createApp(parts).callback())))

function createApp(parts: Parts): Koa {
  const app = new Koa()
  const answer = (ctx: Context) => {
    ctx.body = { sub: findAuth(ctx)?.claims.sub ?? null }
  }
  const router = new Router<AuthState>()
  router.get('/open', (ctx) => {
    ctx.body = { open: true }
  })
  router.use('/api', protect(parts.api))
  router.get('/api/me', (ctx) => {
    ctx.body = { sub: ctx.state.auth.claims.sub }
  })
  router.get('/api/orders', requireScopes('orders:read'), answer)
  router.post('/api/orders', requireScopes('orders:write'), (ctx) => {
    const { item } = ctx.request.body as { item: string }
    ctx.body = { sub: getAuth(ctx).claims.sub, item }
  })
  router.get('/api/admin', requireRoles('admin', 'owner'), answer)
  router.get('/api/recent', requireAll({ maxAuthAge: 300, acrValues: 'strong' }), answer)
  router.get('/optional', protect(parts.optional), answer)
  router.get('/named', protect(parts.named), (ctx) => {
    ctx.body = { sub: (ctx.state as unknown as { user: AuthState['auth'] }).user.claims.sub }
  })
  router.get('/thrown', protect(parts.thrown), answer)
  router.get('/cookie', protect(parts.cookie), answer)
  router.post('/cookie', protect(parts.cookie), answer)
  router.get('/resource', protect(parts.resource), answer)
  router.get('/broken', protect(parts.broken), answer)
  app.use(async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      if (!(error instanceof AccessError)) throw error
      ctx.status = 418
      ctx.body = { caught: error.code }
    }
  })
  app.use(bodyParser())
  app.use(router.routes())
  return app
}
