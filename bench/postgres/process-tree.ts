// What a program spends that runs as many processes, as PostgreSQL does: one for each connection, and some of its own.
import { readFileSync } from 'node:fs'
import { readCpuTime } from '../server/process-use.ts'

/** Time on a processor so far, microseconds, by process id. */
export type TreeTimes = ReadonlyMap<number, number>

/** Reads the time of a process and of its children. */
export function readTreeTimes(pid: number): TreeTimes {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  return new Map([pid, ...children].map((one) => [one, readCpuTimeOf(one)]))
}

/** Adds up what was spent between two readings. What a process spent that ended in between is not in it. */
export function spentBetween(before: TreeTimes, after: TreeTimes): number {
  return [...after].reduce((sum, [pid, time]) => sum + time - (before.get(pid) ?? 0), 0)
}

function readCpuTimeOf(pid: number): number {
  try {
    return readCpuTime(pid)
  } catch {
    // A process that has just ended.
    return 0
  }
}
