import { z } from 'zod'
import { bearerToken } from '../http/authorization.ts'
import { deleteCookie, readAllCookies } from '../http/cookies.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { readOptionalJson } from '../http/json-body.ts'
import { checkSameSite } from '../http/same-site.ts'
import { withCookies } from '../http/token-answer.ts'
import type { Parts } from '../parts.ts'
import { endSessionOf } from '../sessions/presented-session.ts'
import { looksLikeRefreshToken } from '../sessions/refresh-token.ts'
import { looksLikeSessionToken } from '../sessions/session-token.ts'
import { refreshToken } from './shapes.ts'

const body = z.object({ refreshToken: refreshToken.optional() })

/** An access token, which many clients add to every request and which may have run out, does not say that there is no cookie. */
function namesSession(bearer: string | undefined): boolean {
  return bearer !== undefined && (looksLikeRefreshToken(bearer) || looksLikeSessionToken(bearer))
}

/** POST …/logout: ends the session of whatever token came. 204 for any of them: a token that is no good has no session. */
export function logout(parts: Parts): Endpoint {
  return {
    summary: 'Sign out here',
    revokes: true,
    description:
      'Ends the session of the refresh token in the body, or of the token in the Authorization header. Without a refresh or session token, also those of the cookies, and deletes them. Any token is answered alike.',
    body,
    bodyOptional: true,
    authorization: 'refresh-token',
    answers: { 204: { description: 'The session, if there was one, is over.' } },
    refusals: ['cross_site_request'],
    async handle(c) {
      const { refreshToken } = (await readOptionalJson(c, body)) ?? {}
      const bearer = bearerToken(c.req)
      const tokens = [refreshToken, bearer].filter((token) => token !== undefined)
      const cookies = refreshToken !== undefined || namesSession(bearer) ? [] : readAllCookies(c.req.header('cookie'))
      if (cookies.length > 0) checkSameSite(c.req, parts.isAllowedOrigin)
      for (const token of [...tokens, ...cookies.map(({ value }) => value)]) await endSessionOf(parts, token, 'logout')
      return withCookies(c.body(null, 204), cookies.map(deleteCookie))
    },
  }
}
