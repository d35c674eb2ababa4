import { createServer, type ServerResponse } from 'node:http'
import { protect } from '@countersign/resource-server/node'
import { protectOptions } from './countersign-options.ts'
import { openAnswer, port } from './settings.ts'

const guard = protect(protectOptions)
const answerProtected = guard((request, response) => answer(response, { sub: request.auth.claims.sub }))

createServer((request, response) => {
  if (request.url === '/open') answer(response, openAnswer)
  else answerProtected(request, response)
}).listen(port, '127.0.0.1')

function answer(response: ServerResponse, body: object): void {
  const text = JSON.stringify(body)
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length }).end(text)
}
