/** The orders service. It asks the invoices service in its own name, and never passes on a token that it was sent. */
import type { AddressInfo } from 'node:net'
import { getAuth, protect, requireScopes } from '@countersign/resource-server/express'
import express from 'express'
import { ClientToken } from './client-token.ts'

const { ISSUER: issuer = '', AUDIENCE: audience = '', PORT = '3000' } = process.env
const { INVOICES_URL = '', INVOICES_AUDIENCE = '', CLIENT_ID = '', CLIENT_SECRET = '' } = process.env
const app = express().disable('x-powered-by')
const ownToken = new ClientToken({
  issuer,
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
  resource: INVOICES_AUDIENCE,
  scope: 'invoices:read',
})

app.get('/public', (_request, response) => {
  response.json({ message: 'Anyone may read this.' })
})

app.use(protect({ issuer, audience }))

app.get('/orders', requireScopes('orders:read'), (request, response) => {
  response.json({ orders: [{ id: 1, item: 'coffee', customer: getAuth(request).claims.sub }] })
})

app.get('/orders/invoices', requireScopes('orders:read'), async (_request, response) => {
  const answer = await fetch(`${INVOICES_URL}/invoices`, {
    headers: { authorization: `Bearer ${await ownToken.get()}` },
    signal: AbortSignal.timeout(5000),
  })
  if (!answer.ok) response.status(502).json({ error: 'bad_gateway' })
  else response.json(await answer.json())
})

const server = app.listen(Number(PORT), '127.0.0.1', (error) => {
  if (error) throw error
  console.log(`Listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
