// The authorization server on a port of 127.0.0.1, in the process of the tests, which give its users their roles.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAuthorizationServer, createNodeServer, openSqliteStore } from '@countersign/server'
import { readSegment } from '../examples/forged-token.ts'
import { findFreePort } from '../examples/running-program.ts'

export const audience = 'https://app.example.com'

export interface SignedIn {
  userId: string
  accessToken: string
  refreshToken: string
}

export interface LiveServer {
  issuer: string
  port: number
  /** Makes a user with some roles and signs in. */
  signIn(...roles: string[]): Promise<SignedIn>
  signOut(user: SignedIn): Promise<void>
  stop(): Promise<void>
}

/** Starts the authorization server; its tokens have the scope orders:read. */
export async function startLiveServer(): Promise<LiveServer> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-live-'))
  const port = await findFreePort()
  const issuer = `http://127.0.0.1:${port}`
  const store = openSqliteStore({ path: join(folder, 'countersign.db') })
  const ignore = () => undefined
  const server = createAuthorizationServer({
    issuer,
    audience,
    store,
    masterKey: new Uint8Array(32).fill(7),
    defaultScopes: ['orders:read'],
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  })
  const httpServer = createNodeServer(server)
  await once(httpServer.listen(port, '127.0.0.1'), 'listening')
  let users = 0

  async function post(path: string, body: object): Promise<Response> {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${issuer}/api/auth/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    assert.ok(answer.ok, `${path} answered ${answer.status}`)
    return answer
  }

  async function logIn(credentials: object): Promise<SignedIn> {
    const tokens = (await (await post('login', credentials)).json()) as Omit<SignedIn, 'userId'>
    return { ...tokens, userId: String(readSegment(tokens.accessToken, 1).sub) }
  }

  return {
    issuer,
    port,
    async signIn(...roles) {
      users += 1
      const credentials = { email: `user-${users}@example.com`, password: 'correct horse battery staple' }
      await post('register', credentials)
      if (roles.length > 0) await server.updateAccount((await logIn(credentials)).userId, { roles })
      return logIn(credentials)
    },
    signOut: async ({ refreshToken }) => void (await post('logout', { refreshToken })),
    async stop() {
      httpServer.close()
      httpServer.closeAllConnections()
      server.close()
      await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
