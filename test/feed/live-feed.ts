// An authorization server with its feed on a port of 127.0.0.1, and a way between it and its readers that the test can break.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createAuthorizationServer,
  createNodeServer,
  openSqliteStore,
  registerClient,
  type Store,
} from '@countersign/server'

/** A way that can be cut, and held up: a TCP proxy. */
export interface Way {
  readonly port: number
  /** Breaks every connection, and lets none through until it is mended. */
  cut(): void
  mend(): void
  /** Keeps what comes from the server back; the connections stay open. */
  holdUp(): void
  /** Delivers everything from the server later by so many milliseconds. */
  delay(milliseconds: number): void
  close(): void
}

export interface LiveFeed {
  readonly issuer: string
  readonly audience: string
  readonly store: Store
  readonly masterKey: Uint8Array
  readonly way: Way
  readonly client: { readonly clientId: string; readonly clientSecret: string }
  /** The paths that were asked for, through the way. */
  readonly requests: string[]
  signUp(
    name: string,
  ): Promise<{ readonly accessToken: string; readonly refreshToken: string; readonly userId: string }>
  close(): Promise<void>
}

export async function startLiveFeed(redis?: { readonly url: string }): Promise<LiveFeed> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-feed-'))
  const store = openSqliteStore({ path: join(folder, 'countersign.db') })
  const requests: string[] = []
  const masterKey = randomBytes(32)
  const way = await openWay(() => behind)
  const issuer = `http://127.0.0.1:${way.port}`
  const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore }
  const server = createAuthorizationServer({
    issuer,
    store,
    masterKey,
    log: silent,
    ...(redis && { redis }),
  })
  const http = createNodeServer({
    fetch: (request, env) => {
      requests.push(new URL(request.url).pathname)
      return server.fetch(request, env)
    },
  })
  await new Promise<void>((resolve) => void http.listen(0, '127.0.0.1', resolve))
  const behind = (http.address() as AddressInfo).port
  await server.ready()
  const scope = ['revocations:read', 'tokens:introspect']
  const client = await registerClient(store, { name: 'readers', scope }, { actor: 'test', reason: '' }, randomBytes)
  if (client === undefined) throw new Error('the client is there already')

  async function post(path: string, body: object): Promise<Record<string, string>> {
    const response = await server.fetch(
      new Request(issuer + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    )
    return (await response.json()) as Record<string, string>
  }

  return {
    ...{ issuer, audience: issuer, store, masterKey, way, client, requests },
    async signUp(name) {
      const account = { email: `${name}@example.com`, password: 'a quite long password' }
      await post('/api/auth/register', account)
      const { accessToken = '', refreshToken = '' } = await post('/api/auth/login', account)
      const { sub } = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString())
      return { accessToken, refreshToken, userId: sub }
    },
    async close() {
      way.close()
      server.close()
      http.close()
      http.closeAllConnections()
      await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function ignore(): void {}

/** Opens a way to a port. */
export async function openWay(findPort: () => number): Promise<Way> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let isCut = false
  let isHeldUp = false
  let lateness = 0
  const server = createServer((inner) => {
    inner.on('error', ignore)
    if (isCut) {
      inner.destroy()
      return
    }
    const outer = connect(findPort(), '127.0.0.1')
    const pair = [inner, outer] as const
    pairs.add(pair)
    outer.on('error', ignore)
    inner.pipe(outer)
    outer.on('data', (chunk) => {
      if (isHeldUp) return
      if (lateness === 0) inner.write(chunk)
      else setTimeout(() => inner.writable && inner.write(chunk), lateness)
    })
    const end = (): void => {
      pairs.delete(pair)
      inner.destroy()
      outer.destroy()
    }
    inner.on('close', end)
    outer.on('close', end)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const breakAll = (): void => {
    for (const [inner, outer] of pairs) {
      inner.destroy()
      outer.destroy()
    }
  }
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      isCut = true
      breakAll()
    },
    mend: () => {
      isCut = false
      isHeldUp = false
      lateness = 0
    },
    holdUp: () => {
      isHeldUp = true
    },
    delay: (milliseconds) => {
      lateness = milliseconds
    },
    close: () => {
      server.close()
      breakAll()
    },
  }
}
