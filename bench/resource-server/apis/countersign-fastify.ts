import { getAuth, protect } from '@countersign/resource-server/fastify'
import fastify from 'fastify'
import { protectOptions } from './countersign-options.ts'
import { openAnswer, port } from './settings.ts'

const app = fastify()
app.get('/open', async () => openAnswer)
app.register((scope, _options, done) => {
  scope.register(protect(protectOptions))
  scope.get('/protected', async (request) => ({ sub: getAuth(request).claims.sub }))
  done()
})
await app.listen({ port, host: '127.0.0.1' })
