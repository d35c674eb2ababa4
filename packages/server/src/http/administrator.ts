/**
 * Who may administer: a person with the role admin, which is looked up now and not read from the token, who has signed in within a
 * quarter of an hour, with a token for this server or a server-side session (OWASP ASVS 5.0 V7.5.1).
 */
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parts } from '../parts.ts'
import { authenticate } from './authorization.ts'
import type { RequestContext } from './endpoint.ts'

/** Seconds. */
const RECENT = 900

/** @throws OAuthError `invalid_token`, `insufficient_user_authentication`, `insufficient_role` */
export async function authenticateAdministrator(parts: Parts, c: RequestContext): Promise<{ readonly userId: string }> {
  const { accounts, settings, store } = parts
  const { session, account: kept, accessToken } = await authenticate(parts, c.req)
  if (accessToken !== undefined && !accessToken.audience.includes(settings.issuer))
    throw new OAuthError('invalid_token', { reason: 'the token is for another audience', tokenSent: true })
  const account = await accounts.findAccount(session.userId, kept)
  if (account?.roles.includes('admin') !== true)
    throw new OAuthError('insufficient_role', { reason: `${session.userId} is no admin` })
  if (store.estimateNow() - session.authenticatedAt > RECENT * 1000)
    throw new OAuthError('insufficient_user_authentication', { reason: 'the admin signed in too long ago' })
  return session
}
