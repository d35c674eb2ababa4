/** Protects routes of Koa 2 and 3. */
import type { AccessError } from '../access-error.ts'
import { type NamedProtectOptions, splitOptions } from '../adapter-options.ts'
import type { AccessTokenClaims, Auth } from '../auth.ts'
import { checkPassage, setPassage } from '../protected-request.ts'
import { createProtection } from '../protection.ts'
import { type NodeRequest, NodeRequestView } from '../request-view.ts'
import { createRequirementCheck, type Requirements } from '../requirements.ts'

export { AccessError } from '../access-error.ts'
export type { AccessTokenClaims, Auth } from '../auth.ts'
export { findAuth, getAuth } from '../protected-request.ts'

/** What `ctx.state` has behind `protect`: `new Koa<AuthState>()`. */
export interface AuthState<Claims = AccessTokenClaims> {
  auth: Auth<Claims>
}

/** The part of Koa's context that is used. */
interface Context {
  readonly req: NodeRequest
  readonly state: object
  status: number
  body: unknown
  set(headers: Record<string, string>): void
}

/** A middleware of Koa; it asks for no more of Koa than this, so that no types of Koa are needed. */
export type Middleware = (context: Context, next: () => Promise<unknown>) => Promise<void>

/**
 * Lets requests with a good access token through, with `ctx.state.auth` as `{ claims, token }` (RFC 6750, RFC 9068 §4).
 *
 * @example app.use(protect({ issuer: 'https://login.example.com', audience: 'https://api.example.com' }))
 * @throws TypeError that lists every bad option with its mend
 */
export function protect<Claims = AccessTokenClaims>(options: NamedProtectOptions<Claims>): Middleware {
  const { as, isThrown, options: rest } = splitOptions(options)
  const protection = createProtection(rest)
  return async (context, next) => {
    const decision = await protection.decide(new NodeRequestView(context.req))
    if (decision.outcome === 'refused') {
      refuse(context, decision.error, isThrown)
    } else {
      const auth = decision.outcome === 'accepted' ? decision.auth : undefined
      setPassage(context, { protection, auth, isThrown })
      Object.assign(context.state, { [as]: auth })
      await next()
    }
  }
}

/**
 * Asks a token for scopes, for all of them; behind `protect` (RFC 6750 §3.1).
 *
 * @example router.get('/orders', requireScopes('orders:read'), listOrders)
 */
export function requireScopes(...scopes: [string, ...string[]]): Middleware {
  return requireAll({ scopes })
}

/** Asks the user for a role, for one of them; behind `protect`. */
export function requireRoles(...roles: [string, ...string[]]): Middleware {
  return requireAll({ roles })
}

/** Asks for scopes, roles, a recent or a strong sign-in at once; behind `protect` (RFC 9470 §3). */
export function requireAll(requirements: Requirements): Middleware {
  const isMet = createRequirementCheck(requirements)
  return async (context, next) => {
    const error = await checkPassage(context, isMet, (refusal, isThrown) => {
      if (refusal !== undefined) refuse(context, refusal, isThrown)
      return refusal
    })
    if (error === undefined) await next()
  }
}

/** Koa answers a thrown error by its `status`, `headers` and `message`, unless something on the way catches it. */
function refuse(context: Context, error: AccessError, isThrown: boolean): void {
  if (isThrown) throw error
  context.status = error.status
  context.body = error.body
  context.set({ ...error.headers })
}
