import { z } from 'zod'
import { redisStates } from '../cache/redis-connection.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parts } from '../parts.ts'

const status = z.object({ status: z.literal('ok') })
const readiness = status.extend({
  redis: z.enum(redisStates).optional().meta({
    description: 'How Redis stands. Nothing waits for it; unless it is ready, each server limits attempts by itself.',
  }),
  redisMirror: z.enum(['away', 'filling', 'live', 'standby', 'evicting']).optional().meta({
    description: 'How the copy of what is revoked in Redis stands; evicting: set maxmemory-policy noeviction.',
  }),
})

/** GET /healthz: the process answers. */
export const healthz: Endpoint = {
  summary: 'Whether the process is alive',
  answers: { 200: { description: 'It is.', body: status } },
  handle: (c) => c.json({ status: 'ok' }),
}

/** GET /readyz: the process can serve, its store included. */
export function readyz({ store, redis, redisMirror }: Parts): Endpoint {
  return {
    summary: 'Whether requests can be served',
    answers: { 200: { description: 'They can.', body: readiness } },
    refusals: ['temporarily_unavailable'],
    async handle(c) {
      try {
        await store.now()
      } catch (cause) {
        throw new OAuthError('temporarily_unavailable', { reason: 'the store does not answer', retryAfter: 1, cause })
      }
      return c.json({
        status: 'ok',
        ...(redis && { redis: redis.state }),
        ...(redisMirror && { redisMirror: redisMirror.state }),
      })
    },
  }
}
