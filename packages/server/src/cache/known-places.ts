/**
 * From which networks accounts have signed in. Redis tells all servers; each keeps in memory as well what it has seen of it, so that a
 * stranger who knows that Redis is away cannot shut out whoever comes from home.
 */
import type { Limiter } from './bounded-memory.ts'
import { loadLimiters } from './counter.ts'
import type { RedisConnection } from './redis-connection.ts'

export interface KnownPlaces {
  find(key: string): Promise<Place>
}

/** An account and a network. */
export interface Place {
  readonly isKnown: boolean
  /** Makes it known for the whole time from now, wherever that has not been done for a day. */
  remember(): Promise<void>
}

/** How long a network from which an account has signed in counts as known, seconds. */
const knownFor = 14 * 86_400
const renewAfter = 86_400

/** Where nothing is limited. */
export const noPlaces: KnownPlaces = { find: async () => ({ isKnown: false, remember: async () => {} }) }

export function createKnownPlaces(redis: RedisConnection | undefined): KnownPlaces {
  let loading: ReturnType<typeof loadLimiters> | undefined

  return {
    async find(key) {
      loading ??= loadLimiters('knownPlaces', { times: 1, window: knownFor }, redis)
      const { memory, shared } = await loading
      // While Redis is away this says nothing, and does nothing.
      const askShared = async <Answer>(work: (limiter: Limiter) => Promise<Answer>): Promise<Answer | undefined> =>
        shared && redis?.ask(() => work(shared)).catch(() => undefined)
      const [here, there = 0] = await Promise.all([leftIn(memory, key), askShared((limiter) => leftIn(limiter, key))])
      if (there > here) await memory.set(key, 1, there)
      return {
        isKnown: here > 0 || there > 0,
        async remember() {
          if (here < knownFor - renewAfter) await memory.set(key, 1, knownFor)
          if (there < knownFor - renewAfter) await askShared((limiter) => limiter.set(key, 1, knownFor))
        },
      }
    },
  }
}

/** Seconds. */
async function leftIn(limiter: Limiter, key: string): Promise<number> {
  return Math.ceil(((await limiter.get(key))?.msBeforeNext ?? 0) / 1000)
}
