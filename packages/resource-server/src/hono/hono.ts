/** Protects routes of Hono 4, wherever it runs. */
import type { MiddlewareHandler } from 'hono'
import type { AccessError } from '../access-error.ts'
import { type NamedProtectOptions, splitOptions } from '../adapter-options.ts'
import type { AccessTokenClaims, Auth } from '../auth.ts'
import { checkPassage, setPassage } from '../protected-request.ts'
import { createProtection } from '../protection.ts'
import { FetchRequestView } from '../request-view.ts'
import { createRequirementCheck, type Requirements } from '../requirements.ts'

export { AccessError } from '../access-error.ts'
export type { AccessTokenClaims, Auth } from '../auth.ts'
export { findAuth, getAuth } from '../protected-request.ts'

/** What `c.var` has behind `protect`: `auth`, or the name that `as` gives it. */
export type AuthVariables<Claims = AccessTokenClaims, As extends string = 'auth', Known = Auth<Claims>> = {
  Variables: { readonly [name in As]: Known }
}

/**
 * Lets requests with a good access token through, with `c.var.auth` as `{ claims, token }` (RFC 6750, RFC 9068 §4).
 *
 * @example app.use('/api/*', protect({ issuer: 'https://login.example.com', audience: 'https://api.example.com' }))
 * @throws TypeError that lists every bad option with its mend
 */
export function protect<Claims = AccessTokenClaims, As extends string = 'auth'>(
  options: NamedProtectOptions<Claims> & { readonly as?: As; readonly optional: true },
): MiddlewareHandler<AuthVariables<Claims, As, Auth<Claims> | undefined>>
export function protect<Claims = AccessTokenClaims, As extends string = 'auth'>(
  options: NamedProtectOptions<Claims> & { readonly as?: As },
): MiddlewareHandler<AuthVariables<Claims, As>>
export function protect<Claims>(options: NamedProtectOptions<Claims>): MiddlewareHandler {
  const { as, isThrown, options: rest } = splitOptions(options)
  const protection = createProtection(rest)
  return async (context, next) => {
    const decision = await protection.decide(new FetchRequestView(context.req.raw))
    if (decision.outcome === 'refused') return refuse(decision.error, isThrown)
    const auth = decision.outcome === 'accepted' ? decision.auth : undefined
    setPassage(context, { protection, auth, isThrown })
    context.set(as, auth)
    await next()
    return undefined
  }
}

/**
 * Asks a token for scopes, for all of them; behind `protect` (RFC 6750 §3.1).
 *
 * @example app.get('/orders', requireScopes('orders:read'), (c) => c.json(orders))
 */
export function requireScopes(...scopes: [string, ...string[]]): MiddlewareHandler {
  return requireAll({ scopes })
}

/** Asks the user for a role, for one of them; behind `protect`. */
export function requireRoles(...roles: [string, ...string[]]): MiddlewareHandler {
  return requireAll({ roles })
}

/** Asks for scopes, roles, a recent or a strong sign-in at once; behind `protect` (RFC 9470 §3). */
export function requireAll(requirements: Requirements): MiddlewareHandler {
  const isMet = createRequirementCheck(requirements)
  return async (context, next) => {
    const refusal = await checkPassage(context, isMet, (error, isThrown) => error && refuse(error, isThrown))
    if (refusal === undefined) await next()
    return refusal
  }
}

/** Hono answers a thrown error that has `getResponse` with what that returns, unless `app.onError` says otherwise. */
function refuse(error: AccessError, isThrown: boolean): Response {
  if (isThrown) throw error
  return error.getResponse()
}
