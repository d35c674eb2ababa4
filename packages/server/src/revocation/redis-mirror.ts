/**
 * Keeps a copy of what is revoked in Redis, for verifiers that prefer to ask: one MGET a token. Redis may lose anything at any moment, so
 * what is there counts only beside `<prefix>:live`, which lives for 5 s and is written only while everything is there:
 *
 *   AWAY     Redis cannot be reached: `:live` runs out by itself; tried again every second
 *   FILLING  a snapshot is being written; `:live` is not there yet
 *   LIVE     every entry is written before the next `:live`
 *   STANDBY  another server keeps the copy
 *   EVICTING Redis may drop keys when its memory is full: `:live` is never written, and /readyz says so
 *
 * `<prefix>:mirror` names the filling, and lives as long as Redis remembers: if it is gone, Redis was emptied or replaced by an older copy,
 * and is filled anew. One script checks that and writes, so that no other order is possible. Acts wait for none of this.
 *
 * Keys: `<prefix>:sid:<sid>`, `:jti:`, `:sub:`, `:client:`, `:kid:` and `:all`, each with its not-before (0 where there is none), each until
 * its entry ends.
 */
import type { RevocationEntry, RevocationKind } from '@countersign/token/revocations'
import type { Redis } from 'ioredis'
import type { Log } from '../log.ts'
import type { Store } from '../store/store.ts'
import type { Feed, FeedReader } from './feed.ts'

/** Where the copy is kept. */
export interface RedisOptions {
  /** `redis://…` or `rediss://…`. */
  readonly url: string
  /** What every key begins with. In a cluster give it braces, such as `{countersign}`, so that one MGET can ask for all. @default 'countersign' */
  readonly prefix?: string | undefined
}

/** How the copy stands. */
export type MirrorState = 'away' | 'filling' | 'live' | 'standby' | 'evicting'

/** The copy of one server. */
export interface RedisMirror {
  readonly state: MirrorState
  close(): void
}

interface MirrorParts {
  readonly options: RedisOptions
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
const LIVE_SECONDS = 5
const RETRY = 1000
const POLICY_CHECK = 30_000
const CHUNK = 1000

/**
 * KEYS: marker, live, entries…; ARGV: filling, place, then a not-before and an end for each entry. Of two writes for one key the later
 * not-before and the later end hold.
 */
const WRITE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
for at = 3, #KEYS do
  local notBefore, ends = tonumber(ARGV[at * 2 - 3]), tonumber(ARGV[at * 2 - 2])
  local held = tonumber(redis.call('GET', KEYS[at]) or '-1')
  local until_ = redis.call('EXPIRETIME', KEYS[at])
  redis.call('SET', KEYS[at], math.max(notBefore, held), 'EXAT', math.max(ends, until_))
end
if ARGV[2] ~= '' then redis.call('SET', KEYS[2], ARGV[2], 'EX', ${LIVE_SECONDS}) end
return 1`

export function createRedisMirror({ options, store, feed, log, random }: MirrorParts): RedisMirror {
  const prefix = options.prefix ?? 'countersign'
  let state: MirrorState = 'away'
  let isClosed = false
  let redis: Redis | undefined
  let leave: () => void = () => {}

  function keyOf([kind, value]: RevocationEntry): string {
    return kind === 'g' ? `${prefix}:all` : `${prefix}:${NAMES[kind]}:${value}`
  }

  /** Writes entries and, with a place, `:live`. @throws Error if Redis does not answer or was emptied */
  async function write(
    client: Redis,
    filling: string,
    entries: readonly RevocationEntry[],
    place: string,
  ): Promise<void> {
    const keys = [`${prefix}:mirror`, `${prefix}:live`, ...entries.map(keyOf)]
    const values = entries.flatMap(([, , notBefore, expiresAt]) => [notBefore, expiresAt])
    const written = await client.eval(WRITE, keys.length, ...keys, filling, place, ...values)
    if (written !== 1) throw new Error('Redis was emptied, or another server fills it')
  }

  async function run(): Promise<void> {
    let wasAway = false
    while (!isClosed) {
      try {
        redis ??= await connect(options.url)
        await mirror(redis)
        wasAway = false
      } catch (error) {
        if (!wasAway && !isClosed)
          log.warn(
            { event: 'redis-mirror.away', reason: error instanceof Error ? error.message : String(error) },
            'the copy in Redis is not kept up to date',
          )
        wasAway = true
      }
      leave()
      if (state === 'live' || state === 'filling') state = 'away'
      if (!isClosed) await pause(RETRY)
    }
  }

  /** Fills Redis and keeps it up to date, until something goes wrong. */
  async function mirror(client: Redis): Promise<void> {
    if (await mayEvict(client)) {
      state = 'evicting'
      throw new Error('its maxmemory-policy may evict entries: set maxmemory-policy noeviction')
    }
    if ((await client.exists(`${prefix}:live`)) === 1) {
      state = 'standby'
      return
    }
    state = 'filling'
    const filling = Buffer.from(random(12)).toString('base64url')
    await client.set(`${prefix}:mirror`, filling)
    await feed.head()
    const { head, entries } = await store.readSnapshot()
    for (let at = 0; at < entries.length; at += CHUNK) await write(client, filling, entries.slice(at, at + CHUNK), '')
    await follow(client, filling, { epoch: head.epoch, seq: head.seq })
  }

  /** Follows the feed, one write after the other. Resolves never; rejects when something goes wrong. */
  async function follow(client: Redis, filling: string, from: { epoch: string; seq: number }): Promise<void> {
    let checkedAt = performance.now()
    await new Promise<void>((_resolve, reject) => {
      let writing: Promise<void> = Promise.resolve()
      const queue = (entries: readonly RevocationEntry[], place: string): void => {
        writing = writing
          .then(() => write(client, filling, entries, place))
          .then(() => {
            if (place !== '') state = 'live'
          })
        writing.catch(reject)
      }
      const reader: FeedReader = {
        revoked: (entries) => queue(entries, ''),
        heartbeat(seq) {
          queue([], `${from.epoch}:${seq}`)
          if (performance.now() - checkedAt < POLICY_CHECK) return
          checkedAt = performance.now()
          mayEvict(client).then((may) => may && reject(new Error('its maxmemory-policy was changed')), reject)
        },
        keysChanged: () => {},
        reset: () => reject(new Error('the feed has begun anew')),
        end: () => reject(new Error('the server stops')),
      }
      feed.follow(from, reader).then((followed) => {
        if (followed === 'reset') reject(new Error('the feed has begun anew'))
        else leave = followed
      }, reject)
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
      redis?.disconnect()
    },
  }
}

/** ioredis is loaded by those who use it. Nothing waits in a queue while Redis is away, and no command for longer than a second. */
async function connect(url: string): Promise<Redis> {
  const { Redis } = await import('ioredis')
  const redis = new Redis(url, {
    ...{
      enableOfflineQueue: false,
      commandTimeout: 1000,
      connectTimeout: 1000,
      maxRetriesPerRequest: 0,
      lazyConnect: true,
    },
    retryStrategy: (times: number) => Math.min(1000, times * 100),
  })
  redis.on('error', () => {})
  await redis.connect().catch(() => {})
  return redis
}

/** Tells whether Redis may drop keys before their time; one that does not say is taken to. */
async function mayEvict(redis: Redis): Promise<boolean> {
  const memory = await redis.info('memory')
  return /^maxmemory_policy:(.+?)\r?$/m.exec(memory)?.[1] !== 'noeviction'
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds).unref())
}
