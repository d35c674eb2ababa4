// What the signature check alone costs within a middleware of Hono. It protects nothing.
import { serve } from '@hono/node-server'
import { Hono, type MiddlewareHandler } from 'hono'
import { openAnswer, port } from './settings.ts'
import { isNextSignatureGood } from './signature-check.ts'

const check: MiddlewareHandler = async (context, next) => {
  if (!isNextSignatureGood(context.req.header('authorization'))) return context.body(null, 401)
  await next()
  return undefined
}

const app = new Hono()
app.get('/open', (context) => context.json(openAnswer))
app.get('/protected', check, (context) => context.json(openAnswer))
serve({ fetch: app.fetch, port, hostname: '127.0.0.1' })
