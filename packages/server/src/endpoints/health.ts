import { z } from 'zod'
import { redisStates } from '../cache/redis-connection.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parts } from '../parts.ts'

const status = z.object({ status: z.literal('ok') })
const checks = z.object({
  process: z.enum(['ok', 'stopping']),
  store: z.enum(['ok', 'away', 'unwritable']).meta({
    description:
      'unwritable: it can only be read, as a database that was demoted to a replica, or one whose disk is full.',
  }),
  keys: z.enum(['ok', 'unreadable']).meta({ description: 'unreadable: the log says why, as for another master key.' }),
  feed: z.enum(['ok', 'stalled']).meta({ description: 'The revocation feed; requests are served without it.' }),
  redis: z.enum(redisStates).optional().meta({
    description: 'How Redis stands. Nothing waits for it; unless it is ready, each server limits attempts by itself.',
  }),
  redisMirror: z.enum(['away', 'filling', 'live', 'standby', 'evicting']).optional().meta({
    description: 'How the copy of what is revoked in Redis stands; evicting: set maxmemory-policy noeviction.',
  }),
})

/** What stands in the way of serving requests; the others are told beside it. */
const needed = ['process', 'store', 'keys'] as const

/** How long the store may take to answer, milliseconds: whoever asks waits only a little longer. */
const patience = 2000

/** Of the server as a whole, what readiness depends on. */
export interface Readiness {
  /** Resolves once the keys are there, and can be read. */
  ready(): Promise<void>
  isStopping(): boolean
}

/** GET /healthz: the process answers. */
export const healthz: Endpoint = {
  summary: 'Whether the process is alive',
  answers: { 200: { description: 'It is.', body: status } },
  handle: (c) => c.json({ status: 'ok' }),
}

/** GET /readyz: whether the process can serve, its store included, and if not, why. */
export function readyz(parts: Parts, readiness: Readiness): Endpoint {
  return {
    summary: 'Whether requests can be served',
    description: 'A refusal has `checks` too, which say what is missing.',
    answers: { 200: { description: 'They can.', body: status.extend({ checks }) } },
    refusals: ['temporarily_unavailable'],
    async handle(c) {
      const { found, cause } = await check(parts, readiness)
      const missing = needed.filter((part) => found[part] !== 'ok')
      if (missing.length === 0) return c.json({ status: 'ok', checks: found })
      const reason = `not ready: ${missing.map((part) => `${part} ${found[part]}`).join(', ')}`
      throw new OAuthError('temporarily_unavailable', { reason, retryAfter: 1, checks: found, cause })
    },
  }
}

async function check({ store, feed, redis, redisMirror }: Parts, { ready, isStopping }: Readiness) {
  const [asked, loaded] = await Promise.allSettled([within(patience, store.isWritable()), within(patience, ready())])
  const found = {
    process: isStopping() ? 'stopping' : 'ok',
    store: asked.status === 'rejected' ? 'away' : asked.value ? 'ok' : 'unwritable',
    keys: loaded.status === 'fulfilled' ? 'ok' : 'unreadable',
    feed: feed.status().isStalled ? 'stalled' : 'ok',
    ...(redis && { redis: redis.state }),
    ...(redisMirror && { redisMirror: redisMirror.state }),
  }
  const causes = [asked, loaded].flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
  return { found, cause: causes[0] as unknown }
}

async function within<Result>(milliseconds: number, work: Promise<Result>): Promise<Result> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds)
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
