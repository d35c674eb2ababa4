/** An orders API in Fastify that takes the access tokens of an authorization server. */
import { getAuth, protect, requireRoles, requireScopes } from '@countersign/resource-server/fastify'
import fastify from 'fastify'

const { ISSUER: issuer = '', AUDIENCE: audience = '', PORT = '3000' } = process.env
const app = fastify()

app.get('/public', async () => ({ message: 'Anyone may read this.' }))

// The routes of this scope are protected, those beside it are not.
app.register((api, _options, done) => {
  api.register(protect({ issuer, audience }))

  api.get('/orders', { onRequest: requireScopes('orders:read') }, async (request) => ({
    orders: [{ id: 1, item: 'coffee', customer: getAuth(request).claims.sub }],
  }))

  api.get('/admin', { onRequest: requireRoles('admin') }, async () => ({ message: 'Only for administrators.' }))
  done()
})

const url = await app.listen({ port: Number(PORT), host: '127.0.0.1' })
console.log(`Listening on ${url}`)
