// The real authorization server behind a network that fails on demand, with an API and pages at the same origin; all on 127.0.0.1, all by
// one clock that the test moves.
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { AuthorizationServerOptions, Store } from '@countersign/server'
import { createAuthorizationServer, createNodeServer, openSqliteStore } from '@countersign/server'
import { createVerifier, TokenError } from '@countersign/token'
import { type FaultyProxy, type Reply, type SeenRequest, startFaultyProxy } from './faulty-proxy.ts'

export const ada = { email: 'ada@example.com', password: 'a quite long password' }
export const bob = { email: 'bob@example.com', password: 'another long password' }

/** Paths of the server, as the proxy counts them. */
export const paths = { login: '/api/auth/login', refresh: '/api/auth/refresh', logout: '/api/auth/logout' }

export interface LiveServer {
  readonly issuer: string
  readonly proxy: FaultyProxy
  /** What the server has warned of: the event, or what it said. */
  readonly warnings: string[]
  readonly store: Store
  /** Replies of the test's own, before those of API and server. */
  own: (request: SeenRequest) => Reply | undefined
}

/**
 * Starts it all by a clock in epoch milliseconds, with the accounts of Ada and Bob. `GET /api/orders` and `POST /api/orders` want an access token, and answer with whose it is and
 * with the body.
 */
export async function startLiveServer(
  t: Pick<TestContext, 'after'>,
  clock: { now: number },
  options: Partial<AuthorizationServerOptions> = {},
): Promise<LiveServer> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-client-'))
  const store = openSqliteStore({ path: join(folder, 'test.db'), now: () => clock.now })
  let port = 0
  const proxy = await startFaultyProxy(
    () => port,
    (request) => live.own(request) ?? answerOrders(request),
  )
  const issuer = proxy.origin
  const warnings: string[] = []
  const live: LiveServer = { issuer, proxy, warnings, store, own: () => undefined }
  const server = createAuthorizationServer({
    issuer,
    store,
    masterKey: new Uint8Array(32).fill(7),
    log: {
      debug() {},
      info() {},
      warn: (fields, message) => void warnings.push((fields as { event?: string }).event ?? message),
      error: (fields, message) => void warnings.push(`${message} ${JSON.stringify(fields)}`),
    },
    sleep: async (milliseconds) => {
      clock.now += milliseconds
      await turn()
    },
    ...options,
  })
  const httpServer = createNodeServer(server)
  await new Promise<void>((resolve) => void httpServer.listen(0, '127.0.0.1', resolve))
  port = (httpServer.address() as AddressInfo).port
  t.after(async () => {
    proxy.close()
    httpServer.close()
    httpServer.closeAllConnections()
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const jwks = (await (await fetch(`${issuer}/.well-known/jwks.json`)).json()) as never
  const now = () => clock.now / 1000
  const verify = createVerifier({ keys: jwks, algorithms: ['ES256'], issuer, audience: issuer, typ: 'at+jwt', now })

  function answerOrders({ method, path, headers, body }: SeenRequest): Reply | undefined {
    if (path !== '/api/orders') return undefined
    const json = { 'content-type': 'application/json' }
    try {
      const { sub } = verify(headers.authorization?.replace('Bearer ', '') ?? '') as { sub: string }
      return { status: 200, headers: json, body: JSON.stringify({ sub, method, body }) }
    } catch (error) {
      if (!(error instanceof TokenError)) throw error
      const challenge = { 'www-authenticate': 'Bearer error="invalid_token"' }
      return { status: 401, headers: { ...json, ...challenge }, body: '{}' }
    }
  }

  for (const account of [ada, bob]) {
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify(account)
    const { status } = await fetch(`${issuer}/api/auth/register`, { method: 'POST', headers, body })
    if (status !== 201) throw new Error(`registration answered ${status}`)
  }
  return live
}
