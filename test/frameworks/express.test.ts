import { createServer } from 'node:http'
import {
  AccessError,
  findAuth,
  getAuth,
  protect,
  requireAll,
  requireRoles,
  requireScopes,
} from '@countersign/resource-server/express'
import express, { type ErrorRequestHandler, type Request, type Response } from 'express'
// @ts-expect-error: the types of Express 4 would take the place of those of Express 5
import express4 from 'express4'
import { type Parts, testFramework } from './conformance.ts'
import { listen } from './listen.ts'

testFramework('Express 5', (parts) => listen(createServer(createApp(express, parts))))
testFramework('Express 4', (parts) => listen(createServer(createApp(express4 as typeof express, parts))))

function createApp(create: typeof express, parts: Parts): express.Express {
  const app = create()
  const answer = (request: Request, response: Response) => {
    response.json({ sub: findAuth(request)?.claims.sub ?? null })
  }
  app.use(create.json())
  app.get('/open', (_request, response) => {
    response.json({ open: true })
  })
  app.use('/api', protect(parts.api))
  app.get('/api/me', (request, response) => {
    response.json({ sub: (request as Request & { auth: { claims: { sub: string } } }).auth.claims.sub })
  })
  app.get('/api/orders', requireScopes('orders:read'), answer)
  app.post('/api/orders', requireScopes('orders:write'), (request, response) => {
    response.json({ sub: getAuth(request).claims.sub, item: request.body.item })
  })
  app.get('/api/admin', requireRoles('admin', 'owner'), answer)
  app.get('/api/recent', requireAll({ maxAuthAge: 300, acrValues: 'strong' }), answer)
  app.get('/optional', protect(parts.optional), answer)
  app.get('/named', protect(parts.named), (request, response) => {
    response.json({ sub: (request as Request & { user: { claims: { sub: string } } }).user.claims.sub })
  })
  app.get('/thrown', protect(parts.thrown), answer)
  app.get('/cookie', protect(parts.cookie), answer)
  app.post('/cookie', protect(parts.cookie), answer)
  app.get('/resource', protect(parts.resource), answer)
  app.get('/broken', protect(parts.broken), answer)
  const handleError: ErrorRequestHandler = (error, _request, response, next) => {
    if (error instanceof AccessError) response.status(418).json({ caught: error.code })
    else next(error)
  }
  app.use(handleError)
  return app
}
