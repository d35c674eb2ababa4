/** Protects handlers from Request to Response: Workers, Deno, Bun, route handlers of whatever framework. */
import { type ProtectOptions, splitOptions } from '../adapter-options.ts'
import type { AccessTokenClaims, Auth } from '../auth.ts'
import { createFetchGuard, type FetchGuard } from '../fetch-guard.ts'
import { createProtection, handleOf, type ProtectionHandle } from '../protection.ts'

export { AccessError } from '../access-error.ts'
export type { AccessTokenClaims, Auth } from '../auth.ts'
export type { FetchGuard } from '../fetch-guard.ts'

/**
 * Creates a guard for handlers, which are then called only with a good access token (RFC 6750, RFC 9068 §4).
 *
 * @example
 * const guard = protect({ issuer: 'https://login.example.com', audience: 'https://api.example.com' })
 * export default { fetch: guard((request, { claims }) => Response.json({ hello: claims.sub }), { scopes: 'orders:read' }) }
 * @throws TypeError that lists every bad option with its mend
 */
export function protect<Claims = AccessTokenClaims>(
  options: ProtectOptions<Claims> & { readonly optional: true },
): FetchGuard<Auth<Claims> | undefined> & ProtectionHandle
export function protect<Claims = AccessTokenClaims>(
  options: ProtectOptions<Claims>,
): FetchGuard<Auth<Claims>> & ProtectionHandle
export function protect<Claims = AccessTokenClaims>(
  options: ProtectOptions<Claims>,
): FetchGuard<Auth<Claims>> & ProtectionHandle {
  const { isThrown, options: rest } = splitOptions(options)
  const protection = createProtection(rest)
  return Object.assign(createFetchGuard(protection, isThrown), handleOf(protection))
}
