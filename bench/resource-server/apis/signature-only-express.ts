// What the signature check alone costs within a middleware of Express. It protects nothing.
import express, { type RequestHandler } from 'express'
import { openAnswer, port } from './settings.ts'
import { isNextSignatureGood } from './signature-check.ts'

const check: RequestHandler = (request, response, next) => {
  if (isNextSignatureGood(request.headers.authorization)) next()
  else response.sendStatus(401)
}

const app = express()
app.get('/open', (_request, response) => void response.json(openAnswer))
app.get('/protected', check, (_request, response) => void response.json(openAnswer))
app.listen(port, '127.0.0.1')
