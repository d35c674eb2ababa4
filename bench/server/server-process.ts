// Owns the processes of the servers: each is a plain child, started from exec, and none outlives the bench.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { markVariable } from '../../scripts/marked-processes.ts'
import type { Launch } from './contender.ts'
import { createHttpClient } from './http-client.ts'
import { type ProcessUse, readProcessUse } from './process-use.ts'

export interface ServerProcess {
  pid: number
  port: number
  /** From exec to the first answer, milliseconds. */
  startTime: number
  /** What it had used when it gave that answer. */
  useAtStart: ProcessUse
  /** Asks it to end, then makes it. */
  stop(): Promise<void>
}

const longestStart = 30_000
const longestStop = 7000
const pollInterval = 4
const children = new Set<ChildProcess>()

process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

/** Starts a server in a folder and waits for its first 200. @throws Error, with what it said, when there is none */
export async function startServer(launch: Launch, folder: string): Promise<ServerProcess> {
  mkdirSync(folder, { recursive: true })
  const port = await findFreePort()
  const { PATH = '', HOME = '', [markVariable]: mark = '' } = process.env
  const env = { PATH, HOME, [markVariable]: mark, ...launch.environment({ port, folder }) }
  const started = performance.now()
  const child = spawn(process.execPath, launch.command, { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = trackEnd(child)
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-4000)
  })
  const { pid = 0 } = child
  try {
    await waitForAnswer(launch, port, () => children.has(child))
    const startTime = performance.now() - started
    return { pid, port, startTime, useAtStart: readProcessUse(pid), stop: () => stop(child, ended) }
  } catch (error) {
    await stop(child, ended)
    throw new Error(`${launch.name} did not start: ${(error as Error).message} ${complaint}`.trim())
  }
}

async function waitForAnswer({ healthPath }: Launch, port: number, isRunning: () => boolean): Promise<void> {
  const client = createHttpClient(port, 1)
  const deadline = performance.now() + longestStart
  try {
    while (isRunning() && performance.now() < deadline) {
      const answered = client.ask({ method: 'GET', path: healthPath }, 200)
      if (
        await answered.then(
          () => true,
          () => false,
        )
      )
        return
      await sleep(pollInterval)
    }
  } finally {
    client.close()
  }
  throw new Error(isRunning() ? `there was no answer within ${longestStart / 1000} s.` : 'it ended.')
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

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
