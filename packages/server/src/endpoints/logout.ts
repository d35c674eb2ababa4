import { z } from 'zod'
import { bearerToken } from '../http/authorization.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { readOptionalJson } from '../http/json-body.ts'
import { firstPartyClient, type Parts } from '../parts.ts'
import { hashRid, looksLikeRefreshToken, parseRefreshToken } from '../sessions/refresh-token.ts'
import { refreshToken } from './shapes.ts'

const body = z.object({ refreshToken: refreshToken.optional() })

/** POST …/logout: ends the session of a refresh token or access token. Always 204: a token that is no good has no session. */
export function logout(parts: Parts): Endpoint {
  return {
    summary: 'Sign out here',
    description:
      'Ends the session of the refresh token in the body, or of the token in the Authorization header. Any token is answered alike.',
    body,
    bodyOptional: true,
    authorization: 'refresh-token',
    answers: { 204: { description: 'The session, if there was one, is over.' } },
    async handle(c) {
      const { refreshToken } = await readOptionalJson(c, body)
      for (const token of [refreshToken, bearerToken(c)]) if (token !== undefined) await endSessionOf(parts, token)
      return c.body(null, 204)
    },
  }
}

async function endSessionOf({ store, keys, accessTokens }: Parts, token: string): Promise<void> {
  if (looksLikeRefreshToken(token)) {
    const parsed = parseRefreshToken(token, firstPartyClient, keys.peppers)
    if (parsed !== undefined) await store.revokeSession({ ridHash: hashRid(parsed.rid) }, 'logout')
    return
  }
  const verified = accessTokens.verify(token)
  if ('sid' in verified && verified.sid !== undefined)
    await store.revokeSession({ sid: verified.sid, userId: verified.sub }, 'logout')
}
