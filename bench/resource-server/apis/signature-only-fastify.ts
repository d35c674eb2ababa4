// What the signature check alone costs within a hook of Fastify. It protects nothing.
import fastify from 'fastify'
import { openAnswer, port } from './settings.ts'
import { isNextSignatureGood } from './signature-check.ts'

const app = fastify()
app.get('/open', async () => openAnswer)
app.register((scope, _options, done) => {
  scope.addHook('onRequest', (request, reply, goOn) => {
    if (isNextSignatureGood(request.headers.authorization)) goOn()
    else reply.code(401).send()
  })
  scope.get('/protected', async () => openAnswer)
  done()
})
await app.listen({ port, host: '127.0.0.1' })
