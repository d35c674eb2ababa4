// What the signature check alone costs within a server of node:http. It protects nothing.
import { createServer } from 'node:http'
import { openAnswer, port } from './settings.ts'
import { isNextSignatureGood } from './signature-check.ts'

const text = JSON.stringify(openAnswer)

createServer((request, response) => {
  const isGood = request.url === '/open' || isNextSignatureGood(request.headers.authorization)
  response.writeHead(isGood ? 200 : 401, { 'content-type': 'application/json', 'content-length': text.length })
  response.end(text)
}).listen(port, '127.0.0.1')
