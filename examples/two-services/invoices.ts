/** The invoices service: it has an audience of its own, and so refuses the tokens that the orders service is sent. */
import type { AddressInfo } from 'node:net'
import { getAuth, protect, requireScopes } from '@countersign/resource-server/express'
import express from 'express'

const { ISSUER: issuer = '', AUDIENCE: audience = '', PORT = '3001' } = process.env
const app = express().disable('x-powered-by')

app.get('/public', (_request, response) => {
  response.json({ message: 'Anyone may read this.' })
})

app.use(protect({ issuer, audience }))

app.get('/invoices', requireScopes('invoices:read'), (request, response) => {
  response.json({ invoices: [{ id: 1, order: 1 }], askedBy: getAuth(request).claims.client_id })
})

const server = app.listen(Number(PORT), '127.0.0.1', (error) => {
  if (error) throw error
  console.log(`Listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
