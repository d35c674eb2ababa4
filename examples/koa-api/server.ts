/** An orders API in Koa that takes the access tokens of an authorization server. */
import type { AddressInfo } from 'node:net'
import { type AuthState, protect, requireRoles, requireScopes } from '@countersign/resource-server/koa'
import Router from '@koa/router'
import Koa from 'koa'

const { ISSUER: issuer = '', AUDIENCE: audience = '', PORT = '3000' } = process.env

const open = new Router()
open.get('/public', (ctx) => {
  ctx.body = { message: 'Anyone may read this.' }
})

const api = new Router<AuthState>()
api.get('/orders', requireScopes('orders:read'), (ctx) => {
  ctx.body = { orders: [{ id: 1, item: 'coffee', customer: ctx.state.auth.claims.sub }] }
})
api.get('/admin', requireRoles('admin'), (ctx) => {
  ctx.body = { message: 'Only for administrators.' }
})

const app = new Koa()
app.use(open.routes())
app.use(protect({ issuer, audience }))
app.use(api.routes())

const server = app.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`Listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
