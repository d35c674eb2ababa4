// Starts a server, after its database where that is a process of its own, and waits for its first answer.
import { mkdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Observer, observe, observingFlags } from '../observer/observer.ts'
import { findFreePort, startChild } from './child-process.ts'
import type { DatabaseProcess, Launch } from './contender.ts'
import { createHttpClient } from './http-client.ts'
import { type ProcessUse, readProcessUse } from './process-use.ts'

export interface ServerProcess {
  pid: number
  port: number
  /** Only where the database is a process of its own. */
  databasePid?: number
  /** From exec to the first answer, milliseconds. */
  startTime: number
  /** What it had used when it gave that answer. */
  useAtStart: ProcessUse
  /** Only where the launch asks for it. */
  observer?: Observer
  /** Asks it to end, then makes it; its database after it. */
  stop(): Promise<void>
}

const longestStart = 30_000
const pollInterval = 4

/** Starts a server in a folder and waits for its first 200. @throws Error, with what it said, when there is none */
export async function startServer(launch: Launch, folder: string): Promise<ServerProcess> {
  mkdirSync(folder, { recursive: true })
  const database = await launch.startDatabase?.(folder)
  try {
    const server = await startBeside(database, launch, folder)
    const stop = async () => {
      await server.stop()
      await database?.stop()
    }
    return { ...server, ...(database !== undefined && { databasePid: database.pid }), stop }
  } catch (error) {
    await database?.stop()
    throw error
  }
}

async function startBeside(
  database: DatabaseProcess | undefined,
  launch: Launch,
  folder: string,
): Promise<ServerProcess> {
  const port = await findFreePort()
  const environment = launch.environment({ port, folder, databasePort: database?.port })
  const { isObserved: hasChannel = false } = launch
  const command = [process.execPath, ...(hasChannel ? observingFlags : []), ...launch.command]
  const started = performance.now()
  const { pid, channel, stop, isRunning, complaint } = startChild(command, { folder, environment, hasChannel })
  try {
    await waitForAnswer(launch, port, isRunning)
    const server = { pid, port, startTime: performance.now() - started, useAtStart: readProcessUse(pid), stop }
    return hasChannel ? { ...server, observer: observe(channel) } : server
  } catch (error) {
    await stop()
    throw new Error(`${launch.name} did not start: ${(error as Error).message} ${complaint()}`.trim())
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
