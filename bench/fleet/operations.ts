// What is asked of an installation. Each operation looks at its answer and throws when it is not the one that is wanted.
import type { ServerSessionRequests, Session } from '../server/contender.ts'
import { at } from '../statistics.ts'
import { type Installation, inParallel } from './installation.ts'

/** Signs in: a session for each of `count` numbers. */
export function openSessions(installation: Installation, count: number): Promise<Session[]> {
  return inParallel(count, installation.connections, (index) => login(installation, index))
}

export function login({ requests, client, accounts }: Installation, index: number): Promise<Session> {
  return requests.login(client(index), at(accounts, index))
}

/** Refreshes a session that is due for a rotation, in place, so that its refresh token is replaced. */
export async function rotate(installation: Installation, sessions: Session[], index: number): Promise<void> {
  if (await refresh(installation, sessions, index)) return
  throw new Error('A refresh token was kept that was to be replaced.')
}

/** Refreshes a session that is not due, so that its refresh token stays. */
export async function hold(installation: Installation, sessions: Session[], index: number): Promise<void> {
  if (!(await refresh(installation, sessions, index))) return
  throw new Error('A refresh token was replaced that was to be kept.')
}

async function refresh({ requests, client }: Installation, sessions: Session[], index: number): Promise<boolean> {
  const before = at(sessions, index)
  const after = await requests.refresh(client(index), before)
  if (after.accessToken === before.accessToken) throw new Error('A refresh gave the same access token.')
  sessions[index % sessions.length] = after
  return after.refreshToken !== before.refreshToken
}

export function profile({ requests, client }: Installation, sessions: Session[], index: number): Promise<void> {
  return requests.profile(client(index), at(sessions, index))
}

/** Opens server-side sessions and returns their tokens. */
export function openServerSessions(installation: Installation, count: number): Promise<string[]> {
  const { client, accounts, connections } = installation
  return inParallel(count, connections, (index) => serverSession(installation).open(client(index), at(accounts, index)))
}

export function checkSession(installation: Installation, tokens: readonly string[], index: number): Promise<void> {
  return serverSession(installation).check(installation.client(index), at(tokens, index))
}

function serverSession({ requests }: Installation): ServerSessionRequests {
  if (requests.serverSession === undefined) throw new Error('There are no server-side sessions.')
  return requests.serverSession
}

export async function introspect(
  { client, confidentialClient }: Installation,
  sessions: readonly Session[],
  index: number,
): Promise<void> {
  const { clientId, clientSecret } = confidentialClient
  const headers = { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` }
  const form = { token: at(sessions, index).accessToken }
  const answer = await client(index).ask({ method: 'POST', path: '/oauth/introspect', headers, form }, 200)
  if (JSON.parse(answer.body).active !== true) throw new Error('A good access token was said not to be active.')
}

export async function readJwkSet({ client }: Installation, index: number): Promise<void> {
  const answer = await client(index).ask({ method: 'GET', path: '/.well-known/jwks.json' }, 200)
  if (JSON.parse(answer.body).keys?.[0]?.kty !== 'EC') throw new Error('There is no key in the JWK Set.')
}

/** Ends a session. */
export async function logout({ client }: Installation, session: Session, index: number): Promise<void> {
  const body = { refreshToken: session.refreshToken }
  await client(index).ask({ method: 'POST', path: '/api/auth/logout', body }, 204)
}
