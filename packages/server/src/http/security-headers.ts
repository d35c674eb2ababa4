/** Headers of every answer; a page may send a Content-Security-Policy of its own. */

/** Headers for an answer of this issuer (OWASP ASVS 5.0 V3.4). */
export function securityHeaders(issuer: string): Readonly<Record<string, string>> {
  return {
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    ...(issuer.startsWith('https:') && { 'strict-transport-security': 'max-age=63072000' }),
  }
}

/** How long a public document may be kept: so many seconds, and a day while this server is away (RFC 5861). */
export function publicDocument(maxAge: number): string {
  return `public, max-age=${maxAge}, stale-while-revalidate=${Math.min(60, Math.floor(maxAge / 5))}, stale-if-error=86400`
}
