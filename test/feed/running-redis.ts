// A Redis of our own on 127.0.0.1, which tests kill, stop, empty and set up wrongly.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findFreePort } from '../examples/running-program.ts'

export interface RunningRedis {
  readonly url: string
  readonly port: number
  start(...options: string[]): Promise<void>
  /** Sends a signal; the process goes on with SIGCONT. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void
  /** Kills it; what it held is lost. */
  kill(): Promise<void>
  /** Asks one thing; nothing if there is no answer. The first line of the answer, or of what that holds; of a list, its values. */
  ask(...words: string[]): Promise<string | undefined>
  askAll(...words: string[]): Promise<(string | undefined)[]>
  /** The lines of a long text. */
  askLines(...words: string[]): Promise<string[]>
  /** Kills it, and removes its folder. */
  end(): Promise<void>
}

/** Starts it, on a free port. @param always options of every start */
export async function startRedis(...always: string[]): Promise<RunningRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-redis-'))
  const port = await findFreePort()
  let redis: ChildProcess

  async function start(...options: string[]): Promise<void> {
    const own = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder]
    redis = spawn('/usr/bin/redis-server', [...own, ...always, ...options], { stdio: 'ignore' })
    await until('Redis answers', async () => /^(\+PONG|-NOAUTH)/.test((await ask('PING')) ?? ''))
  }

  async function kill(): Promise<void> {
    if (redis.exitCode !== null || redis.signalCode !== null) return
    const gone = once(redis, 'exit')
    redis.kill('SIGKILL')
    await gone
  }

  function answer(words: readonly string[]): Promise<string[]> {
    return new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.setTimeout(1000, () => socket.destroy())
      socket.on('error', () => undefined)
      socket.on('close', () => resolve([]))
      socket.on('data', (data) => {
        resolve(data.toString().split('\r\n'))
        socket.destroy()
      })
      socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`)
    })
  }

  async function ask(...words: string[]): Promise<string | undefined> {
    const [first, second] = await answer(words)
    return first === '$-1' ? undefined : first?.startsWith('$') ? second : first
  }

  async function askAll(...words: string[]): Promise<(string | undefined)[]> {
    const [, ...lines] = await answer(words)
    return lines.flatMap((line, at) => (line === '$-1' ? [undefined] : line.startsWith('$') ? [lines[at + 1]] : []))
  }

  await start()
  return {
    ...{ url: `redis://127.0.0.1:${port}`, port, start, kill, ask, askAll },
    askLines: (...words) => answer(words),
    signal: (name) => void redis.kill(name),
    async end() {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Waits until something holds; tells how long it took, in milliseconds. */
export async function until(what: string, holds: () => Promise<boolean>, longest = 15_000): Promise<number> {
  const began = performance.now()
  while (!(await holds())) {
    if (performance.now() - began > longest) throw new Error(`not within ${longest} ms: ${what}`)
    await sleep(20)
  }
  return performance.now() - began
}
