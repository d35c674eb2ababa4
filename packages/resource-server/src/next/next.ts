/**
 * Protects route handlers, server components and server actions of Next.js. The check sits beside the data: a proxy
 * (`proxy.ts`, formerly `middleware.ts`) may redirect, but a request that gets around it must not get the data.
 */
import { type ProtectOptions, splitOptions } from '../adapter-options.ts'
import type { AccessTokenClaims, Auth, Decision } from '../auth.ts'
import { createFetchGuard, type FetchGuard } from '../fetch-guard.ts'
import { createProtection, handleOf, type ProtectionHandle } from '../protection.ts'
import type { RequestView } from '../request-view.ts'
import { createRequirementCheck, type Requirements } from '../requirements.ts'

export { AccessError } from '../access-error.ts'
export type { AccessTokenClaims, Auth } from '../auth.ts'

/** What Next is asked for outside of route handlers. */
export interface NextOptions {
  /** `headers` of `next/headers`. */
  readonly headers: () => Pick<Headers, 'get'> | Promise<Pick<Headers, 'get'>>
}

/** What `protect` makes for an application of Next.js. */
export interface NextProtection<Claims, Known = Auth<Claims>> extends ProtectionHandle {
  /** Makes a route handler that is called only with a good access token. */
  readonly route: FetchGuard<Known>
  /** Gets who is behind the present request, in a server component or server action. @throws AccessError */
  getAuth(requirements?: Requirements): Promise<Auth<Claims>>
  /** Finds who is behind the present request, or nothing where that is nobody or not enough: then redirect. */
  findAuth(requirements?: Requirements): Promise<Auth<Claims> | undefined>
}

/**
 * Creates what checks access tokens beside the data of an application of Next.js (RFC 6750, RFC 9068 §4).
 *
 * @example
 * import { headers } from 'next/headers'
 * export const { route, getAuth } = protect({ issuer, audience, headers, cookie: { origins: ['https://app.example.com'] } })
 * export const GET = route((request, { claims }) => Response.json(ordersOf(claims.sub)), { scopes: 'orders:read' })
 * @throws TypeError that lists every bad option with its mend
 */
export function protect<Claims = AccessTokenClaims>(
  options: ProtectOptions<Claims> & NextOptions & { readonly optional: true },
): NextProtection<Claims, Auth<Claims> | undefined>
export function protect<Claims = AccessTokenClaims>(
  options: ProtectOptions<Claims> & NextOptions,
): NextProtection<Claims>
export function protect<Claims = AccessTokenClaims>({
  headers,
  ...options
}: ProtectOptions<Claims> & NextOptions): NextProtection<Claims> {
  const { isThrown, options: rest } = splitOptions<Claims>(options as ProtectOptions<Claims>)
  const protection = createProtection<Claims>(rest)

  async function decide(requirements: Requirements = {}): Promise<Decision<Claims>> {
    return protection.decide(viewOf(await headers()), createRequirementCheck(requirements))
  }

  return {
    ...handleOf(protection),
    route: createFetchGuard(protection, isThrown),
    async getAuth(requirements) {
      const decision = await decide(requirements)
      if (decision.outcome === 'accepted') return decision.auth
      throw decision.outcome === 'refused' ? decision.error : new TypeError('requirements always ask for a token')
    },
    async findAuth(requirements) {
      const decision = await decide(requirements)
      return decision.outcome === 'accepted' ? decision.auth : undefined
    },
  }
}

/** Components run for GET requests; an action runs for a POST, which its header tells, or that of a form where scripts do not run. */
function viewOf(headers: Pick<Headers, 'get'>): RequestView {
  const isAction = headers.get('next-action') !== null || headers.get('content-type') !== null
  return {
    method: isAction ? 'POST' : 'GET',
    header: (name) => headers.get(name) ?? undefined,
  }
}
