/**
 * Owns where an access token may stand: in the Authorization header, and in a cookie only where the service asks for that
 * (RFC 6750 §2.1). A token in the query or in the body is never read, since those end up in logs.
 */

import { readAccessCookies } from './access-cookies.ts'
import { AccessError } from './access-error.ts'
import type { RequestView } from './request-view.ts'
import { type CookieRules, checkSameSite } from './same-site.ts'

/**
 * Reads the access tokens of a request: one of the header, or else those of the cookies, or none. A request with a header is
 * judged by that alone: bearer and cookie never mix.
 *
 * @throws AccessError invalid_request, cross_site_request
 */
export function readCredentials(request: RequestView, cookies: CookieRules | undefined): string | readonly string[] {
  const authorization = request.header('authorization')
  if (authorization !== undefined) return readBearerToken(authorization) ?? []
  if (cookies === undefined) return []
  const tokens = readAccessCookies(request.header('cookie'))
  if (tokens.length > 0) checkSameSite(request, cookies)
  return tokens
}

/** Reads a bearer token; nothing for another scheme (RFC 6750 §2.1). @throws AccessError invalid_request */
function readBearerToken(authorization: string): string | undefined {
  const isUsual = authorization.startsWith('Bearer ')
  if (!isUsual && !/^bearer( |$)/i.test(authorization)) return undefined
  const token = authorization.slice('Bearer '.length).trim()
  if (token === '' || token.includes(' ') || token.includes(','))
    throw new AccessError('invalid_request', { reason: 'the Authorization header is not one bearer token' })
  return token
}
