/**
 * The log of the server: each line that is written while a request is answered names that request, and lines with `alert` are counted.
 * Which request it is travels with the asynchronous call (AsyncLocalStorage), so that no use case has to hand it on.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Log } from '../log.ts'
import type { Meter } from './meter.ts'

/** How the log names a request. */
export interface RequestNames {
  readonly requestId: string
  /** The trace that the request belongs to, if it says so or somebody traces (W3C Trace Context). */
  readonly traceId?: string | undefined
  /** The span of this server, if somebody collects spans. */
  readonly spanId?: string | undefined
}

const present = new AsyncLocalStorage<RequestNames>()

/** Runs what answers a request, so that its lines name it. */
export function nameLines<Result>(request: RequestNames, run: () => Result): Result {
  return present.run(request, run)
}

/** Makes the log that all parts of the server write to. */
export function createRequestLog(log: Log, meter: Meter): Log {
  const write = (level: keyof Log) => (fields: object, message: string) => {
    if ('alert' in fields && 'event' in fields) meter.count('alerts', String(fields.event))
    log[level]({ ...present.getStore(), ...fields }, message)
  }
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}
