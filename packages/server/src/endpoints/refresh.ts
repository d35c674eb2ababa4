import { z } from 'zod'
import { refresh as refreshGrant } from '../grants/refresh.ts'
import { bearerToken } from '../http/authorization.ts'
import { assertConnected } from '../http/connection.ts'
import type { Endpoint, RequestContext } from '../http/endpoint.ts'
import { readOptionalJson } from '../http/json-body.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parts } from '../parts.ts'
import { looksLikeRefreshToken } from '../sessions/refresh-token.ts'
import { audience, refreshToken, scope, tokenAnswer } from './shapes.ts'

const body = z.object({ refreshToken: refreshToken.optional(), scope: scope.optional(), audience: audience.optional() })

/** POST …/refresh: exchanges a refresh token for a new access token. */
export function refresh(parts: Parts): Endpoint {
  return {
    summary: 'Get a new access token with a refresh token',
    description:
      'Send the refresh token in the body or as a bearer token, not both. Keep the refresh token of an answer if it differs from the one you sent.',
    body,
    bodyOptional: true,
    authorization: 'refresh-token',
    answers: { 200: { description: 'A new access token, and the refresh token to keep.', body: tokenAnswer } },
    refusals: ['invalid_grant', 'temporarily_unavailable'],
    async handle(c) {
      const { refreshToken: inBody, scope, audience } = await readOptionalJson(c, body)
      const refreshToken = presentedToken(c, inBody)
      await assertConnected(c)
      return c.json(await refreshGrant(parts, { refreshToken, scope, audience, arrivedAt: c.env.arrivedAt }))
    },
  }
}

/** An access token in the header, which many clients add to every request, is none of the two. */
function presentedToken(c: RequestContext, inBody: string | undefined): string {
  const bearer = bearerToken(c)
  const inHeader = bearer !== undefined && looksLikeRefreshToken(bearer) ? bearer : undefined
  if ((inBody === undefined) !== (inHeader === undefined)) return inBody ?? inHeader ?? ''
  const detail = inBody === undefined ? 'is missing' : 'must not be sent together with an Authorization header'
  throw new OAuthError('invalid_request', {
    reason: `refreshToken ${detail}`,
    members: [{ member: 'refreshToken', detail }],
  })
}
