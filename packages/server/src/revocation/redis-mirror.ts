/**
 * Keeps a copy of what is revoked in Redis, for verifiers that prefer to ask: one MGET a token, and a PTTL. Redis may lose anything at any
 * moment, so what is there counts only beside `<prefix>:live`, which lives for 5 s and is written only while everything is there:
 *
 *   AWAY     Redis cannot be reached: `:live` runs out by itself; tried again every second
 *   FILLING  a snapshot is being written; `:live` is not there yet, unless another server's has not run out
 *   LIVE     every entry is written before the next `:live`
 *   STANDBY  another server keeps the copy; one that has not written for 2 s is taken for dead, so that `:live` need not run out
 *   EVICTING Redis may drop keys when its memory is full: `:live` is never written, and /readyz says so
 *
 * What is guarded against, each time by one script, so that no other order is possible:
 * - `<prefix>:mirror` names the filling and counts its writes, for 5 s after each. If it is gone, another's, or not at our last write, Redis was
 *   emptied, another server has taken over, or an older copy has taken Redis's place: it is filled anew. Two servers never write at once.
 * - `:live` ends 5 s after the heartbeat that it stands for, by Redis's clock. A write that comes late, because Redis, the way or
 *   this process stood still, makes nothing live.
 * - When Redis's clock is set back, what was to end ends too late. A marker or `:live` with more than 5 s left says nothing: the one does not keep
 *   others from taking over, who take the other away, and readers do not believe it.
 * Acts wait for none of this.
 *
 * Keys: `<prefix>:sid:<sid>`, `:jti:`, `:sub:`, `:client:`, `:kid:` and `:all`, each with its not-before (0 where there is none), each until
 * its entry ends.
 */
import type { RevocationCursor, RevocationEntry, RevocationKind } from '@countersign/token/revocations'
import type { RedisClient, RedisConnection } from '../cache/redis-connection.ts'
import { type Log, withoutSecrets } from '../log.ts'
import type { Store } from '../store/store.ts'
import type { Feed, FeedReader } from './feed.ts'
import { BEGIN, LIVE, WRITE } from './redis-mirror-scripts.ts'

/** How the copy stands. */
export type MirrorState = 'away' | 'filling' | 'live' | 'standby' | 'evicting'

/** The copy of one server. */
export interface RedisMirror {
  readonly state: MirrorState
  close(): void
}

interface MirrorParts {
  readonly redis: RedisConnection
  readonly store: Store
  readonly feed: Feed
  readonly log: Log
  readonly random: (length: number) => Uint8Array
}

const NAMES: Readonly<Record<Exclude<RevocationKind, 'g'>, string>> = {
  s: 'sid',
  j: 'jti',
  u: 'sub',
  c: 'client',
  k: 'kid',
}
const RETRY = 1000
const POLICY_CHECK = 30_000
const CHUNK = 1000

/** A heartbeat: everything up to a place was told at a moment of our monotonic clock, milliseconds. */
interface Beat {
  readonly place: string
  readonly at: number
}

