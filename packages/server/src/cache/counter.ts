/**
 * Counts what happens under a key within a time: in Redis, where all servers see it, or in memory. While Redis is not well this server
 * counts by itself, from nothing: a limit then holds for each server, and no request waits or is refused for want of Redis.
 */
import { type Count, createBoundedMemory, type Limiter } from './bounded-memory.ts'
import type { RateLimit } from './rate-limit.ts'
import type { RedisConnection } from './redis-connection.ts'

export interface Counter {
  /** Seconds until this may happen once more; 0 if it may now. */
  wait(key: string): Promise<number>
  /** Counts once, and tells in how many seconds this may have happened; 0 if it was within the limit. */
  count(key: string): Promise<number>
  /** Counts nothing yet. */
  forget(key: string): Promise<void>
}

/** A counter that refuses nothing. */
export const unlimited: Counter = {
  wait: async () => 0,
  count: async () => 0,
  forget: async () => {},
}

interface Limiters {
  readonly memory: Limiter
  readonly shared: Limiter | undefined
}

/** Loads the library. @param name what keys in Redis are called, behind its prefix */
export async function loadLimiters(name: string, limit: RateLimit, redis?: RedisConnection): Promise<Limiters> {
  const library = await import('rate-limiter-flexible')
  const memory = createBoundedMemory(library, limit)
  if (redis === undefined) return { memory, shared: undefined }
  const { times, window } = limit
  const keyPrefix = `${redis.prefix}:limit:${name}`
  const storeClient = await redis.client()
  return { memory, shared: new library.RateLimiterRedis({ storeClient, points: times, duration: window, keyPrefix }) }
}

/** @param name what keys in Redis are called, behind its prefix */
export function createCounter(name: string, limit: RateLimit, redis?: RedisConnection): Counter {
  let loading: Promise<Limiters> | undefined

  async function ask<Answer>(work: (limiter: Limiter) => Promise<Answer>): Promise<Answer> {
    loading ??= loadLimiters(name, limit, redis)
    const { memory, shared } = await loading
    if (redis === undefined || shared === undefined) return work(memory)
    return redis.ask(() => work(shared)).catch(() => work(memory))
  }

  return {
    wait: async (key) => secondsOf(await ask((limiter) => limiter.get(key)), limit.times - 1),
    count: async (key) => secondsOf(await ask((limiter) => limiter.penalty(key)), limit.times),
    forget: async (key) => void (await ask((limiter) => limiter.delete(key))),
  }
}

/** A Retry-After: whole seconds, at least one. */
function secondsOf(count: Count | null, allowed: number): number {
  if (count === null || count.consumedPoints <= allowed) return 0
  return Math.max(1, Math.ceil(count.msBeforeNext / 1000))
}
