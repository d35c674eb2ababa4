// Stands in front of the authorization server as its issuer: publishes its keys, and others of which the test has both halves.
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface JwkSetServer {
  url: string
  /** Publishes the keys of an authorization server as well, as long as it answers. */
  republish(authorizationServer: string): void
  /** Publishes one more key. */
  publish(jwk: object): void
  close(): void
  /** How often the JWK Set has been asked for. */
  requests(): number
  /** What has been asked for besides. */
  otherPaths(): string[]
}

/** Ways in which an issuer can fail to answer for its keys; each has a path of its own. */
export const troubles = ['is away', 'redirects', 'answers too much', 'answers no JSON', 'does not answer']

const metadataPath = '/.well-known/oauth-authorization-server'

/** Starts a JWK Set server with a first key. */
export async function startJwkSetServer(firstJwk: object): Promise<JwkSetServer> {
  let authorizationServer = ''
  let requests = 0
  const ownJwks = [firstJwk]
  const otherPaths: string[] = []

  async function answerKeys(outgoing: ServerResponse): Promise<void> {
    requests += 1
    const keys = await readLiveKeys(authorizationServer).catch(() => undefined)
    if (keys === undefined) outgoing.writeHead(502).end()
    else outgoing.end(JSON.stringify({ keys: [...keys, ...ownJwks] }))
  }

  /** Says where the keys of an issuer are, which has a path where it is in trouble (RFC 8414 §3.1). */
  function answerMetadata(outgoing: ServerResponse, issuerPath: string): void {
    const issuer = `${urlOf(server)}${issuerPath}`
    outgoing.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/.well-known/jwks.json` }))
  }

  const server = createServer((incoming, outgoing) => {
    const path = decodeURIComponent(incoming.url ?? '')
    const trouble = path.split('/', 2)[1]
    outgoing.setHeader('content-type', 'application/json')
    if (incoming.url?.startsWith(metadataPath)) answerMetadata(outgoing, incoming.url.slice(metadataPath.length))
    else if (path === '/.well-known/jwks.json') void answerKeys(outgoing)
    else if (trouble === 'is away') incoming.socket.destroy()
    else if (trouble === 'redirects') outgoing.writeHead(302, { location: '/.well-known/jwks.json' }).end()
    else if (trouble === 'answers too much')
      outgoing.end(JSON.stringify({ padding: 'x'.repeat(200_000), keys: ownJwks }))
    else if (trouble === 'answers no JSON') outgoing.end('<html>')
    else if (trouble !== 'does not answer') otherPaths.push(path)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: urlOf(server),
    republish: (url) => {
      authorizationServer = url
    },
    publish: (jwk) => void ownJwks.push(jwk),
    close: () => {
      server.close()
      server.closeAllConnections()
    },
    requests: () => requests,
    otherPaths: () => otherPaths,
  }
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function readLiveKeys(authorizationServer: string): Promise<object[]> {
  return ((await (await fetch(`${authorizationServer}/.well-known/jwks.json`)).json()) as { keys: object[] }).keys
}
