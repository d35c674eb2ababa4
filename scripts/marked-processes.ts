// Finds and ends what a run of tests started, wherever it went: each process carries the run's mark in its environment, also
// one that left its parent and its process group. Only where there is a /proc; elsewhere the process group has to do.
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** The variable that holds the marks of all runs that a process belongs to. */
export const markVariable = 'COUNTERSIGN_TEST_RUN'

export interface MarkedProcess {
  pid: number
  command: string
}

/** Adds a run's mark to an environment. */
export function mark(environment: NodeJS.ProcessEnv, run: string): NodeJS.ProcessEnv {
  const outer = environment[markVariable]
  return { ...environment, [markVariable]: outer === undefined ? run : `${outer} ${run}` }
}

/** Lists the living processes that carry the mark of `run`. */
export function findMarked(run: string): MarkedProcess[] {
  return processIds().flatMap((pid) => {
    const marks = readProcess(pid, 'environ').find((entry) => entry.startsWith(`${markVariable}=`))
    if (
      pid === process.pid ||
      !marks
        ?.slice(markVariable.length + 1)
        .split(' ')
        .includes(run)
    )
      return []
    return [{ pid, command: readProcess(pid, 'cmdline').slice(0, 3).join(' ') }]
  })
}

/** Waits until no process carries the mark of `run`, at most `milliseconds`, and returns those that still do. */
export async function waitForMarked(run: string, milliseconds: number): Promise<MarkedProcess[]> {
  const deadline = Date.now() + milliseconds
  for (;;) {
    const left = findMarked(run)
    if (left.length === 0 || Date.now() >= deadline) return left
    await sleep(50)
  }
}

/** Ends every process that carries the mark of `run`: asks first, then does not. */
export async function endMarked(run: string): Promise<void> {
  signalAll(findMarked(run), 'SIGTERM')
  signalAll(await waitForMarked(run, 2000), 'SIGKILL')
  await waitForMarked(run, 1000)
}

/** Tells whether a process still runs. One that has ended and that nobody has asked about yet does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  return !/^State:\tZ/m.test(readProcess(pid, 'status').join())
}

function signalAll(processes: MarkedProcess[], signal: NodeJS.Signals): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, signal)
    } catch {
      // It ended in between.
    }
  }
}

function processIds(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}

function readProcess(pid: number, file: 'environ' | 'cmdline' | 'status'): string[] {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0')
  } catch {
    return []
  }
}
