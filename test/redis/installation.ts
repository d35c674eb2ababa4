// Authorization servers that share one database and one Redis, each as if it ran alone, and what their users do.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  createAuthorizationServer,
  openSqliteStore,
  type Store,
} from '@countersign/server'

const issuer = 'https://auth.example.com'
export const ada = { email: 'ada@example.com', password: 'a quite long password' }
export const wrong = { ...ada, password: 'not the password' }

export interface Reply {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of every shape
  readonly json: any
  /** Milliseconds. */
  readonly took: number
}

export interface Instance {
  readonly server: AuthorizationServer
  /** What it has logged. */
  readonly log: { readonly fields: Readonly<Record<string, unknown>>; readonly message: string }[]
  post(path: string, body: object, from?: string): Promise<Reply>
  login(credentials?: typeof ada, from?: string): Promise<Reply>
  refresh(refreshToken: string): Promise<Reply>
  ready(): Promise<Reply>
}

export interface Installation {
  readonly store: Store
  readonly instances: readonly Instance[]
  close(): Promise<void>
}

/** Starts so many servers; the first account is there. */
export async function install(count: number, options: Partial<AuthorizationServerOptions> = {}): Promise<Installation> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-redis-servers-'))
  const store = openSqliteStore({ path: join(folder, 'countersign.db') })
  const masterKey = randomBytes(32)
  const instances = Array.from({ length: count }, () => startInstance({ issuer, store, masterKey, ...options }))
  await instances[0]?.post('/api/auth/register', ada)
  return {
    store,
    instances,
    async close() {
      for (const { server } of instances) server.close()
      await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function startInstance(options: AuthorizationServerOptions): Instance {
  const log: Instance['log'] = []
  const write = (fields: object, message: string) => void log.push({ fields: { ...fields }, message })
  const server = createAuthorizationServer({
    log: { debug: write, info: write, warn: write, error: write },
    ...options,
  })

  async function call(method: string, path: string, body: object | undefined, from: string): Promise<Reply> {
    const init = {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    }
    const began = performance.now()
    const answer = await server.fetch(new Request(issuer + path, init), {
      incoming: { socket: { remoteAddress: from } },
    })
    const text = await answer.text()
    return { status: answer.status, json: text === '' ? {} : JSON.parse(text), took: performance.now() - began }
  }

  const post: Instance['post'] = (path, body, from = '192.0.2.7') => call('POST', path, body, from)
  return {
    ...{ server, log, post },
    login: (credentials = ada, from) => post('/api/auth/login', credentials, from),
    refresh: (refreshToken) => post('/api/auth/refresh', { refreshToken }),
    ready: () => call('GET', '/readyz', undefined, '192.0.2.7'),
  }
}

/**
 * Tells whether servers count wrong passwords together. A busy machine may keep Redis from answering in time, and then one was counted
 * elsewhere: some networks are tried.
 */
export async function countTogether(instances: readonly Instance[], network: string): Promise<boolean> {
  for (let host = 1; host <= 5; host++) {
    const attempt = (turn: number) => instances[turn % instances.length]?.login(wrong, `${network}.${host}`)
    const statuses: (number | undefined)[] = []
    for (let turn = 0; turn < 11; turn++) statuses.push((await attempt(turn))?.status)
    if (statuses.slice(9).join() === '401,429') return true
    await sleep(1000)
  }
  return false
}

/** Runs something as often as asked, and tells the status of each. */
export async function statusesOf(times: number, act: (turn: number) => Promise<Reply>): Promise<number[]> {
  const statuses: number[] = []
  for (let turn = 0; turn < times; turn++) statuses.push((await act(turn)).status)
  return statuses
}
