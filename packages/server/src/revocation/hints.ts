/**
 * Tells the other servers through Redis that an act may have written a revocation, so that their feeds look at once instead of within 25 ms.
 * A hint that is lost loses nothing else; one too many costs a look.
 */
import type { RedisConnection } from '../cache/redis-connection.ts'
import type { Feed } from './feed.ts'

export interface Hints {
  announce(): void
  close(): void
}

/** One hint stands for all acts of this time, milliseconds: a flood of acts must not make every other server look without a pause. */
const PAUSE = 10

export function createHints(redis: RedisConnection, feed: Pick<Feed, 'poke'>): Hints {
  const channel = `${redis.prefix}:hint`
  let announcedAt = Number.NEGATIVE_INFINITY
  let waiting: NodeJS.Timeout | undefined

  function publish(): void {
    waiting = undefined
    announcedAt = performance.now()
    if (redis.state !== 'ready') return
    // Not asked on behalf of a request: that a hint is refused says nothing of what requests need.
    redis
      .client()
      .then((client) => client.publish(channel, ''))
      .catch(() => {})
  }

  redis.listen(channel, feed.poke)
  return {
    announce() {
      const left = announcedAt + PAUSE - performance.now()
      if (left <= 0 && waiting === undefined) publish()
      else waiting ??= setTimeout(publish, Math.max(left, 0)).unref()
    },
    close: () => clearTimeout(waiting),
  }
}
