// express-jwt with jwks-rsa as the examples of jwks-rsa show it: cache and rate limit on, five requests a minute.
import express from 'express'
import { expressjwt, type GetVerificationKey, type Request } from 'express-jwt'
import jwksRsa from 'jwks-rsa'
import { algorithm, audience, cacheAge, issuer, jwksUri, openAnswer, port } from './settings.ts'

const secret = jwksRsa.expressJwtSecret({
  cache: true,
  rateLimit: true,
  jwksRequestsPerMinute: 5,
  jwksUri,
  ...(cacheAge !== undefined && { cacheMaxAge: cacheAge }),
}) as GetVerificationKey
const check = expressjwt({ secret, audience, issuer, algorithms: [algorithm as 'RS256' | 'ES256'] })

const app = express()
app.get('/open', (_request, response) => void response.json(openAnswer))
app.get('/protected', check, (request: Request, response) => void response.json({ sub: request.auth?.sub }))
app.listen(port, '127.0.0.1')
