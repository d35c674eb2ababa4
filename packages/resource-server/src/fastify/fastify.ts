/** Protects routes of Fastify 5. */
import type { AccessError } from '../access-error.ts'
import { type NamedProtectOptions, splitOptions } from '../adapter-options.ts'
import type { AccessTokenClaims, Decision } from '../auth.ts'
import { checkPassage, setPassage } from '../protected-request.ts'
import { createProtection, handleOf, type ProtectionHandle } from '../protection.ts'
import { type NodeRequest, NodeRequestView } from '../request-view.ts'
import { createRequirementCheck, type Requirements } from '../requirements.ts'

export { AccessError } from '../access-error.ts'
export type { AccessTokenClaims, Auth } from '../auth.ts'
export { findAuth, getAuth } from '../protected-request.ts'

type Done = (error?: Error) => void

/** The part of a Fastify reply that is used. */
interface Reply {
  code(status: number): unknown
  headers(headers: Record<string, string>): unknown
  send(body: string): unknown
}

/** A hook of Fastify; it asks for no more of Fastify than this, so that no types of Fastify are needed. */
export type Hook = (request: NodeRequest, reply: Reply, done: Done) => void

/** The part of a Fastify instance that is used. */
interface Instance {
  hasRequestDecorator(name: string): boolean
  decorateRequest(name: string, value: null): unknown
  addHook(name: 'onRequest', hook: Hook): unknown
}

/** A plugin of Fastify that protects all routes of the instance it is registered on. */
export type Plugin = (instance: Instance, options: object, done: Done) => void

/**
 * Lets requests with a good access token through, with `request.auth` as `{ claims, token }`, on every route of the instance
 * or scope where it is registered (RFC 6750, RFC 9068 §4).
 *
 * @example app.register(protect({ issuer: 'https://login.example.com', audience: 'https://api.example.com' }))
 * @throws TypeError that lists every bad option with its mend
 */
export function protect<Claims = AccessTokenClaims>(options: NamedProtectOptions<Claims>): Plugin & ProtectionHandle {
  const { as, isThrown, options: rest } = splitOptions(options)
  const protection = createProtection(rest)

  const hook: Hook = (request, reply, done) => {
    const settle = (decision: Decision<Claims>): void => {
      if (decision.outcome === 'refused') {
        refuse(reply, done, decision.error, isThrown)
      } else {
        const auth = decision.outcome === 'accepted' ? decision.auth : undefined
        setPassage(request, { protection, auth, isThrown })
        ;(request as NodeRequest & Record<string, unknown>)[as] = auth
        done()
      }
    }
    const decision = protection.decide(new NodeRequestView(request))
    if (decision instanceof Promise) void decision.then(settle)
    else settle(decision)
  }

  const plugin: Plugin = (instance, _options, done) => {
    if (!instance.hasRequestDecorator(as)) instance.decorateRequest(as, null)
    instance.addHook('onRequest', hook)
    done()
  }
  // Not a scope of its own: the routes beside it are the ones to protect (what fastify-plugin does).
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'countersign',
    ...handleOf(protection),
  })
}

/**
 * Asks a token for scopes, for all of them; behind `protect` (RFC 6750 §3.1).
 *
 * @example app.get('/orders', { onRequest: requireScopes('orders:read') }, listOrders)
 */
export function requireScopes(...scopes: [string, ...string[]]): Hook {
  return requireAll({ scopes })
}

/** Asks the user for a role, for one of them; behind `protect`. */
export function requireRoles(...roles: [string, ...string[]]): Hook {
  return requireAll({ roles })
}

/** Asks for scopes, roles, a recent or a strong sign-in at once; behind `protect` (RFC 9470 §3). */
export function requireAll(requirements: Requirements): Hook {
  const isMet = createRequirementCheck(requirements)
  return (request, reply, done) => {
    void checkPassage(request, isMet, (error, isThrown) => {
      if (error === undefined) done()
      else refuse(reply, done, error, isThrown)
    })
  }
}

function refuse(reply: Reply, done: Done, error: AccessError, isThrown: boolean): void {
  if (isThrown) {
    done(error)
  } else {
    reply.code(error.status)
    reply.headers({ ...error.headers })
    reply.send(error.body)
  }
}
