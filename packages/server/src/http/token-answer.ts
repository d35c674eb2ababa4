/** How what a login or a refresh gives is answered: in JSON, in cookies, or some of it in each. docs/decisions/0019 has the table. */
import type { z } from 'zod'
import type { AccountProfile } from '../accounts/accounts.ts'
import type { user } from '../endpoints/shapes.ts'
import type { SessionGrant } from '../grants/password.ts'
import type { TokenGrant } from '../grants/token-grant.ts'
import { setCookie } from './cookies.ts'
import type { RequestContext } from './endpoint.ts'

/** Answers with the tokens of a session, each where its mode has it. */
export function answerTokens(c: RequestContext, grant: TokenGrant): Response {
  const { session, account, accessToken, refreshToken, expiresIn } = grant
  const scope = grant.scope === undefined ? {} : { scope: grant.scope }
  const tokens = { accessToken, expiresIn, tokenType: 'Bearer', ...scope }
  if (session.mode === 'bearer') return c.json({ ...tokens, refreshToken })

  const cookies = makeCookies(grant)
  const answer = session.mode === 'access_cookie' ? { user: describeUser(account), expiresIn, ...scope } : tokens
  return withCookies(c.json(answer), cookies)
}

/** Makes the Set-Cookie headers of the tokens that travel in cookies. @throws OAuthError `server_error` for more than browsers keep */
function makeCookies({ session, accessToken, refreshToken, expiresIn, isNew, now }: TokenGrant): string[] {
  const { mode, sid, absoluteExpiresAt } = session
  return [
    ...(mode === 'access_cookie' ? [setCookie('at', sid, accessToken, expiresIn)] : []),
    ...(isNew ? [setCookie('rt', sid, refreshToken, (absoluteExpiresAt - now) / 1000)] : []),
  ]
}

/** Answers with the token of a server-side session. @param idleLifetime seconds */
export function answerSession(c: RequestContext, grant: SessionGrant, idleLifetime: number): Response {
  const { session, account, sessionToken } = grant
  if (session.mode === 'session_bearer') return c.json({ sessionToken, expiresIn: idleLifetime })
  const lifetime = (session.absoluteExpiresAt - session.createdAt) / 1000
  const cookie = setCookie('session', session.sid, sessionToken, lifetime)
  return withCookies(c.json({ user: describeUser(account) }), [cookie])
}

/** Adds Set-Cookie headers to an answer; to this one, and not to that of an error that comes instead. */
export function withCookies(answer: Response, cookies: readonly string[]): Response {
  for (const cookie of cookies) answer.headers.append('set-cookie', cookie)
  return answer
}

/** The user as answers show them. */
export function describeUser({ id, email, emailVerified, roles, createdAt }: AccountProfile): z.output<typeof user> {
  return { id, email, emailVerified, roles: [...roles], createdAt }
}
