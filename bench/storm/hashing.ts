// What Argon2id alone allows: a process that does nothing else.
import { once } from 'node:events'
import { join } from 'node:path'
import { startChild } from '../server/child-process.ts'
import { readCpuTime } from '../server/process-use.ts'

export interface Hashing {
  /** CPU microseconds of one. */
  readonly cpu: number
  readonly perSecond: number
}

export interface Hasher {
  measure(count: number): Promise<Hashing>
  stop(): Promise<void>
}

export async function startHasher(folder: string): Promise<Hasher> {
  const program = join(import.meta.dirname, 'argon2-alone.ts')
  const command = [process.execPath, '--disable-warning=ExperimentalWarning', program]
  const { channel, pid, stop } = startChild(command, { folder, environment: {}, hasChannel: true })
  await once(channel, 'message')
  return {
    async measure(count) {
      const before = readCpuTime(pid)
      const started = performance.now()
      channel.send(count)
      await once(channel, 'message')
      const seconds = (performance.now() - started) / 1000
      return { cpu: (readCpuTime(pid) - before) / count, perSecond: count / seconds }
    },
    stop,
  }
}
