/**
 * Who is behind a request to our own endpoints: by an access token or a session token in the Authorization header (RFC 6750 §2.1),
 * or by those in cookies. With a header, cookies are not looked at. A token in the query or the body is never read.
 */
import type { AccountProfile } from '../accounts/accounts.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parts } from '../parts.ts'
import { newestOf } from '../sessions/presented-session.ts'
import { hashSessionToken, looksLikeSessionToken } from '../sessions/session-token.ts'
import type { Account, Session, SessionMode } from '../store/store.ts'
import type { VerifiedAccessToken } from '../tokens/access-token.ts'
import { verifyOwn } from '../tokens/own-verifier.ts'
import { readCookies } from './cookies.ts'
import type { RequestHead } from './endpoint.ts'
import { checkSameSite } from './same-site.ts'

/** Someone whose session was looked up, so that our own endpoints refuse right after a logout. */
export interface Authenticated {
  readonly session: Session
  /** The built-in account of the user, if there is one. */
  readonly account: Account | undefined
  /** The access token by which they came; a session token says nothing more. */
  readonly accessToken: VerifiedAccessToken | undefined
}

/** Who a request is from. */
export interface SignedIn {
  readonly user: AccountProfile
  readonly session: Session
}

/** Who a request is from, or the answer that refuses it. */
export type AuthenticationOutcome =
  | SignedIn
  | { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }

/** Once a minute the idle lifetime of a session slides, milliseconds; oftener when it is short. */
const slideAfter = 60_000

/** Reads a bearer token; `undefined` for no header or one of another scheme (RFC 6750 §2.1). */
export function bearerToken(request: RequestHead): string | undefined {
  return /^bearer +([\x21-\x7e]+)$/i.exec(request.header('authorization') ?? '')?.[1]
}

/** Finds the session of the token that came with a request. @throws OAuthError `invalid_token`, the same for every cause; `cross_site_request` */
export async function authenticate(parts: Parts, request: RequestHead): Promise<Authenticated> {
  if (request.header('authorization') === undefined) return authenticateByCookie(parts, request)
  const token = bearerToken(request)
  if (token === undefined) throw new OAuthError('invalid_token', { reason: 'no access token was sent' })
  return looksLikeSessionToken(token) ? findSession(parts, token, 'session_bearer') : findTokenSession(parts, token)
}

/** Finds the user too. @throws OAuthError as `authenticate` does, and when the account is gone */
export async function authenticateUser(parts: Parts, request: RequestHead): Promise<SignedIn> {
  const { session, account } = await authenticate(parts, request)
  const user = await parts.accounts.findAccount(session.userId, account)
  if (!user) throw refusedToken('the account is gone')
  return { user, session }
}

/** Of several cookies, as after a login whose page was not the only one, the live session that was authenticated last counts. */
async function authenticateByCookie(parts: Parts, request: RequestHead): Promise<Authenticated> {
  const cookies = readCookies(request.header('cookie')).filter(({ kind }) => kind !== 'rt')
  if (cookies.length === 0) throw new OAuthError('invalid_token', { reason: 'no access token was sent' })
  checkSameSite(request, parts.isAllowedOrigin)

  const found: Authenticated[] = []
  const sessionTokens = cookies.filter(({ kind }) => kind === 'session').map(({ value }) => value)
  // One cookie, as nearly always, is looked up once.
  const newest = sessionTokens.length > 1 ? await newestOf(parts, sessionTokens, ['session_cookie']) : sessionTokens[0]
  const session = newest && (await findSession(parts, newest, 'session_cookie').catch(undefinedIfRefused))
  if (session) found.push(session)
  for (const { kind, value } of cookies) {
    if (kind !== 'at') continue
    const one = await findTokenSession(parts, value).catch(undefinedIfRefused)
    if (one?.session.mode === 'access_cookie') found.push(one)
  }
  const [first, ...others] = found
  if (first === undefined) throw refusedToken('no cookie has a live session')
  return others.reduce((a, b) => (b.session.authenticatedAt > a.session.authenticatedAt ? b : a), first)
}

async function findSession({ store, settings }: Parts, token: string, mode: SessionMode): Promise<Authenticated> {
  const idleLifetime = settings.cookieSessionIdleLifetime * 1000
  const use = {
    ridHash: hashSessionToken(token),
    mode,
    idleLifetime,
    slideAfter: Math.min(slideAfter, idleLifetime / 4),
  }
  const found = await store.useSession(use)
  if (found === undefined) throw refusedToken('its session is over')
  return { ...found, accessToken: undefined }
}

async function findTokenSession(parts: Parts, token: string): Promise<Authenticated> {
  const { store } = parts
  const verified = await verifyOwn(parts, token)
  if ('refusal' in verified) throw refusedToken(verified.refusal, verified.isForged)
  const { sid, sub, jti, kid } = verified
  // The session stands for its user and client, whose not-befores it knows; the token and its key may be revoked on their own.
  const found = sid === undefined ? undefined : await store.findLiveSession(sid, { jti, kid })
  if (found?.session.userId !== sub) throw refusedToken('its session is over, or it is revoked')
  return { ...found, accessToken: verified }
}

/** Makes the refusal of an access token that was sent; one that this server never made counts against its network. */
export function refusedToken(reason: string, isForged = false): OAuthError {
  return new OAuthError('invalid_token', { reason, tokenSent: true, ...(isForged && { countsAs: 'forgedPerNetwork' }) })
}

function undefinedIfRefused(error: unknown): undefined {
  if (!(error instanceof OAuthError)) throw error
}
