/**
 * Signs a user in with e-mail address and password, and opens a session of the mode that was asked for.
 *
 * Races: the password may be changed, or the account deleted, while it is being verified. The store compares the password
 * version under the user's lock, so such a login opens nothing and is answered like a wrong password.
 */
import type { AccountProfile } from '../accounts/accounts.ts'
import { guardLogin } from '../accounts/guard-password.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import { firstPartyClient, type Parts } from '../parts.ts'
import { encodeRefreshToken, hashRid, type RefreshToken } from '../sessions/refresh-token.ts'
import { encodeSessionToken, hashSessionToken, sessionSecretLength } from '../sessions/session-token.ts'
import { type Opening, type Session, type SessionMode, StoreUnavailableError } from '../store/store.ts'
import { grantedScope, requestedAudience } from '../tokens/granted-scope.ts'
import { clockBehind } from './clock-behind.ts'
import { endedWhileHeld } from './held-answer.ts'
import { scopeAnswer, type TokenGrant } from './token-grant.ts'

export interface SignIn {
  readonly email: string
  readonly password: string
  readonly mode: SessionMode
  readonly scope: string | undefined
  readonly audience: string | undefined
  readonly userAgent: string | null
  readonly ip: string | null
}

/** A server-side session, and the one token that it has. */
export interface SessionGrant {
  readonly session: Session
  readonly account: AccountProfile
  readonly sessionToken: string
}

/** The secret of a session that is being opened, and the name under which the store knows it. */
interface Secret {
  readonly ridHash: Uint8Array
  readonly idleLifetime: number
  /** Epoch milliseconds are in the opening; what only the client is given is made here. */
  grant(opening: Opened): Promise<TokenGrant | SessionGrant>
}

type Opened = Extract<Opening, { outcome: 'opened' }>

/** @throws OAuthError `invalid_credentials`, the same for every cause; `too_many_requests`; `invalid_request` for an audience that is not issued for. */
export async function signIn(parts: Parts, request: SignIn): Promise<TokenGrant | SessionGrant> {
  try {
    const grant = await openSession(parts, request)
    parts.meter.count('signIns', 'signed_in')
    return grant
  } catch (error) {
    parts.meter.count('signIns', codeOf(error))
    throw error
  }
}

function codeOf(error: unknown): string {
  if (error instanceof OAuthError) return error.code
  return error instanceof StoreUnavailableError ? 'temporarily_unavailable' : 'server_error'
}

async function openSession(parts: Parts, request: SignIn): Promise<TokenGrant | SessionGrant> {
  const { settings, store, accounts, keys, random } = parts
  // Another may come while the password is verified: the session and its first token have the same.
  const pepperId = keys.peppers.current
  const audience = requestedAudience(settings, request.audience)

  const found = await guardLogin(parts.limits, request, () =>
    accounts.verifyCredentials(request.email, request.password),
  )
  if (!found) throw new OAuthError('invalid_credentials', { reason: 'unknown address or wrong password' })
  const { account, verified } = found

  const isServerSide = request.mode === 'session_cookie' || request.mode === 'session_bearer'
  const { ridHash, idleLifetime, grant } = isServerSide
    ? sessionSecret(parts, account)
    : refreshSecret(parts, request, account, pepperId)
  const opening = await store.openSession({
    sid: Buffer.from(random(16)).toString('base64url'),
    ridHash,
    userId: account.id,
    clientId: firstPartyClient,
    mode: request.mode,
    scope: request.scope ?? null,
    audience: audience ?? null,
    amr: ['pwd'],
    userAgent: request.userAgent,
    ip: request.ip,
    pepperId,
    idleLifetime: idleLifetime * 1000,
    absoluteLifetime: settings.sessionLifetime * 1000,
    maxSessions: settings.maxSessionsPerUser,
    verified,
  })
  if (opening.outcome === 'clock_behind') throw clockBehind(parts)
  if (opening.outcome !== 'opened') {
    throw new OAuthError('invalid_credentials', { reason: 'the password changed while it was being verified' })
  }
  if (opening.ended.length > 0) parts.hints?.announce()
  return grant(opening)
}

/** A session token says nothing: there is nothing to sign. */
function sessionSecret({ settings, random }: Parts, account: AccountProfile): Secret {
  const sessionToken = encodeSessionToken(random(sessionSecretLength))
  return {
    ridHash: hashSessionToken(sessionToken),
    idleLifetime: settings.cookieSessionIdleLifetime,
    grant: async ({ session }) => ({ session, account, sessionToken }),
  }
}

function refreshSecret(parts: Parts, request: SignIn, account: AccountProfile, pepperId: number): Secret {
  const rid = parts.random(16)
  const first = { pepperId, rid, gen: 1, att: 0 }
  return {
    ridHash: hashRid(rid),
    idleLifetime: parts.settings.sessionIdleLifetime,
    grant: (opening) => grantTokens(parts, request, first, account, opening),
  }
}

async function grantTokens(
  parts: Parts,
  request: SignIn,
  first: RefreshToken,
  account: AccountProfile,
  { session, now, notBefore, keysVersion }: Opened,
): Promise<TokenGrant> {
  const { settings, keys, store } = parts
  const audience = session.audience ?? settings.audiences[0]
  const scope = grantedScope(settings, account.roles, session.scope)
  try {
    const accessTokens = await parts.accessTokensOf(keysVersion)
    const issued = await accessTokens.issue({ session, account, audience, scope, now, notBefore })
    if (await endedWhileHeld(store, session, { now, notBefore }))
      throw new OAuthError('invalid_credentials', { reason: 'the session was ended while its answer was held' })
    const refreshToken = encodeRefreshToken(first, session.clientId, keys.peppers)
    parts.meter.count('tokensIssued', 'password')
    return { session, account, now, ...issued, refreshToken, isNew: true, ...scopeAnswer(request.scope, scope) }
  } catch (error) {
    // Claims of the application's own may fail; a session that nobody was given must not stay.
    await store.revokeSession({ sid: session.sid, userId: session.userId }, 'sign_in_failed')
    throw error
  }
}
