import {
  AccessError,
  findAuth,
  getAuth,
  protect,
  requireAll,
  requireRoles,
  requireScopes,
} from '@countersign/resource-server/fastify'
import fastify, { type FastifyRequest } from 'fastify'
import { type Application, type Parts, testFramework } from './conformance.ts'

testFramework('Fastify 5', start)

async function start(parts: Parts): Promise<Application> {
  const app = fastify()
  const answer = async (request: FastifyRequest) => ({ sub: findAuth(request)?.claims.sub ?? null })
  app.get('/open', async () => ({ open: true }))
  app.register((api, _options, done) => {
    api.register(protect(parts.api))
    api.get('/api/me', async (request) => ({
      sub: request.getDecorator<{ claims: { sub: string } }>('auth').claims.sub,
    }))
    api.get('/api/orders', { onRequest: requireScopes('orders:read') }, answer)
    api.post<{ Body: { item: string } }>(
      '/api/orders',
      { onRequest: requireScopes('orders:write') },
      async (request) => ({
        sub: getAuth(request).claims.sub,
        item: request.body.item,
      }),
    )
    api.get('/api/admin', { onRequest: requireRoles('admin', 'owner') }, answer)
    api.get('/api/recent', { onRequest: requireAll({ maxAuthAge: 300, acrValues: 'strong' }) }, answer)
    done()
  })
  for (const [path, options] of Object.entries({
    '/optional': parts.optional,
    '/thrown': parts.thrown,
    '/cookie': parts.cookie,
    '/resource': parts.resource,
    '/broken': parts.broken,
  })) {
    app.register((scope, _options, done) => {
      scope.register(protect(options))
      scope.get(path, answer)
      scope.post(path, answer)
      done()
    })
  }
  app.register((scope, _options, done) => {
    scope.register(protect(parts.named))
    scope.get('/named', async (request) => ({
      sub: request.getDecorator<{ claims: { sub: string } }>('user').claims.sub,
    }))
    done()
  })
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof AccessError) return reply.code(418).send({ caught: error.code })
    throw error
  })
  return { url: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() }
}
