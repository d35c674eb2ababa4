/** An orders API that takes the access tokens of an authorization server. */
import type { AddressInfo } from 'node:net'
import { getAuth, protect, requireRoles, requireScopes } from '@countersign/resource-server/express'
import express from 'express'

const { ISSUER: issuer = '', AUDIENCE: audience = '', JWT_SECRET: secret, PORT = '3000' } = process.env
const keys = secret === undefined ? {} : { secret, algorithms: ['HS256'] as const }
const app = express().disable('x-powered-by')

app.get('/public', (_request, response) => {
  response.json({ message: 'Anyone may read this.' })
})

app.use(protect({ issuer, audience, ...keys }))

app.get('/orders', requireScopes('orders:read'), (request, response) => {
  response.json({ orders: [{ id: 1, item: 'coffee', customer: getAuth(request).claims.sub }] })
})

app.get('/admin', requireRoles('admin'), (_request, response) => {
  response.json({ message: 'Only for administrators.' })
})

const server = app.listen(Number(PORT), '127.0.0.1', (error) => {
  if (error) throw error
  console.log(`Listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
