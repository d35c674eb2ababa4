// What the signature check alone costs within a server: node:crypto on node:http, with a key and bytes of its own at hand. It
// does not even look at the token, and protects nothing.
import { randomBytes, sign, verify } from 'node:crypto'
import { createServer } from 'node:http'
import { generatePair } from '../../tokens/subject.ts'
import { algorithm, openAnswer, port } from './settings.ts'

const { privateKey, publicKey } = generatePair(algorithm)
const hash = algorithm === 'EdDSA' ? null : 'sha256'
// As long as the signed part of a token of this bench.
const inputs = Array.from({ length: 64 }, () => randomBytes(663))
const signatures = inputs.map((input) => sign(hash, input, privateKey))
const text = JSON.stringify(openAnswer)
let next = 0

createServer((request, response) => {
  const isGood = request.url === '/open' || isNextSignatureGood()
  response.writeHead(isGood ? 200 : 401, { 'content-type': 'application/json', 'content-length': text.length })
  response.end(text)
}).listen(port, '127.0.0.1')

function isNextSignatureGood(): boolean {
  next = (next + 1) % inputs.length
  const [input, signature] = [inputs[next], signatures[next]]
  return input !== undefined && signature !== undefined && verify(hash, input, publicKey, signature)
}
