// An issuer that has nothing but its metadata and its JWK Set, counts who asks for it, and misbehaves as it is told.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { IssuerKey } from './access-tokens.ts'

/** What the JWK Set endpoint does: it serves the set, or one of the things that go wrong. */
export type JwksBehaviour = 'serve' | 'hang' | 'status 500' | 'garbage' | 'HTML page' | 'redirect' | '5 MB'

export interface Issuer {
  url: string
  /** The keys of the JWK Set; replace the array to rotate. */
  keys: readonly IssuerKey[]
  behaviour: JwksBehaviour
  /** Requests for the JWK Set so far. */
  readonly requests: number
  /** Refuses connections from now on. */
  goAway(): void
}

/** What its JWK Set may be kept for, seconds, as `Cache-Control` says. */
export const maxAge = 60

const jwksPath = '/.well-known/jwks.json'
const movedPath = '/moved.json'
const metadataPaths = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']
const json = { 'content-type': 'application/json', 'cache-control': `public, max-age=${maxAge}` }
const padding = 'x'.repeat(5_000_000)

/** Starts an issuer on a port of its own. */
export async function startIssuer(keys: readonly IssuerKey[]): Promise<Issuer> {
  const server = createServer((request, response) => answer(request, response))
  await listen(server)
  let requests = 0
  const issuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys,
    behaviour: 'serve' as JwksBehaviour,
    get requests() {
      return requests
    },
    goAway() {
      server.close()
      server.closeAllConnections()
    },
  }
  return issuer

  function answer({ url = '' }: IncomingMessage, response: ServerResponse): void {
    if (url === jwksPath) {
      requests++
      answers[issuer.behaviour](response, issuer)
    } else if (url === movedPath) {
      answers.serve(response, issuer)
    } else if (metadataPaths.includes(url)) {
      const metadata = { issuer: issuer.url, jwks_uri: issuer.url + jwksPath }
      response.writeHead(200, json).end(JSON.stringify(metadata))
    } else {
      response.writeHead(404).end()
    }
  }
}

const answers: Record<JwksBehaviour, (response: ServerResponse, issuer: Pick<Issuer, 'keys' | 'url'>) => void> = {
  serve: (response, issuer) => response.writeHead(200, json).end(JSON.stringify(jwkSet(issuer))),
  hang: () => undefined,
  'status 500': (response) => response.writeHead(500, json).end('{"error":"server_error"}'),
  garbage: (response) => response.writeHead(200, json).end('{"keys":[{"kty":"RSA","n":'),
  'HTML page': (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><p>Welcome'),
  redirect: (response, { url }) => response.writeHead(302, { location: url + movedPath }).end(),
  '5 MB': (response, issuer) => response.writeHead(200, json).end(JSON.stringify({ ...jwkSet(issuer), padding })),
}

function jwkSet({ keys }: Pick<Issuer, 'keys'>): object {
  return { keys: keys.map(({ jwk }) => jwk) }
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
}
