/** The command as a process of its own, as a person runs it, on an installation of its own. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type AuthorizationServer, createAuthorizationServer, openSqliteStore, type Store } from '@countersign/server'

type Env = Readonly<Record<string, string>>
type Test = Pick<TestContext, 'after'>

export const ada = { email: 'ada@example.com', password: 'a quite long password' }

const mainFile = fileURLToPath(new URL('../main.ts', import.meta.url))
const issuer = 'http://localhost:4000'

export interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string
}

export interface Credentials {
  readonly client_id: string
  readonly client_secret: string
}

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A folder that is removed when the test ends. */
export function newFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-cli-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Spawns the command; nothing of this process's own settings reaches it but the mark by which a test run finds what it started. */
export function spawnCommand(words: readonly string[], env: Env) {
  const { PATH = '', HOME = '', COUNTERSIGN_TEST_RUN = '' } = process.env
  const flags = process.execArgv.filter((flag) => flag.startsWith('--conditions'))
  const child = spawn(process.execPath, [...flags, mainFile, ...words], {
    cwd: tmpdir(),
    env: { PATH, HOME, COUNTERSIGN_TEST_RUN, ...env },
    timeout: 60_000,
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (output.stdout += chunk))
  child.stderr.on('data', (chunk) => (output.stderr += chunk))
  const closed = once(child, 'close')
  const finished = async (): Promise<Finished> => {
    await closed
    return { code: child.exitCode, ...output }
  }
  return { child, output, finished }
}

/** Runs a command to its end. */
export function run(words: readonly string[], env: Env, input = ''): Promise<Finished> {
  const { child, finished } = spawnCommand(words, env)
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return finished()
}

/** Runs a command that must succeed, and reads its JSON. */
export async function runJson<Result = object>(words: readonly string[], env: Env, input = ''): Promise<Result> {
  const { code, stdout, stderr } = await run([...words, '--json'], env, input)
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^.*\n$/, 'one line')
  return JSON.parse(stdout)
}

export interface Installation {
  /** Where a command finds it. */
  readonly env: Env
  readonly folder: string
  readonly server: AuthorizationServer
  /** The store of the server, not of the command. */
  readonly store: Store
  call(path: string, json: object | undefined, token?: string): Promise<Response>
  /** Makes an account, signs in, and gives the access token with its claims. */
  signUp(): Promise<Tokens & { readonly claims: Readonly<Record<string, string>> }>
}

/** Makes an installation whose server runs in this process. */
export async function newInstallation(t: Test): Promise<Installation> {
  const folder = newFolder(t)
  const masterKey = Buffer.alloc(32, 5).toString('base64url')
  writeFileSync(join(folder, 'master-key'), `${masterKey}\n`)
  const store = openSqliteStore({ path: join(folder, 'countersign.db') })
  t.after(() => store.close())
  const write = () => {}
  const server = createAuthorizationServer({
    ...{ issuer, masterKey, store },
    log: { debug: write, info: write, warn: write, error: write },
  })
  await server.ready()

  async function call(path: string, json: object | undefined, token = ''): Promise<Response> {
    const headers = { 'content-type': 'application/json', ...(token !== '' && { authorization: `Bearer ${token}` }) }
    const init = json === undefined ? { headers } : { headers, method: 'POST', body: JSON.stringify(json) }
    return server.fetch(new Request(issuer + path, init))
  }

  async function signUp(): ReturnType<Installation['signUp']> {
    await call('/api/auth/register', ada)
    const tokens = (await (await call('/api/auth/login', ada)).json()) as Tokens
    return { ...tokens, claims: claimsOf(tokens.accessToken) }
  }

  return { env: { COUNTERSIGN_DATA_DIR: folder }, folder, server, store, call, signUp }
}

/** Reads the claims of a token without a check. */
export function claimsOf(token: string): Record<string, string> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}
