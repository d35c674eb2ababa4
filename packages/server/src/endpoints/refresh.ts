import { z } from 'zod'
import { refresh as refreshGrant } from '../grants/refresh.ts'
import { bearerToken } from '../http/authorization.ts'
import { assertConnected } from '../http/connection.ts'
import { readCookies } from '../http/cookies.ts'
import type { Endpoint, RequestContext } from '../http/endpoint.ts'
import { readOptionalJson } from '../http/json-body.ts'
import { checkSameSite } from '../http/same-site.ts'
import { answerTokens } from '../http/token-answer.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parts } from '../parts.ts'
import { newestOf } from '../sessions/presented-session.ts'
import { looksLikeRefreshToken } from '../sessions/refresh-token.ts'
import type { SessionMode } from '../store/store.ts'
import { audience, refreshAnswer, refreshToken, scope } from './shapes.ts'

const body = z.object({ refreshToken: refreshToken.optional(), scope: scope.optional(), audience: audience.optional() })

/** A refresh token, and the modes in which one may come that way: what was made for a cookie is worth nothing elsewhere. */
interface Presented {
  readonly refreshToken: string
  readonly modes: readonly SessionMode[]
}

const cookieModes: readonly SessionMode[] = ['cookie', 'access_cookie']

/** POST …/refresh: exchanges a refresh token for a new access token. */
export function refresh(parts: Parts): Endpoint {
  /** Bearer and cookie never mix: where a token is in the body or the header, cookies are not looked at. */
  async function present(c: RequestContext, request: z.output<typeof body> | undefined): Promise<Presented> {
    const bearer = presentedBearer(c, request?.refreshToken)
    if (bearer !== undefined) return { refreshToken: bearer, modes: ['bearer'] }
    const cookies = readCookies(c.req.header('cookie')).filter(({ kind }) => kind === 'rt')
    if (cookies.length > 0) checkSameSite(c.req, parts.isAllowedOrigin)
    const tokens = cookies.map(({ value }) => value)
    const refreshToken = tokens.length > 1 ? await newestOf(parts, tokens, cookieModes) : tokens[0]
    return { refreshToken: refreshToken ?? tokens[0] ?? missing(request), modes: cookieModes }
  }

  return {
    summary: 'Get a new access token with a refresh token',
    description:
      'Send the refresh token in the body or as a bearer token, not both; without either, the cookie counts. Keep the refresh token of an answer if it differs from the one you sent.',
    body,
    bodyOptional: true,
    authorization: 'refresh-token',
    answers: { 200: { description: 'A new access token, and the refresh token to keep.', body: refreshAnswer } },
    refusals: ['invalid_grant', 'cross_site_request', 'too_many_requests', 'temporarily_unavailable'],
    async handle(c) {
      const request = await readOptionalJson(c, body)
      const presented = await present(c, request)
      await assertConnected(c)
      const { scope, audience } = request ?? {}
      const { arrivedAt } = c.env
      return answerTokens(c, await refreshGrant(parts, { ...presented, scope, audience, arrivedAt }))
    },
  }
}

/** An access token in the header, which many clients add to every request, is none of the two. */
function presentedBearer(c: RequestContext, inBody: string | undefined): string | undefined {
  const bearer = bearerToken(c.req)
  const inHeader = bearer !== undefined && looksLikeRefreshToken(bearer) ? bearer : undefined
  if (inBody !== undefined && inHeader !== undefined)
    throw refusedMember('must not be sent together with an Authorization header')
  return inBody ?? inHeader
}

/** A request without a body is a browser's that asks whether someone is signed in; one with a body lacks a member. */
function missing(request: z.output<typeof body> | undefined): never {
  if (request !== undefined) throw refusedMember('is missing')
  throw new OAuthError('invalid_grant', { reason: 'no refresh token came' })
}

function refusedMember(detail: string): OAuthError {
  const members = [{ member: 'refreshToken', detail }]
  return new OAuthError('invalid_request', { reason: `refreshToken ${detail}`, members })
}
