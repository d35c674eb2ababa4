/**
 * Counts in the memory of this process. However many keys come, no more than a number of them are kept: those that were counted longest ago
 * go first. Whoever wants to be forgotten that way has to be counted under as many other names.
 */
import type { RateLimiterMemory } from 'rate-limiter-flexible'
import type { RateLimit } from './rate-limit.ts'

/** What is kept of one key. */
export interface Count {
  readonly consumedPoints: number
  readonly msBeforeNext: number
}

/** The part of a limiter that is used, of the library's kinds and of this. */
export interface Limiter {
  get(key: string): Promise<Count | null>
  /** Counts once more. */
  penalty(key: string): Promise<Count>
  /** Sets a count anew, for so many seconds. */
  set(key: string, points: number, secDuration: number): Promise<unknown>
  delete(key: string): Promise<unknown>
}

/** About 12 MB. */
const most = 20_000

export function createBoundedMemory(
  { RateLimiterMemory: Memory }: { readonly RateLimiterMemory: typeof RateLimiterMemory },
  { times, window }: RateLimit,
): Limiter {
  const memory = new Memory({ points: times, duration: window, keyPrefix: '' })
  const order = new Set<string>()

  function touch(key: string): void {
    order.delete(key)
    order.add(key)
    if (order.size <= most) return
    const [oldest = key] = order
    order.delete(oldest)
    void memory.delete(oldest)
  }

  return {
    get: (key) => memory.get(key),
    penalty(key) {
      touch(key)
      return memory.penalty(key)
    },
    set(key, points, secDuration) {
      touch(key)
      return memory.set(key, points, secDuration)
    },
    delete(key) {
      order.delete(key)
      return memory.delete(key)
    },
  }
}
