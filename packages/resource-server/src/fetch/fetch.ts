/** Protects handlers from Request to Response: Workers, Deno, Bun, route handlers of whatever framework. */
import { type ProtectOptions, splitOptions } from '../adapter-options.ts'
import type { AccessTokenClaims, Auth } from '../auth.ts'
import { createProtection } from '../protection.ts'
import { FetchRequestView } from '../request-view.ts'
import { createRequirementCheck, type Requirements } from '../requirements.ts'

export { AccessError } from '../access-error.ts'
export type { AccessTokenClaims, Auth } from '../auth.ts'

/** A handler that is called with what is known about the request; `undefined` where the token is optional and none came. */
export type ProtectedHandler<Known, Rest extends unknown[]> = (
  request: Request,
  auth: Known,
  ...rest: Rest
) => Response | Promise<Response>

/** Protects handlers, each with requirements of its own. */
export type Guard<Known> = <Rest extends unknown[]>(
  handler: ProtectedHandler<Known, Rest>,
  requirements?: Requirements,
) => (request: Request, ...rest: Rest) => Promise<Response>

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
): Guard<Auth<Claims> | undefined>
export function protect<Claims = AccessTokenClaims>(options: ProtectOptions<Claims>): Guard<Auth<Claims>>
export function protect<Claims = AccessTokenClaims>(options: ProtectOptions<Claims>): Guard<Auth<Claims>> {
  const { isThrown, options: rest } = splitOptions(options)
  const protection = createProtection(rest)

  return (handler, requirements) => {
    const isMet = requirements && createRequirementCheck(requirements)
    return async (request, ...more) => {
      const decision = await protection.decide(new FetchRequestView(request), isMet)
      if (decision.outcome !== 'refused')
        return handler(request, (decision.outcome === 'accepted' ? decision.auth : undefined) as Auth<Claims>, ...more)
      if (isThrown) throw decision.error
      return decision.error.getResponse()
    }
  }
}
