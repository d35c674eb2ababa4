// Owns the processes that the bench starts: each is a plain child, started from exec, and none outlives the bench.
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { markVariable } from '../../scripts/marked-processes.ts'

export interface Child {
  pid: number
  /** Sends and takes messages, when there is a channel. */
  channel: ChildProcess
  isRunning(): boolean
  /** The end of what it wrote to stderr. */
  complaint(): string
  /** Asks it to end, then makes it. */
  stop(): Promise<void>
}

const longestStop = 7000
const children = new Set<ChildProcess>()

process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

interface ChildOptions {
  folder: string
  environment: Record<string, string>
  /** Whose rights it has. @default those of this process */
  user?: { uid: number; gid: number } | undefined
  /** Whether messages go to it and come from it. @default false */
  hasChannel?: boolean
}

/** Starts a program in a folder, with nothing of this process's environment but what every program needs. */
export function startChild(
  [program = '', ...args]: readonly string[],
  { folder, environment, user, hasChannel = false }: ChildOptions,
): Child {
  const { PATH = '', HOME = '', [markVariable]: mark = '' } = process.env
  const env = { PATH, HOME, [markVariable]: mark, ...environment }
  const stdio: StdioOptions = ['ignore', 'ignore', 'pipe', ...(hasChannel ? (['ipc'] as const) : [])]
  const child = spawn(program, args, { ...user, cwd: folder, env, stdio })
  let complaint = ''
  child.once('error', (error) => {
    complaint += error.message
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-4000)
  })
  const ended = trackEnd(child)
  return {
    pid: child.pid ?? 0,
    channel: child,
    isRunning: () => children.has(child),
    complaint: () => complaint,
    stop: () => stop(child, ended),
  }
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), longestStop)
  await ended
  clearTimeout(force)
}

function trackEnd(child: ChildProcess): Promise<void> {
  children.add(child)
  return new Promise((resolve) => {
    const end = () => {
      children.delete(child)
      resolve()
    }
    child.once('exit', end)
    child.once('error', end)
  })
}

/** Finds a port of 127.0.0.1 that nobody listens on. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
