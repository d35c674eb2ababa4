/**
 * Protects controllers of NestJS, on Express and on Fastify. The metadata of the decorators are kept by `Reflect`, which Nest brings,
 * so that nothing of Nest is imported and any version fits.
 */
import type { AccessError } from '../access-error.ts'
import { type NamedProtectOptions, splitOptions } from '../adapter-options.ts'
import type { AccessTokenClaims } from '../auth.ts'
import { setPassage } from '../protected-request.ts'
import { createProtection, handleOf, type ProtectionHandle } from '../protection.ts'
import { type NodeRequest, NodeRequestView } from '../request-view.ts'
import { combineChecks, createRequirementCheck, type RequirementCheck, type Requirements } from '../requirements.ts'

export { AccessError } from '../access-error.ts'
export type { AccessTokenClaims, Auth } from '../auth.ts'
export { findAuth, getAuth } from '../protected-request.ts'

/** What the guard is told about Nest. */
export interface NestOptions {
  /** `HttpException` of `@nestjs/common`; refusals are thrown as one, so that exception filters see them. */
  readonly exception: new (
    body: object,
    status: number,
    options: { cause: unknown },
  ) => Error
}

/** The part of Nest's execution context that is used. */
interface Context {
  getType(): string
  getHandler(): object
  getClass(): object
  switchToHttp(): { getRequest(): unknown; getResponse(): unknown }
}

/** A guard of Nest (`CanActivate`). */
export interface Guard {
  canActivate(context: Context): Promise<boolean>
}

/** What a route asks for; the metadata of its decorators. */
interface RouteRules {
  readonly isPublic?: boolean
  readonly isMet?: RequirementCheck
}

/**
 * Creates a guard that lets requests with a good access token through, with `request.auth` as `{ claims, token }` (RFC 6750,
 * RFC 9068 §4).
 *
 * @example app.useGlobalGuards(protect({ issuer, audience, exception: HttpException }))
 * @throws TypeError that lists every bad option with its mend
 */
export function protect<Claims = AccessTokenClaims>({
  exception: Exception,
  ...options
}: Omit<NamedProtectOptions<Claims>, 'onRefusal'> & NestOptions): Guard & ProtectionHandle {
  if (typeof Exception !== 'function') throw new TypeError('protect: exception: give HttpException of @nestjs/common.')
  const { as, options: rest } = splitOptions<Claims>(options as NamedProtectOptions<Claims>)
  const protection = createProtection<Claims>(rest)
  return {
    ...handleOf(protection),
    async canActivate(context) {
      if (context.getType() !== 'http') throw new TypeError('protect: this guard is for HTTP; the context is another.')
      const { isPublic = false, isMet } = rulesOf(context)
      if (isPublic) return true
      const request = context.switchToHttp().getRequest() as NodeRequest
      const decision = await protection.decide(new NodeRequestView(request), isMet)
      if (decision.outcome === 'refused') {
        const { error } = decision
        setHeaders(context.switchToHttp().getResponse(), error)
        throw new Exception(JSON.parse(error.body) as object, error.status, { cause: error })
      }
      const auth = decision.outcome === 'accepted' ? decision.auth : undefined
      setPassage(request, { protection, auth, isThrown: true })
      ;(request as NodeRequest & Record<string, unknown>)[as] = auth
      return true
    },
  }
}

/** Asks a token for scopes, for all of them, on a method or a controller (RFC 6750 §3.1). @example @RequireScopes('orders:read') */
export function RequireScopes(...scopes: [string, ...string[]]): RouteDecorator {
  return RequireAll({ scopes })
}

/** Asks the user for a role, for one of them, on a method or a controller. @example @RequireRoles('admin') */
export function RequireRoles(...roles: [string, ...string[]]): RouteDecorator {
  return RequireAll({ roles })
}

/** Asks for scopes, roles, a recent or a strong sign-in at once, on a method or a controller (RFC 9470 §3). */
export function RequireAll(requirements: Requirements): RouteDecorator {
  const isMet = createRequirementCheck(requirements)
  return (target, key, descriptor) => {
    const place = placeOf(target, key, descriptor)
    const earlier = getRules(place)?.isMet
    defineRules(place, { isMet: earlier === undefined ? isMet : combineChecks([isMet, earlier]) })
  }
}

/** Lets every request through, on a method or a controller: no token is looked at. @example @Public() */
export function Public(): RouteDecorator {
  return (target, key, descriptor) => defineRules(placeOf(target, key, descriptor), { isPublic: true })
}

/** A decorator for methods and classes. */
export type RouteDecorator = (target: object, key?: string | symbol, descriptor?: PropertyDescriptor) => void

const RULES = 'countersign:rules'

/** What `reflect-metadata` adds, which Nest cannot do without. */
interface Metadata {
  getOwnMetadata(key: string, target: object): RouteRules | undefined
  defineMetadata(key: string, value: RouteRules, target: object): void
}

const metadata = Reflect as unknown as Metadata

const placeOf = (target: object, _key?: string | symbol, descriptor?: { readonly value?: unknown }): object =>
  typeof descriptor?.value === 'function' ? descriptor.value : target

function getRules(place: object): RouteRules | undefined {
  return metadata.getOwnMetadata(RULES, place)
}

function defineRules(place: object, rules: RouteRules): void {
  metadata.defineMetadata(RULES, { ...getRules(place), ...rules }, place)
}

/** A method says more than its controller about being public; what both ask for is asked for together. */
function rulesOf(context: Context): RouteRules {
  const ofClass = getRules(context.getClass()) ?? {}
  const ofMethod = getRules(context.getHandler()) ?? {}
  const checks = [ofClass.isMet, ofMethod.isMet].filter((check) => check !== undefined)
  const isPublic = ofMethod.isPublic ?? (ofClass.isPublic === true && ofMethod.isMet === undefined)
  return checks.length === 0 ? { isPublic } : { isPublic, isMet: combineChecks(checks) }
}

/** Express has `setHeader`, Fastify `header`. The type of the body is left to Nest, which writes JSON and insists on saying so. */
function setHeaders(response: unknown, error: AccessError): void {
  const { setHeader, header } = response as { setHeader?: SetHeader; header?: SetHeader }
  const set = typeof setHeader === 'function' ? setHeader : header
  for (const [name, value] of Object.entries(error.headers))
    if (name !== 'content-type') set?.call(response, name, value)
}

type SetHeader = (name: string, value: string) => void
