// The least that checks an access token: node:crypto on node:http, with the key imported at the start and nothing refused that a
// careful verifier would refuse as well, such as another type, a wrong alphabet, or a claim of another JSON type.
import { createPublicKey, type JsonWebKey, verify } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import { asDerSignature } from '../../der-signature.ts'
import { algorithm, audience, issuer, jwksUri, openAnswer, port } from './settings.ts'

const { keys } = (await (await fetch(jwksUri)).json()) as { keys: (JsonWebKey & { kid: string })[] }
const publicKeys = new Map(keys.map((jwk) => [jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })]))
const hash = algorithm === 'EdDSA' ? null : 'sha256'

createServer((request, response) => {
  if (request.url === '/open') return answer(response, 200, openAnswer)
  const sub = findSubject(request.headers.authorization?.slice('Bearer '.length) ?? '')
  return sub === undefined ? answer(response, 401, {}) : answer(response, 200, { sub })
}).listen(port, '127.0.0.1')

function findSubject(token: string): string | undefined {
  const end = token.lastIndexOf('.')
  const [header = '', payload = ''] = token.split('.', 2)
  const { alg, kid } = parse(header)
  const key = publicKeys.get(String(kid))
  if (key === undefined || alg !== algorithm) return undefined
  const signature = Buffer.from(token.slice(end + 1), 'base64url')
  const decoded = algorithm === 'ES256' ? asDerSignature(signature) : signature
  if (!verify(hash, Buffer.from(token.slice(0, end)), key, decoded)) return undefined
  const { iss, aud, exp, sub } = parse(payload)
  return iss === issuer && aud === audience && Number(exp) * 1000 > Date.now() ? String(sub) : undefined
}

function parse(segment: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(segment, 'base64url').toString())
}

function answer(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': text.length }).end(text)
}
