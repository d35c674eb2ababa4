/**
 * The metrics of one server, for Prometheus. prom-client is loaded by those who import this file. Nothing is registered globally: what
 * an application counts for itself stays apart, and its own `nodejs_` and `process_` metrics are not doubled unless they are asked for.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { type RedisState, redisStates } from '../cache/redis-connection.ts'
import type { Feed } from '../revocation/feed.ts'
import type { MirrorState } from '../revocation/redis-mirror.ts'
import type { Keys } from '../tokens/keys.ts'
import { type Counted, counted, type Meter } from './meter.ts'
import { version } from './version.ts'

/** What is read when somebody asks, rather than counted. */
export interface Gauged {
  readonly feed: Feed['status']
  /** The store's clock, epoch milliseconds. */
  now(): number
  keys(): Pick<Keys, 'verificationKeys' | 'isComplete'> | undefined
  passwordsWaiting?(): number
  connections?(): { readonly total: number; readonly idle: number; readonly waiting: number }
  redis?(): RedisState
  redisMirror?(): MirrorState
}

/** Collects the metrics of one server. */
export interface Metrics {
  /** Formats what there is to scrape, in the text format of Prometheus. */
  text(): Promise<string>
  /** The media type of that text. */
  readonly contentType: string
  readonly meter: Meter
  /** @throws Error when another server has these metrics */
  watch(gauged: Gauged): void
}

/** How metrics are made. */
export interface MetricsOptions {
  /** Also what prom-client tells of the process: memory, processor, event loop, garbage collection. @default false */
  readonly processMetrics?: boolean
}

const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const storeBuckets = [0.00025, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5]
const hashBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const mirrorStates: readonly MirrorState[] = ['away', 'filling', 'live', 'standby', 'evicting']

/**
 * Makes metrics for a server. Show `text()` where only your own monitoring can ask.
 *
 * @example
 * const metrics = createMetrics()
 * const server = createAuthorizationServer({ issuer, store, masterKey, metrics })
 * response.setHeader('content-type', metrics.contentType).end(await metrics.text())
 */
export function createMetrics({ processMetrics = false }: MetricsOptions = {}): Metrics {
  const registry = new Registry()
  const registers = [registry]
  if (processMetrics) collectDefaultMetrics({ register: registry })
  new Gauge({
    name: 'countersign_build_info',
    help: 'Always 1; the version of the server and of Node.',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version, node: process.versions.node }, 1)
  const meter = createMeter(registry)
  let isWatched = false

  return {
    meter,
    contentType: registry.contentType,
    text: () => registry.metrics(),
    watch(gauged) {
      if (isWatched) throw new Error('metrics belong to one server: make others with createMetrics')
      isWatched = true
      addGauges(registry, gauged)
    },
  }
}

function createMeter(registry: Registry): Meter {
  const registers = [registry]
  const counters = createCounters(registers)
  const inFlight = new Gauge({
    name: 'countersign_http_requests_in_flight',
    help: 'Requests that are being answered; streams that have begun are not among them.',
    registers,
  })
  const requests = new Histogram({
    name: 'countersign_http_request_duration_seconds',
    help: 'Time until an answer was there, by method, row of the table of paths, and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: requestBuckets,
    registers,
  })
  const calls = new Histogram({
    name: 'countersign_store_call_duration_seconds',
    help: 'Time that calls of the store took, those that failed too.',
    labelNames: ['call'],
    buckets: storeBuckets,
    registers,
  })
  const errors = new Counter({
    name: 'countersign_store_errors_total',
    help: 'Calls of the store that failed.',
    labelNames: ['call'],
    registers,
  })
  const hashes = new Histogram({
    name: 'countersign_password_hash_duration_seconds',
    help: 'Time to hash or verify a password, the wait for its turn included.',
    buckets: hashBuckets,
    registers,
  })
  return {
    count: (name, word) => counters[name].inc({ [counted[name].label]: word }),
    requestBegan: () => inFlight.inc(),
    requestEnded({ method, route, status, seconds }) {
      inFlight.dec()
      requests.observe({ method, route, status }, seconds)
    },
    storeCalled(call, seconds, failed) {
      calls.observe({ call }, seconds)
      errors.inc({ call }, failed ? 1 : 0)
    },
    passwordHashed: (seconds) => hashes.observe(seconds),
  }
}

/** Begun at 0, because a counter that appears with 1 has, for Prometheus, not increased. */
function createCounters(registers: Registry[]): Record<Counted, Counter> {
  const entries = Object.entries(counted).map(([key, { name, help, label, words }]) => {
    const counter = new Counter({ name, help, labelNames: [label], registers })
    for (const word of words) counter.inc({ [label]: word }, 0)
    return [key, counter] as const
  })
  return Object.fromEntries(entries) as Record<Counted, Counter>
}

function addGauges(registry: Registry, gauged: Gauged): void {
  const { feed, now, keys, passwordsWaiting, connections, redis, redisMirror } = gauged
  const add = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  add(
    'countersign_verification_keys',
    'Keys with which tokens are accepted; 0 until they are loaded.',
    () => keys()?.verificationKeys.length ?? 0,
  )
  add('countersign_next_signing_key_ready', '1 when the key that signs after this one is there already.', () =>
    Number(keys()?.isComplete ?? false),
  )
  add(
    'countersign_feed_sequence',
    'The last number that the revocation feed has given out.',
    () => feed().head?.seq ?? 0,
  )
  add(
    'countersign_feed_tick_age_seconds',
    'Time since the sequencer last looked, as far as this server knows: below 1 while somebody reads, else up to 10.',
    () => {
      const { head } = feed()
      return head === undefined ? Number.POSITIVE_INFINITY : Math.max(0, now() - head.tickAt) / 1000
    },
  )
  add('countersign_feed_readers', 'Readers that follow the revocation feed here.', () => feed().readers)
  add('countersign_feed_stalled', '1 while the feed cannot be read from the store.', () => Number(feed().isStalled))
  if (passwordsWaiting)
    add('countersign_password_hashes_waiting', 'Passwords that wait for their turn to be hashed.', passwordsWaiting)
  if (connections) addConnections(registry, add, connections)
  const ofRedis = 'How Redis stands: 1 for the present state, 0 for the others.'
  const ofMirror = 'How the copy of what is revoked in Redis stands: 1 for the present state, 0 for the others.'
  if (redis) addStates(registry, 'countersign_redis_state', ofRedis, redisStates, redis)
  if (redisMirror) addStates(registry, 'countersign_redis_mirror_state', ofMirror, mirrorStates, redisMirror)
}

function addConnections(
  registry: Registry,
  add: (name: string, help: string, read: () => number) => void,
  connections: NonNullable<Gauged['connections']>,
): void {
  add('countersign_postgres_calls_waiting', 'Calls that wait for a connection.', () => connections().waiting)
  new Gauge({
    name: 'countersign_postgres_connections',
    help: 'Connections to PostgreSQL, by what they do.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const { total, idle } = connections()
      this.set({ state: 'in_use' }, total - idle)
      this.set({ state: 'idle' }, idle)
    },
  })
}

function addStates<State extends string>(
  registry: Registry,
  name: string,
  help: string,
  states: readonly State[],
  read: () => State,
): void {
  new Gauge({
    name,
    help,
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const present = read()
      for (const state of states) this.set({ state }, Number(state === present))
    },
  })
}
