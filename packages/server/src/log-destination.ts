/**
 * Where the lines of a process's log go. Whatever is in their way, a reader that stands still or a disk that is full, holds up neither
 * requests nor the end of the process: lines wait in a megabyte of memory, past that they are dropped and counted.
 */
import { type Logger, pino } from 'pino'

export interface ProcessLog {
  readonly log: Logger
  /**
   * Writes what waits, for half a second at most, and ends the process. It is killed where even that would wait: a write that stands
   * still in a thread, as to a pipe that nobody reads, keeps Node from ending.
   */
  leave(exitCode: number): Promise<never>
}

const WAITING = 1 << 20
/** Milliseconds. */
const RETRY = 1000
const LAST_WRITES = 500

/** @param fd a file descriptor of the process */
export function openProcessLog(fd: 1 | 2, level: string): ProcessLog {
  let isBroken = false
  let dropped = 0
  let isRefused = false
  const tryAgain = () => {
    isRefused = true
    return true
  }
  // With a shortest length flush() calls back when all is written; a line is always longer.
  const destination = pino.destination({
    dest: fd,
    sync: false,
    maxLength: WAITING,
    minLength: 1,
    retryEAGAIN: tryAgain,
  })
  // It is called as the process ends, and would try without end to write to a disk that is full.
  destination.flushSync = () => {}
  const log = pino({ level }, destination)

  destination.on('drop', () => (dropped += 1))
  destination.on('write', () => {
    isRefused = false
    isBroken = false
  })
  destination.on('drain', () => {
    if (dropped === 0) return
    log.warn({ event: 'log.dropped', lines: dropped }, 'lines of the log could not be written, and are lost')
    dropped = 0
  })
  destination.on('error', (error: NodeJS.ErrnoException) => {
    isRefused = true
    // Nobody reads any more.
    if (isBroken || error.code === 'EPIPE') return
    isBroken = true
    process.stderr.write(
      `The log cannot be written (${error.code}): lines wait in memory, and are dropped past a megabyte\n`,
    )
    const retry = setInterval(() => (isBroken ? destination.flush() : clearInterval(retry)), RETRY).unref()
  })

  return {
    log,
    async leave(exitCode) {
      const isWritten = await new Promise<boolean>((resolve) => {
        setTimeout(() => resolve(false), LAST_WRITES)
        destination.flush(() => resolve(true))
      })
      // A write that was refused is in no thread.
      if (!isWritten && !isRefused) process.kill(process.pid, 'SIGKILL')
      process.exit(exitCode)
    },
  }
}
