// Watches a server under a mixed load: what it keeps in memory, how late its event loop is, how long answers take.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Sample } from '../../scripts/trend.ts'
import type { Installation } from '../fleet/installation.ts'
import type { EventLoopDelays, Observer } from '../observer/observer.ts'
import { readProcessUse } from '../server/process-use.ts'
import { at } from '../statistics.ts'
import { type Kind, startMix } from './mix.ts'

export interface SoakPlan {
  /** Seconds. */
  readonly warmUp: number
  readonly duration: number
  /** How long one sample takes. */
  readonly sampleEvery: number
}

export interface SoakResult {
  /** Resident memory and the heap in use, megabytes: the least within each sample. */
  readonly resident: readonly Sample[]
  readonly heap: readonly Sample[]
  /** What is left on the heap once all garbage is collected, after the warm-up and at the end. */
  readonly collected: readonly [number, number]
  readonly delays: EventLoopDelays
  readonly times: Readonly<Record<Kind, readonly number[]>>
  readonly skipped: number
}

/** How often resident memory is read, milliseconds. */
const readEvery = 100

export async function soak(installation: Installation, plan: SoakPlan): Promise<SoakResult> {
  const { observer, pid } = at(installation.servers, 0)
  if (observer === undefined) throw new Error('A server that is soaked has to be observed.')
  const mix = await startMix(installation)
  const resident: Sample[] = []
  const heap: Sample[] = []
  try {
    await sleep(plan.warmUp * 1000)
    const before = await observer.collectHeap()
    for (const times of Object.values(mix.times)) times.length = 0
    await observer.readHeap()
    await observer.readDelays()
    const started = performance.now()
    while (performance.now() - started < plan.duration * 1000) {
      const least = await sample(pid, observer, plan.sampleEvery)
      const time = (performance.now() - started) / 1000
      resident.push({ at: time, value: least.resident })
      heap.push({ at: time, value: least.heap })
    }
    const delays = await observer.readDelays()
    const after = await observer.collectHeap()
    return { resident, heap, collected: [before, after], delays, times: mix.times, skipped: mix.skipped }
  } finally {
    await mix.stop()
  }
}

/** The least of many readings: a hash that runs takes 19 MiB, and garbage is there until it is collected. */
async function sample(pid: number, observer: Observer, seconds: number): Promise<{ resident: number; heap: number }> {
  const readings: number[] = []
  for (let read = 0; read < (seconds * 1000) / readEvery; read += 1) {
    await sleep(readEvery)
    readings.push(readProcessUse(pid).residentMegabytes)
  }
  return { resident: Math.min(...readings), heap: await observer.readHeap() }
}
