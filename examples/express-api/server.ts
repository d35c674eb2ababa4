/** An orders API that takes the access tokens of an authorization server. */
import type { AddressInfo } from 'node:net'
import { createVerifier, importKey } from '@countersign/token'
import express, { type ErrorRequestHandler } from 'express'
import { createJwkSetResolver } from './jwk-set.ts'
import { requireScope } from './require-scope.ts'

const { ISSUER, AUDIENCE, JWT_SECRET, PORT = '3000' } = process.env
if (!ISSUER || !AUDIENCE) {
  console.error('Set ISSUER to the issuer of the access tokens, and AUDIENCE to the identifier of this API.')
  process.exit(2)
}

const verify = createVerifier({
  keys: JWT_SECRET
    ? importKey(new TextEncoder().encode(JWT_SECRET), { alg: 'HS256' })
    : createJwkSetResolver(`${ISSUER}/.well-known/jwks.json`),
  algorithms: [JWT_SECRET ? 'HS256' : 'ES256'],
  issuer: ISSUER,
  audience: AUDIENCE,
  typ: 'at+jwt',
  requiredClaims: ['sub'],
})

const app = express().disable('x-powered-by')

app.get('/public', (_request, response) => {
  response.json({ message: 'Anyone may read this.' })
})

app.get('/orders', requireScope('orders:read', verify), (_request, response) => {
  response.json({ orders: [{ id: 1, item: 'coffee', customer: response.locals.claims.sub }] })
})

app.use((_request, response) => {
  response.status(404).json({ error: 'not_found' })
})

const answerError: ErrorRequestHandler = (error, _request, response, _next) => {
  const isOurs = !(error.status >= 400 && error.status < 500)
  if (isOurs) console.error(`request failed: ${error.name}`)
  response.status(isOurs ? 500 : error.status).json({ error: isOurs ? 'server_error' : 'invalid_request' })
}
app.use(answerError)

const server = app.listen(Number(PORT), '127.0.0.1', (error) => {
  if (error) throw error
  console.log(`Listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
