// Runs the command with secrets that are marked, and looks for them in everything that it writes.
import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import type { TestContext } from 'node:test'
import { describeConfiguration } from '@countersign/server/administration'

const main = join(import.meta.dirname, '../../packages/cli/src/main.ts')

export type Env = Readonly<Record<string, string>>

/** What `start` needs besides the master key. */
export const settings = {
  COUNTERSIGN_ISSUER: 'https://auth.example.com',
  COUNTERSIGN_AUDIENCE: 'https://api.example.com',
}

export const masterKey: Buffer = Buffer.alloc(32, 'master key MARKED!')
export const token = 'hvs.MARKED-token-of-vault'
export const accessKey = 'MARKED/access/key/of/aws'

/** No output may hold any of these. Whatever a test makes up itself has the word in it. */
const secrets = [masterKey.toString('base64url'), masterKey.toString('base64'), masterKey.toString('hex'), 'MARKED']

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A folder that is removed when the test ends. */
export function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-secrets-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function spawnCommand(words: readonly string[], env: Env): ChildProcessByStdio<Writable, Readable, Readable> {
  const { PATH = '', COUNTERSIGN_TEST_RUN = '' } = process.env
  // No settings of AWS from elsewhere: neither a file of this machine nor the address that tells a virtual machine its role.
  const noAws = { HOME: tmpdir(), AWS_EC2_METADATA_DISABLED: 'true' }
  return spawn(process.execPath, ['--conditions=@countersign/source', main, ...words], {
    cwd: tmpdir(),
    env: { PATH, COUNTERSIGN_TEST_RUN, ...noAws, ...env },
    timeout: 60_000,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
}

/** Runs a command to its end, and checks that it tells no secret. */
export async function run(words: readonly string[], env: Env, input = ''): Promise<Finished> {
  const child = spawnCommand(words, env)
  const output = collect(child)
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  await once(child, 'close')
  assertSecret(output)
  return { code: child.exitCode, ...output }
}

interface Printed {
  readonly code: number | null
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
  /** The setting of a name. */
  get(name: string): Readonly<Record<string, unknown>>
}

/** Runs `config print --json`. */
export async function printConfig(env: Env, ...options: string[]): Promise<Printed> {
  const { code, stdout, stderr } = await run(['config', 'print', '--json', ...options], env)
  assert.match(stdout, /^\{.*\}\n$/, stderr)
  const { settings: printed, problems, warnings } = JSON.parse(stdout)
  return { code, problems, warnings, get: (name) => printed.find((one: { name: string }) => one.name === name) }
}

/** Describes what `config print` prints, without a process of its own; nothing of it is a secret either. */
export async function describeConfig(env: Env): Promise<Omit<Printed, 'code'> & { readonly isTransient: boolean }> {
  const { settings: described, warnings, refusal } = await describeConfiguration(env, 'start')
  assertSecret({
    stdout: JSON.stringify({ described, warnings }),
    stderr: `${refusal?.stack}${JSON.stringify(refusal)}`,
  })
  return {
    problems: refusal?.problems ?? [],
    isTransient: refusal?.isTransient ?? false,
    warnings,
    get: (name) => ({ ...described.find((one) => one.name === name) }),
  }
}

export interface RunningServer {
  readonly url: string
  /** Ends it as an operator does, and checks that it told no secret. */
  stop(): Promise<Finished>
}

/** Starts `countersign start` on a free port, and waits until it is ready. */
export async function start(t: TestContext, env: Env): Promise<RunningServer> {
  const child = spawnCommand(['start'], { PORT: '0', COUNTERSIGN_LOG_LEVEL: 'trace', ...settings, ...env })
  t.after(() => void child.kill('SIGKILL'))
  const output = collect(child)
  const closed = once(child, 'close')
  for (;;) {
    const [, port] = /"port":(\d+),"msg":"ready"/.exec(output.stdout) ?? []
    if (port !== undefined) {
      const stop = async () => {
        child.kill('SIGTERM')
        await closed
        assertSecret(output)
        return { code: child.exitCode, ...output }
      }
      return { url: `http://127.0.0.1:${port}`, stop }
    }
    if (child.exitCode !== null) throw new Error(`the server ended: ${output.stderr}`)
    await Promise.race([once(child.stdout, 'data'), closed])
  }
}

/** Registers an address and signs in with it. */
export async function signUp(url: string, email: string): Promise<number> {
  const json = { email, password: 'a quite long password' }
  const post = (path: string) =>
    fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(json) })
  await post('/api/auth/register')
  return (await post('/api/auth/login')).status
}

function collect(child: ChildProcessByStdio<Writable, Readable, Readable>): { stdout: string; stderr: string } {
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (output.stdout += chunk))
  child.stderr.on('data', (chunk) => (output.stderr += chunk))
  return output
}

function assertSecret({ stdout, stderr }: { stdout: string; stderr: string }): void {
  for (const secret of secrets) assert.ok(!(stdout + stderr).includes(secret), `a secret was told: ${stdout}${stderr}`)
}
