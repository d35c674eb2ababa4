import { mkdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findFreePort, startChild } from './child-process.ts'
import type { DatabaseProcess } from './contender.ts'

const longestStart = 10_000

/**
 * Starts the redis-server of this machine on a free port of 127.0.0.1, with its data in `folder`. It appends each write to a
 * file, which is synced once a second, as its documentation recommends where data must last: a crash of the machine
 * loses up to a second of it.
 */
export async function startRedis(folder: string): Promise<DatabaseProcess> {
  const port = await findFreePort()
  const data = join(folder, 'redis')
  mkdirSync(data, { recursive: true })
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--dir', data, '--save', '']
  const durable = ['--appendonly', 'yes', '--appendfsync', 'everysec']
  const child = startChild(['redis-server', ...options, ...durable], { folder: data, environment: {} })
  const deadline = performance.now() + longestStart
  while (child.isRunning() && performance.now() < deadline) {
    if (await answersPing(port)) return { pid: child.pid, port, stop: child.stop }
    await sleep(10)
  }
  await child.stop()
  throw new Error(`redis-server, of the package of that name, did not start: ${child.complaint()}`.trim())
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    socket.setTimeout(1000, () => socket.destroy())
    socket.once('data', (data) => {
      resolve(data.toString().startsWith('+PONG'))
      socket.destroy()
    })
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
  })
}
