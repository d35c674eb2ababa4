/**
 * Signs a user in with e-mail address and password, and opens a session.
 *
 * Races: the password may be changed, or the account deleted, while it is being verified. The store compares the password
 * version under the user's lock, so such a login opens nothing and is answered like a wrong password.
 */
import type { AccountProfile } from '../accounts/accounts.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import { firstPartyClient, type Parts } from '../parts.ts'
import { encodeRefreshToken, hashRid } from '../sessions/refresh-token.ts'
import type { Opening } from '../store/store.ts'
import { grantedScope, requestedAudience } from '../tokens/granted-scope.ts'
import { clockBehind } from './clock-behind.ts'
import { scopeAnswer, type TokenAnswer } from './token-answer.ts'

export interface SignIn {
  readonly email: string
  readonly password: string
  readonly scope: string | undefined
  readonly audience: string | undefined
  readonly userAgent: string | null
  readonly ip: string | null
}

type Opened = Extract<Opening, { outcome: 'opened' }>

/** @throws OAuthError `invalid_credentials`, the same for every cause; `invalid_request` for an audience that is not issued for. */
export async function signIn(parts: Parts, request: SignIn): Promise<TokenAnswer> {
  const { settings, store, accounts, keys, random } = parts
  const audience = requestedAudience(settings, request.audience)

  const mark = await store.markCredentials()
  const account = await accounts.verifyCredentials(request.email, request.password)
  if (!account) throw new OAuthError('invalid_credentials', { reason: 'unknown address or wrong password' })

  const rid = random(16)
  const opening = await store.openSession({
    sid: Buffer.from(random(16)).toString('base64url'),
    ridHash: hashRid(rid),
    userId: account.id,
    clientId: firstPartyClient,
    mode: 'bearer',
    scope: request.scope ?? null,
    audience: audience ?? null,
    amr: ['pwd'],
    userAgent: request.userAgent,
    ip: request.ip,
    pepperId: keys.peppers.current,
    idleLifetime: settings.sessionIdleLifetime * 1000,
    absoluteLifetime: settings.sessionLifetime * 1000,
    verified: account.passwordVersion === undefined ? { mark } : { passwordVersion: account.passwordVersion },
  })
  if (opening.outcome === 'clock_behind') throw clockBehind(parts)
  if (opening.outcome !== 'opened') {
    throw new OAuthError('invalid_credentials', { reason: 'the password changed while it was being verified' })
  }

  return answer(parts, request, rid, account, opening)
}

async function answer(
  parts: Parts,
  request: SignIn,
  rid: Uint8Array,
  account: AccountProfile,
  { session, now, notBefore, keysVersion }: Opened,
): Promise<TokenAnswer> {
  const { settings, keys, store } = parts
  const audience = session.audience ?? settings.audiences[0]
  const scope = grantedScope(settings, account.roles, session.scope)
  const first = { pepperId: keys.peppers.current, rid, gen: 1, att: 0 }
  try {
    const accessTokens = await parts.accessTokensOf(keysVersion)
    const issued = await accessTokens.issue({ session, account, audience, scope, now, notBefore })
    const refreshToken = encodeRefreshToken(first, session.clientId, keys.peppers)
    return { ...issued, refreshToken, tokenType: 'Bearer', ...scopeAnswer(request.scope, scope) }
  } catch (error) {
    // Claims of the application's own may fail; a session that nobody was given must not stay.
    await store.revokeSession({ sid: session.sid, userId: session.userId }, 'sign_in_failed')
    throw error
  }
}
