import { readCpuTime } from './process-use.ts'
import type { ServerProcess } from './server-process.ts'

export interface RoundResult {
  /** Time on a processor that the server spent on one operation, microseconds. */
  cpu: number
  /** The same of its database, where that is a process of its own. */
  databaseCpu?: number
  /** Operations in a second of the clock on the wall. */
  perSecond: number
}

/** Operations that are under way at once, each on a connection of its own. */
export const connections = 8

const longestRound = 30_000

/**
 * Performs `count` operations and measures what the server spent on them. Each gets its number; those whose numbers leave the
 * same remainder by `connections` come one after the other.
 *
 * @param longest no operation is begun after so many milliseconds
 */
export async function measureRound(
  { pid, databasePid }: Pick<ServerProcess, 'pid' | 'databasePid'>,
  count: number,
  operation: (index: number) => Promise<unknown>,
  longest: number = longestRound,
): Promise<RoundResult> {
  let done = 0
  const started = performance.now()
  const cpuBefore = readCpuTime(pid)
  const databaseBefore = databasePid === undefined ? 0 : readCpuTime(databasePid)
  const workers = Array.from({ length: connections }, async (_, worker) => {
    for (let index = worker; index < count && performance.now() < started + longest; index += connections) {
      await operation(index)
      done++
    }
  })
  await Promise.all(workers)
  const cpu = (readCpuTime(pid) - cpuBefore) / done
  const result = { cpu, perSecond: (done / (performance.now() - started)) * 1000 }
  if (databasePid === undefined) return result
  return { ...result, databaseCpu: (readCpuTime(databasePid) - databaseBefore) / done }
}

/** Does something `count` times without measuring it, as many at once as in a round. */
export async function repeat<Result>(count: number, action: (index: number) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  for (let first = 0; first < count; first += connections) {
    const size = Math.min(connections, count - first)
    results.push(...(await Promise.all(Array.from({ length: size }, (_, offset) => action(first + offset)))))
  }
  return results
}
