import { protect } from '@countersign/resource-server/hono'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { protectOptions } from './countersign-options.ts'
import { openAnswer, port } from './settings.ts'

const app = new Hono()
app.get('/open', (context) => context.json(openAnswer))
app.get('/protected', protect(protectOptions), (context) => context.json({ sub: context.var.auth.claims.sub }))
serve({ fetch: app.fetch, port, hostname: '127.0.0.1' })
