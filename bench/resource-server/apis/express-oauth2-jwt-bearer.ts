// express-oauth2-jwt-bearer as its README shows it: the JWK Set is found by the metadata of the issuer.
import express from 'express'
import { auth } from 'express-oauth2-jwt-bearer'
import { algorithm, audience, cacheAge, issuer, openAnswer, port } from './settings.ts'

const check = auth({
  issuerBaseURL: issuer,
  audience,
  tokenSigningAlg: algorithm,
  ...(cacheAge !== undefined && { cacheMaxAge: cacheAge }),
})

const app = express()
app.get('/open', (_request, response) => void response.json(openAnswer))
app.get('/protected', check, (request, response) => void response.json({ sub: request.auth?.payload.sub }))
app.listen(port, '127.0.0.1')