export function createRedisMirror({ redis, store, feed, log, random }: MirrorParts): RedisMirror {
  const { prefix } = redis
  let state: MirrorState = 'away'
  let isClosed = false
  let leave: () => void = () => {}
  let filling = ''
  let writes = 0
  /** How far Redis's clock is ahead of our monotonic one, or less. */
  let offset = 0

  const marker = () => `${filling}:${writes}`

  function keyOf([kind, value]: RevocationEntry): string {
    return kind === 'g' ? `${prefix}:all` : `${prefix}:${NAMES[kind]}:${value}`
  }

  /** Takes the copy over, unless another server keeps it. */
  async function begin(client: RedisClient): Promise<boolean> {
    const next = Buffer.from(random(12)).toString('base64url')
    const time = Number(await client.eval(BEGIN, 2, `${prefix}:mirror`, `${prefix}:live`, `${next}:0`, `${filling}:`))
    if (time === 0) return false
    filling = next
    writes = 0
    offset = time - performance.now()
    return true
  }

  /** Writes entries and, after a heartbeat, `:live`. @throws Error if Redis does not answer, or is not as the last write left it */
  async function write(client: RedisClient, entries: readonly RevocationEntry[], beat?: Beat): Promise<void> {
    const keys = [`${prefix}:mirror`, `${prefix}:live`, ...entries.map(keyOf)]
    const values = entries.flatMap(([, , notBefore, expiresAt]) => [notBefore, expiresAt])
    const last = marker()
    writes += 1
    const live = beat === undefined ? ['', 0] : [beat.place, Math.floor(beat.at + offset) + LIVE]
    const time = Number(await client.eval(WRITE, keys.length, ...keys, last, marker(), ...live, ...values))
    if (time === 0) throw new Error('Redis was emptied or replaced by an older copy, or another server fills it')
    offset = time - performance.now()
  }

  /** Writes nothing, again and again, so that no other server takes the copy over during a long work. */
  async function holdDuring<Result>(client: RedisClient, work: () => Promise<Result>): Promise<Result> {
    let isDone = false
    const done = work().finally(() => {
      isDone = true
    })
    // Whoever loses the copy meanwhile waits for the work no longer.
    done.catch(() => {})
    for (;;) {
      await Promise.race([done, pause(RETRY)])
      if (isDone) return done
      await write(client, [])
    }
  }

  async function run(): Promise<void> {
    let wasAway = false
    while (!isClosed) {
      try {
        const client = await redis.client()
        if (!isClosed) await mirror(client)
        wasAway = false
      } catch (error) {
        if (!wasAway && !isClosed)
          log.warn(
            {
              event: 'redis-mirror.away',
              reason: withoutSecrets(error instanceof Error ? error.message : String(error)),
            },
            'the copy in Redis is not kept up to date',
          )
        wasAway = true
        state = error instanceof EvictionError ? 'evicting' : 'away'
      }
      leave()
      if (!isClosed) await pause(RETRY)
    }
  }

  /** Fills Redis and keeps it up to date, until something goes wrong; or finds that another server does. */
  async function mirror(client: RedisClient): Promise<void> {
    await assertNoEviction(client, `${prefix}:mirror`)
    if (!(await begin(client))) {
      state = 'standby'
      return
    }
    state = 'filling'
    const { head, entries } = await holdDuring(client, () => feed.head().then(() => store.readSnapshot()))
    for (let at = 0; at < entries.length; at += CHUNK) await write(client, entries.slice(at, at + CHUNK))
    await follow(client, head)
  }

  /** Follows the feed. Resolves never; rejects when something goes wrong. */
  async function follow(client: RedisClient, { epoch, seq }: RevocationCursor): Promise<void> {
    let checkedAt = performance.now()
    let isOver = false
    await new Promise<void>((_resolve, reject) => {
      const queue = createQueue(async (entries, beat) => {
        if (isOver) throw new Error('another turn has begun')
        await write(client, entries, beat)
        if (beat !== undefined && !isOver) state = 'live'
      }, reject)
      const reader: FeedReader = {
        revoked: (entries) => queue.add(entries),
        heartbeat(place) {
          const at = performance.now()
          queue.beat({ place: `${epoch}:${place}`, at })
          if (at - checkedAt < POLICY_CHECK) return
          checkedAt = at
          assertNoEviction(client, `${prefix}:mirror`).catch(reject)
        },
        keysChanged: () => {},
        reset: () => reject(new Error('the feed has begun anew')),
        end: () => reject(new Error('the server stops')),
      }
      feed.follow({ epoch, seq }, reader).then((followed) => {
        if (followed === 'reset') reject(new Error('the feed has begun anew'))
        else if (isOver) followed()
        else leave = followed
      }, reject)
    }).finally(() => {
      isOver = true
    })
  }

  void run()
  return {
    get state() {
      return state
    },
    close() {
      isClosed = true
      leave()
    },
  }
}

/**
 * One write at a time, each with all that was told since the last, so that a slow Redis is not further behind than one write. A heartbeat
 * is written with the last of the entries that came before it.
 */
function createQueue(
  write: (entries: readonly RevocationEntry[], beat: Beat | undefined) => Promise<void>,
  onError: (error: unknown) => void,
): { add(entries: readonly RevocationEntry[]): void; beat(beat: Beat): void } {
  let told: RevocationEntry[] = []
  let latest: Beat | undefined
  let isWriting = false

  async function drain(): Promise<void> {
    if (isWriting) return
    isWriting = true
    while (told.length > 0 || latest !== undefined) {
      const entries = told.slice(0, CHUNK)
      told = told.slice(CHUNK)
      const beat = told.length === 0 ? latest : undefined
      if (told.length === 0) latest = undefined
      await write(entries, beat)
    }
    isWriting = false
  }

  return {
    add(entries) {
      told.push(...entries)
      drain().catch(onError)
    },
    beat(beat) {
      latest = beat
      drain().catch(onError)
    },
  }
}

/** Redis may drop keys before their time. */
class EvictionError extends Error {
  override readonly name = 'EvictionError'
}

/** Asked by a script, so that in a cluster the node answers that has the keys. */
const MEMORY = `return redis.call('INFO', 'memory')`

/** @throws EvictionError if Redis may drop keys before their time; one that does not say is taken to */
async function assertNoEviction(client: RedisClient, key: string): Promise<void> {
  const memory = String(await client.eval(MEMORY, 1, key))
  if (/^maxmemory_policy:(.+?)\r?$/m.exec(memory)?.[1] !== 'noeviction')
    throw new EvictionError('its maxmemory-policy may evict entries: set maxmemory-policy noeviction')
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds).unref())
}
