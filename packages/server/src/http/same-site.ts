/**
 * The defence against pages of other sites that send requests with a user's cookies, or sign a browser in as someone else (OWASP
 * ASVS 5.0 V3.5.1). A sibling subdomain is another site. docs/decisions/0019 has the table.
 */
import { OAuthError } from '../oauth/oauth-error.ts'
import type { RequestHead } from './endpoint.ts'

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Checks where a request comes from that may change something. @throws OAuthError `cross_site_request`
 * @param unproven what to do with a request that says nothing of where it comes from, as programs send it: ask for a header that no
 *   form can send, or nothing, where its JSON body says as much.
 */
export function checkSameSite(
  request: RequestHead,
  isAllowed: (origin: string) => boolean,
  unproven: 'ask' | 'accept' = 'ask',
): void {
  if (safeMethods.has(request.method) && !isUpgrade(request)) return
  const origin = request.header('origin')
  const site = request.header('sec-fetch-site')
  if (origin !== undefined && isAllowed(origin)) return
  if (site === 'same-origin') return
  if (origin === undefined && site === undefined) {
    if (unproven === 'accept' || request.header('x-requested-with') !== undefined) return
    throw new OAuthError('cross_site_request', {
      reason: 'a cookie came without Origin, Sec-Fetch-Site or X-Requested-With',
    })
  }
  throw new OAuthError('cross_site_request', {
    reason: `a page of ${describe(origin ?? site ?? '')} is not in COUNTERSIGN_ALLOWED_ORIGINS`,
  })
}

/** A page of any site may open a WebSocket, with the cookies of the user, and what is said in it can change something. */
function isUpgrade(request: RequestHead): boolean {
  return request.header('upgrade') !== undefined || request.header('sec-websocket-key') !== undefined
}

/** What came is shown to the operator, and is whatever the client wrote. */
function describe(text: string): string {
  return JSON.stringify(text.slice(0, 128))
}
