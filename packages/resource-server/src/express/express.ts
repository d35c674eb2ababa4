/** Protects routes of Express 4 and 5, and of whatever else has middleware of the same shape. */
import type { ServerResponse } from 'node:http'
import type { AccessError } from '../access-error.ts'
import { type NamedProtectOptions, splitOptions } from '../adapter-options.ts'
import type { AccessTokenClaims, Decision } from '../auth.ts'
import { checkPassage, setPassage } from '../protected-request.ts'
import { createProtection, handleOf, type ProtectionHandle } from '../protection.ts'
import { type NodeRequest, NodeRequestView } from '../request-view.ts'
import { createRequirementCheck, type RequirementCheck, type Requirements } from '../requirements.ts'

export { AccessError } from '../access-error.ts'
export type { AccessTokenClaims, Auth } from '../auth.ts'
export { findAuth, getAuth } from '../protected-request.ts'

/** A middleware of Express; it asks for no more of Express than this, so that no types of Express are needed. */
export type Middleware = (request: NodeRequest, response: ExpressResponse, next: (error?: unknown) => void) => void

type ExpressResponse = Pick<ServerResponse, 'setHeader' | 'end' | 'headersSent'> & { statusCode: number }

/**
 * Lets requests with a good access token through, with `request.auth` as `{ claims, token }` (RFC 6750, RFC 9068 §4).
 *
 * @example app.use(protect({ issuer: 'https://login.example.com', audience: 'https://api.example.com' }))
 * @throws TypeError that lists every bad option with its mend
 */
export function protect<Claims = AccessTokenClaims>(
  options: NamedProtectOptions<Claims>,
): Middleware & ProtectionHandle {
  const { as, isThrown, options: rest } = splitOptions(options)
  const protection = createProtection(rest)

  const middleware: Middleware = (request, response, next) => {
    const settle = (decision: Decision<Claims>): void => {
      if (decision.outcome === 'refused') {
        refuse(response, next, decision.error, isThrown)
      } else {
        const auth = decision.outcome === 'accepted' ? decision.auth : undefined
        setPassage(request, { protection, auth, isThrown })
        ;(request as NodeRequest & Record<string, unknown>)[as] = auth
        next()
      }
    }
    const decision = protection.decide(new NodeRequestView(request))
    if (decision instanceof Promise) void decision.then(settle)
    else settle(decision)
  }
  return Object.assign(middleware, handleOf(protection))
}

/**
 * Asks a token for scopes, for all of them; behind `protect` (RFC 6750 §3.1).
 *
 * @example app.get('/orders', requireScopes('orders:read'), listOrders)
 */
export function requireScopes(...scopes: [string, ...string[]]): Middleware {
  return requireAll({ scopes })
}

/** Asks the user for a role, for one of them; behind `protect`. @example app.delete('/users/:id', requireRoles('admin'), …) */
export function requireRoles(...roles: [string, ...string[]]): Middleware {
  return requireAll({ roles })
}

/** Asks for scopes, roles, a recent or a strong sign-in at once; behind `protect` (RFC 9470 §3). */
export function requireAll(requirements: Requirements): Middleware {
  const isMet: RequirementCheck = createRequirementCheck(requirements)
  return (request, response, next) => {
    void checkPassage(request, isMet, (error, isThrown) => {
      if (error === undefined) next()
      else refuse(response, next, error, isThrown)
    })
  }
}

function refuse(
  response: ExpressResponse,
  next: (error: unknown) => void,
  error: AccessError,
  isThrown: boolean,
): void {
  if (isThrown) {
    next(error)
  } else if (!response.headersSent) {
    // A time-out of the application may have answered while the issuer was asked.
    response.statusCode = error.status
    for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value)
    response.end(error.body)
  }
}
