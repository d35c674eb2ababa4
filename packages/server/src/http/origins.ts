/** Which pages may call this server with a user's cookies: those of its own origin and of the exact list. */
import type { Settings } from '../settings/settings.ts'

const localhost = /^https?:\/\/(localhost|127\.0\.0\.1)(:\d{1,5})?$/

/** Makes the test of an Origin header (RFC 6454 §7). */
export function createOriginTest({
  allowedOrigins,
  issuer,
}: Pick<Settings, 'allowedOrigins' | 'issuer'>): (origin: string) => boolean {
  const own = new URL(issuer).origin
  return (origin) => {
    if (origin === own) return true
    return allowedOrigins === 'localhost' ? localhost.test(origin) : allowedOrigins.has(origin)
  }
}
