// The jwk middleware of Hono on @hono/node-server as its documentation shows it. It keeps no JWK Set.
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { jwk } from 'hono/jwk'
import type { JwtVariables } from 'hono/jwt'
import { algorithm, audience, issuer, jwksUri, openAnswer, port } from './settings.ts'

const check = jwk({ jwks_uri: jwksUri, alg: [algorithm], verification: { iss: issuer, aud: audience, typ: 'at+jwt' } })

const app = new Hono<{ Variables: JwtVariables<{ sub: string }> }>()
app.get('/open', (context) => context.json(openAnswer))
app.get('/protected', check, (context) => context.json({ sub: context.get('jwtPayload').sub }))
serve({ fetch: app.fetch, port, hostname: '127.0.0.1' })
