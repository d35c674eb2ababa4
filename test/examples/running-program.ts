// Runs the programs that the tests talk to: the authorization server and the examples, as processes on 127.0.0.1.
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = join(import.meta.dirname, '../..')
const fromSource = '--conditions=@countersign/source'
const longestStart = 60_000

export interface Program {
  /** Where it listens. */
  url: string
  /** Everything that it has printed so far, on either stream. */
  output(): string
  /** Resolves when it is gone of its own accord. */
  ended(): Promise<void>
  /** Ends it, and resolves when it is gone. */
  stop(): Promise<void>
}

export interface Start {
  command: string
  args: string[]
  /** A folder below the root of the repository, or anywhere by its whole path. */
  cwd: string
  env: Record<string, string>
  /** Whose rights it has, if not those of the tests. */
  user?: { uid: number; gid: number }
  /** What the program prints once it listens; the first group is its address, unless `url` says it. */
  ready: RegExp
  url?: string
}

/** Starts the authorization server with a data folder of its own. */
export async function startAuthorizationServer(env: Record<string, string>): Promise<Program> {
  const dataDir = mkdtempSync(join(tmpdir(), 'countersign-example-'))
  const port = await findFreePort()
  const removeFolder = () => rmSync(dataDir, { recursive: true, force: true })
  try {
    const program = await startProgram({
      command: process.execPath,
      args: [fromSource, 'packages/server/src/main.ts', 'dev'],
      cwd: '.',
      env: { PORT: String(port), COUNTERSIGN_DATA_DIR: dataDir, ...env },
      ready: /^Countersign is ready\.$/m,
      url: `http://127.0.0.1:${port}`,
    })
    return { ...program, stop: () => program.stop().finally(removeFolder) }
  } catch (error) {
    removeFolder()
    throw error
  }
}

/** Starts an example that is written in TypeScript. `npm test` has installed its packages. */
export function startTypeScriptExample(
  folder: string,
  env: Record<string, string>,
  file = 'server.ts',
): Promise<Program> {
  return startProgram({
    command: process.execPath,
    args: [fromSource, file],
    cwd: folder,
    env,
    ready: /^Listening on (http:\S+)\n/m,
  })
}

/** Builds an example that is written for Next.js, as its `npm run build` does. */
export async function buildNextExample(folder: string, env: Record<string, string>): Promise<void> {
  const ready = /^Route \(app\)$/m
  const program = await startNext(folder, ['build'], { env, ready, url: '' })
  await program.ended()
}

/** Starts an example that is written for Next.js and built, as its `npm start` does. */
export async function startNextExample(folder: string, env: Record<string, string>): Promise<Program> {
  const port = await findFreePort()
  const args = ['start', '--hostname', '127.0.0.1', '--port', String(port)]
  return startNext(folder, args, { env, ready: /Ready in/, url: `http://127.0.0.1:${port}` })
}

function startNext(folder: string, args: string[], start: Pick<Start, 'env' | 'ready' | 'url'>): Promise<Program> {
  const env = { ...start.env, NODE_OPTIONS: fromSource, NEXT_TELEMETRY_DISABLED: '1' }
  const next = 'node_modules/next/dist/bin/next'
  return startProgram({ command: process.execPath, args: [next, ...args], cwd: folder, ...start, env })
}

/** Starts an example that is written in Python, on the Python whose packages apt-get installs. */
export function startPythonExample(folder: string, env: Record<string, string>): Promise<Program> {
  return startProgram({
    command: '/usr/bin/python3',
    args: ['-B', 'app.py'],
    cwd: folder,
    env,
    ready: /^Listening on (http:\S+)\n/m,
  })
}

/** Starts forward-auth as a process of its own. */
export function startForwardAuth(env: Record<string, string>): Promise<Program> {
  return startProgram({
    command: process.execPath,
    args: [fromSource, 'packages/resource-server/src/forward-auth/main.ts'],
    cwd: '.',
    env: { PORT: '0', ...env },
    ready: /^forward-auth listens on (http:\S+)\/forward-auth\n/m,
  })
}

/**
 * Finds a port of 127.0.0.1 that nothing listens on. It is below those that the system gives to connections, one of which might otherwise
 * take it before it is used.
 */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000)
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer().once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}

/** Starts a program, and resolves when it says that it listens. */
export function startProgram({ command, args, cwd, env, user, ready, url }: Start): Promise<Program> {
  const child = spawn(command, args, {
    ...user,
    cwd: resolve(root, cwd),
    // Nothing of the tests' own environment but the mark by which a run finds what it started.
    env: { ...pick(process.env, ['PATH', 'HOME', 'COUNTERSIGN_TEST_RUN']), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const gone = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
  })

  async function stop(): Promise<void> {
    const kill = setTimeout(() => child.kill('SIGKILL'), 5000)
    child.kill('SIGTERM')
    await gone
    clearTimeout(kill)
  }

  return new Promise((resolve, reject) => {
    const tooLate = setTimeout(() => child.kill('SIGKILL'), longestStart)
    child.once('error', reject)
    void gone.then(() => {
      clearTimeout(tooLate)
      reject(new Error(`${command} ${args.join(' ')} ended before it listened:\n${output}`))
    })
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        const match = ready.exec(output)
        if (match === null) return
        clearTimeout(tooLate)
        resolve({ url: url ?? match[1] ?? '', output: () => output, ended: () => gone, stop })
      })
    }
  })
}

function pick(environment: NodeJS.ProcessEnv, names: string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  )
}
