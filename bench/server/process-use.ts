import { readdirSync, readFileSync } from 'node:fs'

export interface ProcessUse {
  /** Time on a processor, of all its threads, microseconds: user and system together. */
  cpuMicroseconds: number
  /** Resident memory, megabytes of 10^6 bytes. */
  residentMegabytes: number
}

/** Reads what a process has used so far. Needs the /proc of Linux. */
export function readProcessUse(pid: number): ProcessUse {
  const residentKibibytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  return { cpuMicroseconds: readCpuTime(pid), residentMegabytes: (residentKibibytes * 1024) / 1e6 }
}

/** Reads the time on a processor of all threads, in microseconds; `stat` would tell it in ticks of 10 ms only. */
export function readCpuTime(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  const nanoseconds = threads.map((thread) => Number(readSchedule(pid, thread).split(' ')[0]))
  return nanoseconds.reduce((sum, time) => sum + time, 0) / 1000
}

/** Reads the time of the threads alone that libuv hands work to, such as hashes of passwords, in microseconds. */
export function readPoolTime(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  const pool = threads.filter((thread) => readName(pid, thread).startsWith('libuv-worker'))
  return pool.reduce((sum, thread) => sum + Number(readSchedule(pid, thread).split(' ')[0]) / 1000, 0)
}

function readName(pid: number, thread: string): string {
  try {
    return readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8')
  } catch {
    // A thread that has just ended.
    return ''
  }
}

function readSchedule(pid: number, thread: string): string {
  try {
    return readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8')
  } catch {
    // A thread that has just ended.
    return '0'
  }
}
