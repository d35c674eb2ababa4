/**
 * The cookies of this server: which there are, how they are read, and how they are set (RFC 6265bis §4.1). A name ends in eight
 * characters of the hashed sid, so that a late answer of an old session overwrites nothing of a new one.
 */
import { OAuthError } from '../oauth/oauth-error.ts'
import { shortName } from '../sessions/session-token.ts'

/** `rt`: refresh token. `at`: access token. `session`: session token. */
export type CookieKind = 'rt' | 'at' | 'session'

export interface PresentedCookie {
  readonly kind: CookieKind
  readonly name: string
  readonly value: string
}

const pattern = /^__Host-(rt|at|session)-[A-Za-z0-9_-]{8}$/

/** Of each kind; more cost an attacker nothing and the server a look-up each. */
const mostRead = 4

/** What browsers keep of one cookie, name and value together (RFC 6265bis §5.6). */
const mostBytes = 4096

/** A session cookie comes along when a user follows a link; the others are only ever sent by scripts of our own pages. */
const sameSite: Readonly<Record<CookieKind, string>> = { rt: 'Strict', at: 'Strict', session: 'Lax' }

/**
 * Reads the cookies of ours in a Cookie header; at most four of each kind.
 * @throws OAuthError `invalid_request` for a name that stands twice: a browser never sends that.
 */
export function readCookies(header: string | undefined): readonly PresentedCookie[] {
  const counts = { rt: 0, at: 0, session: 0 }
  return readAllCookies(header).filter(({ kind }) => ++counts[kind] <= mostRead)
}

/** Reads all of them, for what ends the session of each: one that is left out would stay signed in. @throws OAuthError `invalid_request` */
export function readAllCookies(header: string | undefined): readonly PresentedCookie[] {
  if (header?.includes('__Host-') !== true) return []
  const found = new Map<string, PresentedCookie>()
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=')
    // Only the one space that separates pairs: other white space is part of a name that merely looks like ours.
    const name = pair.slice(pair.startsWith(' ') ? 1 : 0, Math.max(0, equals))
    const kind = pattern.exec(name)?.[1] as CookieKind | undefined
    if (kind === undefined) continue
    if (found.has(name)) throw new OAuthError('invalid_request', { reason: 'a cookie came twice' })
    found.set(name, { kind, name, value: pair.slice(equals + 1) })
  }
  return [...found.values()]
}

/** Names the cookie of a session. */
function cookieName(kind: CookieKind, sid: string): string {
  return `__Host-${kind}-${shortName(sid)}`
}

/**
 * Writes a Set-Cookie header. @param maxAge seconds
 * @throws OAuthError `server_error` for more than browsers keep
 */
export function setCookie(kind: CookieKind, sid: string, value: string, maxAge: number): string {
  const name = cookieName(kind, sid)
  if (name.length + 1 + value.length > mostBytes) {
    const reason = `a token of ${value.length} bytes is more than browsers keep in a cookie: give it fewer claims`
    throw new OAuthError('server_error', { reason })
  }
  return `${name}=${value}; Max-Age=${Math.max(0, Math.floor(maxAge))}; ${attributes(kind)}`
}

/** Writes the Set-Cookie header that deletes a cookie. */
export function deleteCookie({ kind, name }: PresentedCookie): string {
  return `${name}=; Max-Age=0; ${attributes(kind)}`
}

function attributes(kind: CookieKind): string {
  return `Path=/; Secure; HttpOnly; SameSite=${sameSite[kind]}`
}
