import { z } from 'zod'
import { signIn } from '../grants/password.ts'
import { addressOf } from '../http/client-address.ts'
import { deleteCookie, readAllCookies } from '../http/cookies.ts'
import type { Endpoint, RequestContext } from '../http/endpoint.ts'
import { readJson } from '../http/json-body.ts'
import { checkSameSite } from '../http/same-site.ts'
import { answerSession, answerTokens, withCookies } from '../http/token-answer.ts'
import type { Parts } from '../parts.ts'
import { endSessionOf } from '../sessions/presented-session.ts'
import type { SessionMode } from '../store/store.ts'
import { audience, email, loginAnswer, password, scope } from './shapes.ts'

const body = z
  .object({
    email,
    password,
    mode: z.enum(['bearer', 'cookie', 'session']).optional().meta({
      description:
        'bearer (the default): tokens in JSON. cookie: the refresh token in a cookie. session: a server-side session and no JWT.',
    }),
    accessToken: z.literal('cookie').optional().meta({
      description: 'With mode cookie: the access token in a cookie too, and none in the answer.',
    }),
    transport: z.literal('bearer').optional().meta({
      description: 'With mode session: the session token in the answer instead of a cookie.',
    }),
    scope: scope.optional(),
    audience: audience.optional(),
  })
  .superRefine(({ mode, accessToken, transport, ...rest }, { addIssue }) => {
    const refuse = (member: string, message: string) => addIssue({ code: 'custom', path: [member], message })
    if (accessToken !== undefined && mode !== 'cookie') refuse('accessToken', 'goes with mode cookie only')
    if (transport !== undefined && mode !== 'session') refuse('transport', 'goes with mode session only')
    for (const member of ['scope', 'audience'] as const)
      if (mode === 'session' && rest[member] !== undefined) refuse(member, 'is for tokens: a session has none')
  })

/** POST …/login: exchanges e-mail address and password for tokens, or for a server-side session. */
export function login(parts: Parts): Endpoint {
  const idleLifetime = parts.settings.cookieSessionIdleLifetime
  return {
    summary: 'Sign in with e-mail address and password',
    body,
    answers: { 200: { description: 'Tokens, or a session.', body: loginAnswer } },
    refusals: ['invalid_credentials', 'cross_site_request', 'too_many_requests', 'temporarily_unavailable'],
    async handle(c) {
      const request = await readJson(c, body)
      const mode = modeOf(request)
      const replaced = setsCookies(mode) ? readAllCookies(c.req.header('cookie')) : []
      // Signing a browser in as someone else is an attack too. Without any cookie of ours, that the body is JSON says enough.
      if (setsCookies(mode)) checkSameSite(c.req, parts.isAllowedOrigin, replaced.length > 0 ? 'ask' : 'accept')

      const { email, password, scope, audience } = request
      const grant = await signIn(parts, { email, password, mode, scope, audience, ...clientOf(parts, c) })
      try {
        // Nothing of the old session is touched before it is sure that a browser keeps the new one.
        const answer = 'sessionToken' in grant ? answerSession(c, grant, idleLifetime) : answerTokens(c, grant)
        for (const { value } of replaced) await endSessionOf(parts, value, 'replaced')
        return withCookies(answer, replaced.map(deleteCookie))
      } catch (error) {
        // A session that nobody was given must not stay.
        const { sid, userId } = grant.session
        await parts.store.revokeSession({ sid, userId }, 'sign_in_failed')
        throw error
      }
    },
  }
}

function modeOf({ mode = 'bearer', accessToken, transport }: z.output<typeof body>): SessionMode {
  if (mode === 'session') return transport === 'bearer' ? 'session_bearer' : 'session_cookie'
  return mode === 'cookie' && accessToken === 'cookie' ? 'access_cookie' : mode
}

function setsCookies(mode: SessionMode): boolean {
  return mode !== 'bearer' && mode !== 'session_bearer'
}

/** Where a session was opened from, for the list of sessions. */
function clientOf({ settings }: Parts, c: RequestContext): { userAgent: string | null; ip: string | null } {
  return {
    userAgent: c.req.header('user-agent')?.slice(0, 256) ?? null,
    ip: addressOf(c, settings.trustedProxies),
  }
}
