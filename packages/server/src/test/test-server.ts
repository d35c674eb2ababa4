/** A server for tests: in process, on a real SQLite file, with a clock that the test moves and a log that the test reads. */

import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { AuthorizationServerOptions } from '../options.ts'
import { type AuthorizationServer, createAuthorizationServer } from '../server.ts'
import { newLocation } from '../store/sqlite/sqlite-store.fixture.ts'
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts'
import type { Store } from '../store/store.ts'

export const issuer = 'https://auth.example.com'

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface Call {
  /** Sent as JSON. */
  readonly json?: unknown
  /** Sent as it is, instead of `json`. */
  readonly body?: string | Uint8Array<ArrayBuffer> | ReadableStream
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
  /** The address that it comes from; `null` where the server has no sockets. @default '192.0.2.7' */
  readonly from?: string | null
}

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of every shape
  readonly json: any
}

export interface TestServer {
  readonly server: AuthorizationServer
  readonly store: Store
  /** Epoch milliseconds; the store and the tokens live by it. */
  readonly clock: { now: number }
  readonly log: LogLine[]
  call(method: string, path: string, call?: Call): Promise<Reply>
  /** Makes an account and signs in; answers with the token answer. */
  signUp(email?: string, password?: string): Promise<Tokens>
  signIn(email?: string, password?: string): Promise<Tokens>
  refresh(refreshToken: string): Promise<Reply>
}

export interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string
  readonly expiresIn: number
}

export const ada = { email: 'ada@example.com', password: 'a quite long password' }

/** Starts a server that ends with the test. */
export function startTestServer(
  t: Pick<TestContext, 'after'>,
  options: Partial<AuthorizationServerOptions> = {},
): TestServer {
  const clock = { now: 1_800_000_000_500 }
  const store =
    options.store ?? openSqliteStore({ path: newLocation((remove) => t.after(remove)), now: () => clock.now })
  t.after(() => store.close())
  const log: LogLine[] = []
  const write = (level: LogLine['level']) => (fields: object, message: string) =>
    void log.push({ level, message, fields: { ...fields } })
  const server = createAuthorizationServer({
    issuer,
    masterKey: new Uint8Array(32).fill(7),
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    sleep: async (time) => {
      clock.now += time
      await setTimeout(0)
    },
    ...options,
    store,
  })

  async function call(
    method: string,
    path: string,
    { json, body, token, headers, from = '192.0.2.7' }: Call = {},
  ): Promise<Reply> {
    const init = {
      method,
      headers: {
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...((json !== undefined || body !== undefined) && { body: body ?? JSON.stringify(json), duplex: 'half' }),
    }
    const request = new Request(new URL(path, options.issuer ?? issuer), init as RequestInit)
    const response = await server.fetch(request, from === null ? {} : { incoming: { socket: { remoteAddress: from } } })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: text.startsWith('{') ? JSON.parse(text) : undefined,
    }
  }

  async function signIn(email = ada.email, password = ada.password): Promise<Tokens> {
    const reply = await call('POST', '/api/auth/login', { json: { email, password } })
    if (reply.status !== 200) throw new Error(`login answered ${reply.status} ${reply.text}`)
    return reply.json
  }

  async function signUp(email = ada.email, password = ada.password): Promise<Tokens> {
    const reply = await call('POST', '/api/auth/register', { json: { email, password } })
    if (reply.status !== 201) throw new Error(`register answered ${reply.status} ${reply.text}`)
    return signIn(email, password)
  }

  const refresh = (refreshToken: string) => call('POST', '/api/auth/refresh', { json: { refreshToken } })
  return { server, store, clock, log, call, signIn, signUp, refresh }
}

/** Reads the claims of a token without a check. */
export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}
