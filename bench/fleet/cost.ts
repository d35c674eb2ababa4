// What operations cost an installation, in each of its programs.
import { readTreeTimes, spentBetween, type TreeTimes } from '../postgres/process-tree.ts'
import { readCpuTime } from '../server/process-use.ts'
import { type Installation, inParallel } from './installation.ts'

/** Time on a processor for one operation, microseconds, all servers together; and operations in a second of the clock on the wall. */
export interface Cost {
  readonly servers: number
  readonly postgres?: number
  readonly redis?: number
  readonly perSecond: number
}

interface Reading {
  readonly servers: number
  readonly postgres: TreeTimes
  readonly redis: number
}

/** Performs operations and measures what each cost. */
export async function measureCost(
  installation: Installation,
  count: number,
  operation: (index: number) => Promise<unknown>,
): Promise<Cost> {
  const before = readTimes(installation)
  const started = performance.now()
  await inParallel(count, installation.connections, operation)
  const seconds = (performance.now() - started) / 1000
  return { ...costBetween(installation, before, readTimes(installation), count), perSecond: count / seconds }
}

/** Reads what each program has spent so far. */
export function readTimes({ servers, postgres, redis }: Installation): Reading {
  return {
    servers: servers.reduce((sum, { pid }) => sum + readCpuTime(pid), 0),
    postgres: postgres === undefined ? new Map() : readTreeTimes(postgres),
    redis: redis === undefined ? 0 : readCpuTime(redis),
  }
}

/** Divides what was spent between two readings by a number of operations. */
export function costBetween(
  { postgres, redis }: Installation,
  before: Reading,
  after: Reading,
  count: number,
): Omit<Cost, 'perSecond'> {
  return {
    servers: (after.servers - before.servers) / count,
    ...(postgres !== undefined && { postgres: spentBetween(before.postgres, after.postgres) / count }),
    ...(redis !== undefined && { redis: (after.redis - before.redis) / count }),
  }
}
