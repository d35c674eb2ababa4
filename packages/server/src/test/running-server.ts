/** The server as a process of its own, started the way a person starts it. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ada, type Tokens } from './test-server.ts'

/** What `countersign start` runs. */
export const mainFile = fileURLToPath(new URL('../main.ts', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunningServer {
  readonly issuer: string
  readonly child: ChildProcessByStdio<null, Readable, Readable>
  /** What it has written so far. */
  readonly output: { stdout: string; stderr: string }
  ended(): Promise<Ended>
}

/** A folder that is removed when the test ends. */
export function newFolder(t: Pick<TestContext, 'after'>): string {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-main-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Spawns main.ts; nothing of this process's own settings reaches it but the mark by which a test run finds what it started. */
export function spawnServer(t: Pick<TestContext, 'after'>, mode: string, env: Record<string, string>, cwd = tmpdir()) {
  const { PATH = '', HOME = '', COUNTERSIGN_TEST_RUN = '' } = process.env
  const child = spawn(
    process.execPath,
    [...process.execArgv.filter((flag) => flag.startsWith('--conditions')), mainFile, mode],
    {
      cwd,
      env: { PATH, HOME, COUNTERSIGN_TEST_RUN, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  t.after(() => void child.kill('SIGKILL'))
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (output.stdout += chunk))
  child.stderr.on('data', (chunk) => (output.stderr += chunk))
  const closed = once(child, 'close')
  const ended = async (): Promise<Ended> => {
    await closed
    return { code: child.exitCode, signal: child.signalCode, ...output }
  }
  return { child, output, ended }
}

/** Starts `dev` on a free port and waits until it is ready. */
export async function startDev(
  t: Pick<TestContext, 'after'>,
  env: Record<string, string> = {},
): Promise<RunningServer> {
  const server = spawnServer(t, 'dev', { PORT: '0', COUNTERSIGN_DATA_DIR: newFolder(t), ...env })
  let gone = false
  void server.ended().then(() => (gone = true))
  for (;;) {
    const issuer = /^ {2}Issuer +(\S+)$/m.exec(server.output.stdout)?.[1]
    if (issuer !== undefined && server.output.stdout.includes('curl')) return { issuer, ...server }
    if (gone) throw new Error(`the server ended: ${server.output.stderr}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Makes an account over HTTP and signs in. */
export async function signUp(issuer: string, name: string): Promise<Tokens> {
  await postAccount(issuer, '/api/auth/register', name, 201)
  return signIn(issuer, name)
}

export async function signIn(issuer: string, name: string): Promise<Tokens> {
  return (await (await postAccount(issuer, '/api/auth/login', name, 200)).json()) as Tokens
}

export function refresh(issuer: string, refreshToken: string): Promise<Response> {
  return fetch(`${issuer}/api/auth/refresh`, { method: 'POST', headers: { authorization: `Bearer ${refreshToken}` } })
}

async function postAccount(issuer: string, path: string, name: string, expected: number): Promise<Response> {
  const body = JSON.stringify({ ...ada, email: `${name}@example.com` })
  const reply = await fetch(issuer + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  if (reply.status !== expected) throw new Error(`${path} answered ${reply.status}`)
  return reply
}
