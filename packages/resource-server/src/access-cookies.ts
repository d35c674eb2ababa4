/**
 * Owns the access tokens in cookies: `__Host-at-` and eight characters that differ by session, so that a late answer for an old
 * session overwrites nothing of a new one. A browser accepts the prefix only from this very host, over https and for every path
 * (RFC 6265bis §4.1.3.2).
 */
import { AccessError } from './access-error.ts'

const NAME = /^__Host-at-[A-Za-z0-9_-]{8}$/
/** An attacker who can set cookies must not be able to ask for any number of signature checks. */
const MAX_COOKIES = 4

/**
 * Reads the access tokens of a Cookie header, four at most (RFC 6265 §5.4).
 *
 * @throws AccessError invalid_request if a name stands twice: one of the two was set by someone else
 */
export function readAccessCookies(header: string | undefined): readonly string[] {
  if (header?.includes('__Host-at-') !== true) return []
  const tokens = new Map<string, string>()
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=')
    // Only the one space that separates pairs: other white space is part of a name that merely looks like ours.
    const name = pair.slice(pair.startsWith(' ') ? 1 : 0, Math.max(0, equals))
    if (!NAME.test(name)) continue
    if (tokens.has(name))
      throw new AccessError('invalid_request', { reason: 'a cookie with an access token came twice' })
    tokens.set(name, pair.slice(equals + 1))
  }
  return [...tokens.values()].slice(0, MAX_COOKIES)
}
