/**
 * The one connection to Redis, for what may be lost at any moment. Nothing ever waits for a Redis that is not there: no command is kept
 * until it is back, and whoever asks on behalf of a request gets a failure within a fifth of a second.
 *
 *   ready      asked for everything
 *   away       no connection, or one that is being made; tried again within a second, forever
 *   slow       it did not answer within a fifth of a second
 *   refused    the user name or password is wrong, or may not do what is asked
 *   read-only  a replica, or a master that has none left
 *   full       it may take no more memory
 *
 * Once a second something of each kind that requests ask for finds out which; until that succeeds, requests do without. A request that finds
 * it out first tells all others.
 */
import type { Cluster, Redis } from 'ioredis'
import { type Log, withoutSecrets } from '../log.ts'
import { defaultPrefix, parseRedisLocation, type RedisLocation } from './redis-location.ts'

/** Where Redis is, and under which names we keep things there. */
export interface RedisOptions {
  /**
   * `redis://…` or `rediss://…`, `redis+sentinel://host:port,host:port/<master name>`, or `redis+cluster://host:port,host:port`.
   */
  readonly url: string
  /** What every key begins with; in a cluster with braces. @default 'countersign', in a cluster '{countersign}' */
  readonly prefix?: string | undefined
}

/** How Redis stands. */
export const redisStates = ['ready', 'away', 'slow', 'refused', 'read-only', 'full'] as const
export type RedisState = (typeof redisStates)[number]

export type RedisClient = Redis | Cluster

export interface RedisConnection {
  readonly prefix: string
  readonly state: RedisState
  /** The client itself, for those who do not hold up a request: its commands fail after a second. Connected or not. */
  client(): Promise<RedisClient>
  /** Asks on behalf of a request. @throws Error at once unless Redis is ready, else within a fifth of a second */
  ask<Answer>(commands: (client: RedisClient) => Promise<Answer>): Promise<Answer>
  /** Calls back for each message of a channel, of which any may be lost. It has a connection of its own, as Redis asks for. */
  listen(channel: string, onMessage: () => void): void
  close(): void
}

/** How long a request waits, milliseconds. */
const PATIENCE = 200
const LOOK = 1000
const COMMAND = 1000
/** A connection that owes an answer for this long is given up, as one to a machine that is gone. */
const SILENCE = 4000

export function openRedis(options: RedisOptions, log: Log): RedisConnection {
  const location = parseRedisLocation(options.url)
  if (typeof location === 'string') throw new TypeError(`redis.url ${location}`)
  const prefix = options.prefix ?? defaultPrefix[location.kind]
  const connecting = connect(location, noteError)
  let client: RedisClient | undefined
  let listener: RedisClient | undefined
  let state: RedisState = 'away'
  let lastError: unknown
  let isClosed = false

  function noteError(error: unknown): void {
    lastError = error
  }

  function change(next: RedisState, error?: unknown): void {
    if (next === state || isClosed) return
    const [before, fields] = [
      state,
      { event: 'redis.state', state: next, ...(error !== undefined && { reason: withoutSecrets(reasonOf(error)) }) },
    ]
    state = next
    if (next === 'ready') log.info(fields, 'Redis is asked')
    else if (before === 'ready') log.warn(fields, 'Redis is not asked until it is well again')
  }

  async function look(): Promise<void> {
    client ??= await connecting
    try {
      // Without a connection a command fails at once, and says less than what the connection failed with.
      await within(PATIENCE, tryAll(client, `${prefix}:look`))
      lastError = undefined
      change('ready')
    } catch (error) {
      const cause = client.status === 'ready' ? error : (lastError ?? error)
      change(stateAfter(cause), cause)
    }
  }

  async function keepLooking(): Promise<void> {
    while (!isClosed) {
      await look()
      // A connection that only listens finds out in no other way that it has come to an end.
      listener?.ping().catch(() => {})
      await new Promise<void>((resolve) => void setTimeout(resolve, state === 'ready' ? LOOK : LOOK / 4).unref())
    }
    client?.disconnect()
  }

  void keepLooking()
  return {
    prefix,
    get state() {
      return state
    },
    client: () => connecting,
    listen(channel, onMessage) {
      void connecting.then((connected) => {
        if (!isClosed) listener = subscribe(connected, channel, onMessage)
      })
    },
    async ask(commands) {
      if (state !== 'ready' || client?.status !== 'ready') throw new Error(`Redis is ${state}`)
      try {
        return await within(PATIENCE, commands(client))
      } catch (error) {
        change(stateAfter(error), error)
        throw error
      }
    },
    close() {
      isClosed = true
      client?.disconnect()
      listener?.disconnect()
    },
  }
}

