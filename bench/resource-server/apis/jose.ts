// jose on Fastify: createRemoteJWKSet and jwtVerify as their documentation shows them, in a hook.
import fastify, { type FastifyRequest } from 'fastify'
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose'
import { algorithm, audience, cacheAge, issuer, jwksUri, openAnswer, port } from './settings.ts'

const jwks = createRemoteJWKSet(new URL(jwksUri), cacheAge === undefined ? {} : { cacheMaxAge: cacheAge })
const options = { issuer, audience, algorithms: [algorithm], typ: 'at+jwt', requiredClaims: ['exp'] }

const app = fastify()
app.decorateRequest('claims', null)
app.get('/open', async () => openAnswer)
app.get(
  '/protected',
  {
    onRequest: async (request, reply) => {
      const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
      try {
        const { payload } = await jwtVerify(token ?? '', jwks, options)
        request.setDecorator('claims', payload)
      } catch {
        return reply.code(401).send({ error: 'invalid_token' })
      }
    },
  },
  async (request) => ({ sub: claimsOf(request).sub }),
)
await app.listen({ port, host: '127.0.0.1' })

function claimsOf(request: FastifyRequest): JWTPayload {
  return request.getDecorator<JWTPayload>('claims')
}
