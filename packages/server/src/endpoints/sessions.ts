import { z } from 'zod'
import { authenticate } from '../http/authorization.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { pathParameter } from '../http/path-parameter.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parts } from '../parts.ts'
import { createUserAgentDescriber, type UserAgentDescription } from '../sessions/describe-user-agent.ts'
import type { Session } from '../store/store.ts'

const session = z
  .object({
    id: z.string(),
    current: z.boolean().meta({ description: 'Whether this is the session that asks.' }),
    createdAt: z.int().meta({ description: 'Epoch seconds.' }),
    lastSeenAt: z.int().meta({
      description: 'Epoch seconds of the last login or refresh; of a server-side session, of a request, to the minute.',
    }),
    device: z
      .string()
      .nullable()
      .meta({ description: 'What the client says it runs on.', examples: ['iPhone'] }),
    browser: z
      .string()
      .nullable()
      .meta({ description: 'What the client says it is.', examples: ['Firefox 144'] }),
    userAgent: z.string().nullable(),
    ip: z.string().nullable(),
    clientId: z.string(),
  })
  .meta({ id: 'Session' })

/** GET …/sessions: the user's live sessions, the one that asks first. */
export function listSessions(parts: Parts): Endpoint {
  return {
    summary: 'List my sessions',
    authorization: 'access-token',
    answers: { 200: { description: 'The live sessions.', body: z.object({ sessions: z.array(session) }) } },
    async handle(c) {
      const { session } = await authenticate(parts, c.req)
      const { sid, userId } = session
      const live = await parts.store.listLiveSessions(userId)
      const ordered = [session, ...live.filter((one) => one.sid !== sid)]
      const describeUserAgent = await createUserAgentDescriber()
      return c.json({ sessions: ordered.map((one) => describe(one, sid, describeUserAgent(one.userAgent))) })
    },
  }
}

/** DELETE …/sessions/{sid}: ends one of the user's own sessions. */
export function endSession(parts: Parts): Endpoint {
  return {
    summary: 'End one of my sessions',
    revokes: true,
    authorization: 'access-token',
    pathParameters: { sid: 'The id of the session.' },
    answers: { 204: { description: 'The session is over.' } },
    refusals: ['not_found'],
    async handle(c) {
      const { userId } = (await authenticate(parts, c.req)).session
      const ended = await parts.store.revokeSession({ sid: pathParameter(c, 'sid'), userId }, 'ended_by_user')
      if (ended.outcome === 'unknown') throw new OAuthError('not_found', { reason: 'no such session of this user' })
      return c.body(null, 204)
    },
  }
}

/** DELETE …/sessions: ends all of the user's own sessions but the one that asks. */
export function endOtherSessions(parts: Parts): Endpoint {
  return {
    summary: 'End my other sessions',
    revokes: true,
    authorization: 'access-token',
    answers: { 204: { description: 'Every other session is over.' } },
    async handle(c) {
      const { sid, userId } = (await authenticate(parts, c.req)).session
      await parts.store.revokeOtherSessions(userId, sid, 'ended_by_user')
      return c.body(null, 204)
    },
  }
}

function describe(
  { sid, createdAt, lastSeenAt, userAgent, ip, clientId }: Session,
  current: string,
  device: UserAgentDescription,
): z.output<typeof session> {
  return {
    id: sid,
    current: sid === current,
    createdAt: Math.floor(createdAt / 1000),
    lastSeenAt: Math.floor(lastSeenAt / 1000),
    ...device,
    userAgent,
    ip,
    clientId,
  }
}
