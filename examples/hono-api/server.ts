/** An orders API in Hono that takes the access tokens of an authorization server. */
import { protect, requireRoles, requireScopes } from '@countersign/resource-server/hono'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const { ISSUER: issuer = '', AUDIENCE: audience = '', PORT = '3000' } = process.env

// Hono passes on the types of its middleware along the chain: c.var.auth is known below.
const app = new Hono()
  .get('/public', (c) => c.json({ message: 'Anyone may read this.' }))
  .use(protect({ issuer, audience }))
  .get('/orders', requireScopes('orders:read'), (c) =>
    c.json({ orders: [{ id: 1, item: 'coffee', customer: c.var.auth.claims.sub }] }),
  )
  .get('/admin', requireRoles('admin'), (c) => c.json({ message: 'Only for administrators.' }))

serve({ fetch: app.fetch, port: Number(PORT), hostname: '127.0.0.1' }, ({ port }) => {
  console.log(`Listening on http://127.0.0.1:${port}`)
})