/** What a counter does. */
const COUNT = `
redis.call('SET', KEYS[1], 0, 'EX', 10, 'NX')
redis.call('INCRBY', KEYS[1], 1)
redis.call('EXPIRE', KEYS[1], 10)
return redis.call('PTTL', KEYS[1])`

/** Asks for all that requests ask for: a user of Redis may have the right to some of it. */
async function tryAll(client: RedisClient, key: string): Promise<void> {
  await client.set(key, '', 'EX', 10)
  const counting = client.eval(COUNT, 1, `${key}:count`)
  await Promise.all([counting, client.multi().get(key).pttl(key).exec(), client.del(`${key}:deleted`)])
}

/** ioredis is loaded by those who use it. */
async function connect(location: RedisLocation, onError: (error: unknown) => void): Promise<RedisClient> {
  const { Cluster, Redis } = await import('ioredis')
  const pause = (times: number) => Math.min(1000, times * 100)
  const { username, password, isEncrypted } = location
  const timeouts = { commandTimeout: COMMAND, connectTimeout: 1000, socketTimeout: SILENCE, maxRetriesPerRequest: 0 }
  // What was a master is a replica now: whoever answers at the same place next time may be the master.
  const reconnectOnError = (error: Error) => error.message.startsWith('READONLY')
  const each = { ...timeouts, username, password, reconnectOnError, ...(isEncrypted && { tls: {} }) }
  const common = { ...each, enableOfflineQueue: false, lazyConnect: true, retryStrategy: pause }

  function open(): RedisClient {
    switch (location.kind) {
      case 'single':
        return new Redis({ ...common, ...location.host, db: location.database })
      case 'sentinel':
        return new Redis({
          ...common,
          ...{ name: location.master, sentinels: [...location.sentinels], db: location.database },
          ...{ sentinelUsername: location.sentinelUsername, sentinelPassword: location.sentinelPassword },
          ...{ sentinelCommandTimeout: 1000, sentinelRetryStrategy: pause, failoverDetector: true },
          ...(isEncrypted && { enableTLSForSentinelMode: true, sentinelTLS: {} }),
        })
      case 'cluster':
        return new Cluster([...location.nodes], {
          ...{ clusterRetryStrategy: pause, enableOfflineQueue: false, lazyConnect: true, slotsRefreshTimeout: 1000 },
          redisOptions: each,
          // A certificate is for a name: names that nodes announce are looked up by the connection itself.
          ...(isEncrypted && { dnsLookup: (name, found) => found(null, name) }),
        })
    }
  }

  const client = open()
  client.on('error', onError)
  client.connect().catch(onError)
  return client
}

/** A cluster's client has a connection for this already. */
function subscribe(client: RedisClient, channel: string, onMessage: () => void): RedisClient {
  const listener = 'nodes' in client ? client : client.duplicate()
  const start = () => void listener.subscribe(channel).catch(() => {})
  listener.on('message', onMessage)
  listener.on('ready', start)
  if (listener === client) {
    if (client.status === 'ready') start()
    return listener
  }
  listener.on('error', () => {})
  listener.connect().catch(() => {})
  return listener
}

/** Waits for an answer, but not long; a process that was busy itself reads first what has come meanwhile. */
function within<Answer>(milliseconds: number, answer: Promise<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => setImmediate(() => reject(new SlowError())), milliseconds)
    answer.finally(() => clearTimeout(timer)).then(resolve, reject)
  })
}

class SlowError extends Error {
  override readonly name = 'SlowError'

  constructor() {
    super(`no answer within ${PATIENCE} ms`)
  }
}

function stateAfter(error: unknown): RedisState {
  if (error instanceof SlowError) return 'slow'
  // A transaction says that it failed; what failed says why.
  if (isFailedTransaction(error)) return stateAfter(error.previousErrors[0])
  if (/ACL failure in script|The user executing the script can't/.test(reasonOf(error))) return 'refused'
  const word = /^[A-Z]+/.exec(reasonOf(error))?.[0] ?? ''
  if (word === 'OOM') return 'full'
  if (['READONLY', 'NOREPLICAS', 'MISCONF'].includes(word)) return 'read-only'
  return ['NOAUTH', 'WRONGPASS', 'NOPERM'].includes(word) ? 'refused' : 'away'
}

function isFailedTransaction(error: unknown): error is { readonly previousErrors: readonly unknown[] } {
  return error instanceof Error && 'previousErrors' in error && Array.isArray(error.previousErrors)
}

function reasonOf(error: unknown): string {
  if (isFailedTransaction(error) && error.previousErrors.length > 0) return reasonOf(error.previousErrors[0])
  return error instanceof Error ? error.message : String(error)
}
