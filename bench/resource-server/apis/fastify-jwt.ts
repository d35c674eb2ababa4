// @fastify/jwt with get-jwks as the README of get-jwks shows it, with issuer, audience and algorithm checked.
import fastifyJwt from '@fastify/jwt'
import fastify from 'fastify'
import buildGetJwks from 'get-jwks'
import { algorithm, audience, cacheAge, issuer, openAnswer, port, tokenCache } from './settings.ts'

const getJwks = buildGetJwks({ issuersWhitelist: [issuer], ...(cacheAge !== undefined && { ttl: cacheAge }) })

const app = fastify()
await app.register(fastifyJwt, {
  decode: { complete: true },
  secret: (_request: unknown, token: unknown) => {
    const { header, payload } = token as { header: { kid: string; alg: string }; payload: { iss: string } }
    return getJwks.getPublicKey({ kid: header.kid, domain: payload.iss, alg: header.alg })
  },
  verify: {
    allowedIss: issuer,
    allowedAud: audience,
    algorithms: [algorithm],
    ...(tokenCache !== undefined && { cache: tokenCache }),
  },
})
app.get('/open', async () => openAnswer)
app.get('/protected', { onRequest: (request) => request.jwtVerify() }, async (request) => ({
  sub: (request.user as { sub: string }).sub,
}))
await app.listen({ port, host: '127.0.0.1' })
