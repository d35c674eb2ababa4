import type { Operation } from './library.ts'

/** One operation of one library, and what it was measured at. */
export interface Candidate {
  library: string
  operation: Operation
  inFlight: number
  /** CPU time of one operation, microseconds, in each slice. */
  slices: number[]
}

export interface MeasurePlan {
  /** Microseconds on a processor before the first slice. */
  warmUp: number
  slices: number
  /** About how long a slice is, microseconds on a processor. */
  sliceLength: number
}

/** Measures candidates in turn, slice by slice. */
export async function measureInTurn(candidates: Candidate[], plan: MeasurePlan): Promise<void> {
  const counts = new Map<Candidate, number>()
  for (const candidate of candidates) counts.set(candidate, await calibrate(candidate, plan))
  for (let slice = 0; slice < plan.slices; slice++) {
    for (const candidate of candidates) {
      const count = counts.get(candidate) ?? 1
      candidate.slices.push((await measure(candidate, count)) / count)
    }
  }
}

/** Warms up, and returns how many operations fill a slice. */
async function calibrate(candidate: Candidate, { warmUp, sliceLength }: MeasurePlan): Promise<number> {
  let [count, spent, last] = [16, 0, 0]
  for (;;) {
    last = await measure(candidate, count)
    spent += last
    if (spent >= warmUp) return Math.max(16, Math.round((count * sliceLength) / last))
    if (last < sliceLength) count *= 2
  }
}

/** Performs `count` operations and returns what they took on a processor, in all threads, microseconds. */
async function measure({ operation, inFlight }: Candidate, count: number): Promise<number> {
  const before = process.cpuUsage()
  if (inFlight === 1) for (let index = 0; index < count; index++) operation(index)
  else
    for (let index = 0; index < count; index += inFlight)
      await startSome(operation, index, Math.min(inFlight, count - index))
  const { user, system } = process.cpuUsage(before)
  return user + system
}

function startSome(operation: Operation, first: number, size: number): Promise<unknown> {
  return Promise.all(Array.from({ length: size }, (_, offset) => operation(first + offset)))
}
