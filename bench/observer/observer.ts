// Asks what runs inside a server (inside.mjs) about its event loop and its heap.
import { once } from 'node:events'
import { join } from 'node:path'
import type { Child } from '../server/child-process.ts'

export interface EventLoopDelays {
  /** Milliseconds, each. */
  p50: number
  p99: number
  worst: number
}

/** One question at a time. */
export interface Observer {
  /** Tells how late the event loop was since it was last asked. */
  readDelays(): Promise<EventLoopDelays>
  /** Tells the least that was on the heap since it was last asked, megabytes of 10^6 bytes. */
  readHeap(): Promise<number>
  /** Collects all garbage and tells what is left, megabytes. */
  collectHeap(): Promise<number>
}

/** What node has to be told so that it can be observed. With `--import`, `countersign start` no longer bounds the new space by itself. */
export const observingFlags: readonly string[] = [
  '--expose-gc',
  '--max-semi-space-size=4',
  `--import=${join(import.meta.dirname, 'inside.mjs')}`,
]

export function observe(channel: Child['channel']): Observer {
  async function ask<Answer>(question: 'delays' | 'heap' | 'collect'): Promise<Answer> {
    channel.send(question)
    const [answer] = await once(channel, 'message')
    return answer as Answer
  }
  return {
    readDelays: () => ask('delays'),
    readHeap: async () => (await ask<number>('heap')) / 1e6,
    collectHeap: async () => (await ask<number>('collect')) / 1e6,
  }
}
