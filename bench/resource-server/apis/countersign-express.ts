import { getAuth, protect } from '@countersign/resource-server/express'
import express from 'express'
import { protectOptions } from './countersign-options.ts'
import { openAnswer, port } from './settings.ts'

const app = express()
app.get('/open', (_request, response) => void response.json(openAnswer))
app.get(
  '/protected',
  protect(protectOptions),
  (request, response) => void response.json({ sub: getAuth(request).claims.sub }),
)
app.listen(port, '127.0.0.1')
