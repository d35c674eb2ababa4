/** The Authorization header (RFC 6750 §2.1), and who is behind it. A token in the query or the body is never read. */
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parts } from '../parts.ts'
import type { Session } from '../store/store.ts'
import type { RequestContext } from './endpoint.ts'

/** Reads a bearer token; `undefined` for no header or one of another scheme (RFC 6750 §2.1). */
export function bearerToken(c: RequestContext): string | undefined {
  return /^bearer +([\x21-\x7e]+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
}

/**
 * Finds the session of the access token that came with a request. The session is looked up, so our own endpoints refuse
 * right after a logout. @throws OAuthError `invalid_token`, the same for every cause.
 */
export async function authenticate({ accessTokens, store }: Parts, c: RequestContext): Promise<Session> {
  const token = bearerToken(c)
  if (token === undefined) throw new OAuthError('invalid_token', { reason: 'no access token was sent' })
  const verified = accessTokens.verify(token)
  if ('refusal' in verified) throw new OAuthError('invalid_token', { reason: verified.refusal, tokenSent: true })
  const { sid, sub, jti, kid } = verified
  const session = sid === undefined ? undefined : await store.findLiveSession(sid)
  if (session?.userId !== sub) throw new OAuthError('invalid_token', { reason: 'its session is over', tokenSent: true })
  // The session stands for its user and client, whose not-befores it knows; the token and its key may be revoked on their own.
  if (await store.isRevoked({ jti, kid }))
    throw new OAuthError('invalid_token', { reason: 'it is revoked', tokenSent: true })
  return session
}
