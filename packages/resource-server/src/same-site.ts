/**
 * Owns the defence against pages of other sites that send requests with the user's cookies. A request that can change something
 * must come from a page of a listed origin, or of this one; a sibling subdomain is another site (OWASP ASVS 5.0 V3.5.1).
 *
 *   Origin is listed                                 accepted
 *   Sec-Fetch-Site: same-origin                      accepted
 *   neither header, but X-Requested-With             accepted: no form can send it, and no script of another origin unasked
 *   anything else                                    refused
 */
import { AccessError } from './access-error.ts'
import type { RequestView } from './request-view.ts'

/** What a service says about access tokens in cookies. */
export interface CookieRules {
  /** The origins of the pages that may send requests with cookies, such as `https://app.example.com`. */
  readonly origins: ReadonlySet<string>
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Checks where a request with a cookie comes from. A WebSocket upgrade can change something too. @throws AccessError cross_site_request */
export function checkSameSite(request: RequestView, { origins }: CookieRules): void {
  if (SAFE_METHODS.has(request.method) && !isUpgrade(request)) return
  const origin = request.header('origin')
  const site = request.header('sec-fetch-site')
  if (origin !== undefined && origins.has(origin)) return
  if (site === 'same-origin') return
  if (origin === undefined && site === undefined && request.header('x-requested-with') !== undefined) return
  throw new AccessError('cross_site_request', {
    reason: 'a request with a cookie came from a page that is not listed in cookie.origins',
    expected: [...origins],
    received: origin ?? site,
  })
}

/** Proxies take `Upgrade` away from what they ask about, but not what belongs to the WebSocket. */
function isUpgrade(request: RequestView): boolean {
  return request.header('upgrade') !== undefined || request.header('sec-websocket-key') !== undefined
}
