/**
 * Runs the table of server.ts on Hono: finds the row, answers methods and paths that are not there, turns every error into a
 * problem, and puts the headers that every answer has.
 */
import { randomUUID } from 'node:crypto'
import { Hono, type MiddlewareHandler } from 'hono'
import { etag, RETAINED_304_HEADERS } from 'hono/etag'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parts } from '../parts.ts'
import { StoreUnavailableError } from '../store/store.ts'
import { type AuthenticationOutcome, authenticateUser } from './authorization.ts'
import { listedCors, openCors } from './cors.ts'
import { countRefusal } from './count-refusal.ts'
import type { Endpoint, RequestContext, RequestEnv, RequestHead, Route } from './endpoint.ts'
import { logRefusal, observeRequests, routeOf } from './observed-requests.ts'
import { oauthRefusalResponse, refusalResponse } from './problem.ts'
import { securityHeaders } from './security-headers.ts'
import { toOAuthError } from './to-oauth-error.ts'

export interface Router {
  /** Answers a request. Never rejects. */
  fetch(request: Request, arrival: Omit<RequestEnv['Bindings'], 'requestId'>): Promise<Response>
  /** Finds who a request is from, or how to refuse it. Never rejects. */
  authenticate(request: RequestHead): Promise<AuthenticationOutcome>
  /** Tells whether a row has this path. */
  answers(path: string): boolean
}

const metadataPath = '/.well-known/oauth-authorization-server'

/** @param ready resolves once the keys are there; every row but the two that tell of health waits for it */
export function createRouter(routes: readonly Route[], parts: Parts, ready: () => Promise<void>): Router {
  const { settings } = parts
  const { basePath } = settings
  const rows = routes.flatMap((row) => pathsOf(row.path, basePath).map((path) => ({ ...row, path })))
  const app = new Hono<RequestEnv>()

  app.use(observeRequests(parts))
  app.use(corsFor(rows, parts))
  app.use(waitForKeys([`${basePath}/healthz`, `${basePath}/readyz`], ready))
  for (const { method, path, endpoint } of rows) {
    if (endpoint.public)
      app.use(path, etag({ retainedHeaders: [...RETAINED_304_HEADERS, 'access-control-allow-origin'] }))
    app.on(method, path, (c) => {
      const answered = handle(endpoint, c)
      // An act may have written a revocation: readers of the feed need not wait for the next look.
      if (method === 'GET') return answered
      return answered.finally(() => {
        parts.feed.poke()
        if (endpoint.revokes) parts.hints?.announce()
      })
    })
  }
  for (const [path, methods] of methodsByPath(rows)) {
    app.all(path, () => {
      throw new OAuthError('method_not_allowed', { reason: 'no such method at this path', allow: [...methods] })
    })
  }
  app.notFound(() => {
    throw new OAuthError('not_found', { reason: 'no such path' })
  })
  app.onError(async (thrown, c) => {
    const error = toOAuthError(await countRefusal(parts, c, thrown))
    // What the client is told is what the log tells.
    c.error = error
    const isOAuth = routeOf(c).startsWith(`${basePath}/oauth/`)
    return (isOAuth ? oauthRefusalResponse : refusalResponse)(error, settings.issuer, c.env.requestId)
  })

  const headers = Object.entries({ vary: 'Origin', ...securityHeaders(settings.issuer) })
  const known = new RegExp(
    `^(${rows.map(({ path }) => path.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')).join('|')})$`,
  )

  async function fetch(request: Request, arrival: Omit<RequestEnv['Bindings'], 'requestId'>): Promise<Response> {
    const requestId = randomUUID()
    const response = await app.fetch(request, { ...arrival, requestId })
    for (const [name, value] of headers) if (!response.headers.has(name)) response.headers.set(name, value)
    response.headers.set('x-request-id', requestId)
    return response
  }

  async function authenticate(request: RequestHead): Promise<AuthenticationOutcome> {
    try {
      await ready().catch(keysUnavailable)
      return await authenticateUser(parts, request)
    } catch (error) {
      const requestId = randomUUID()
      const refused = toOAuthError(error)
      const refusal = refusalResponse(refused, settings.issuer, requestId)
      const fields = { event: 'session_guard.refused', requestId, method: request.method, status: refusal.status }
      logRefusal(parts.log, fields, refused)
      parts.meter.count('refusals', refused.code)
      return { status: refusal.status, headers: Object.fromEntries(refusal.headers), body: await refusal.text() }
    }
  }

  return { fetch, authenticate, answers: (path) => known.test(path) }
}

/** An issuer with a path has everything below it, and its metadata where RFC 8414 §3.1 puts it too. */
function pathsOf(path: string, base: string): string[] {
  return base !== '' && path === metadataPath ? [`${base}${path}`, `${metadataPath}${base}`] : [`${base}${path}`]
}

/** Application code may throw anything; Hono passes on only what is an Error. */
async function handle(endpoint: Endpoint, c: RequestContext): Promise<Response> {
  try {
    return await endpoint.handle(c)
  } catch (error) {
    throw toOAuthError(error)
  }
}

function corsFor(rows: readonly Route[], parts: Parts): MiddlewareHandler {
  const publicPaths = new Set(rows.filter(({ endpoint }) => endpoint.public).map(({ path }) => path))
  const listed = listedCors(parts)
  return (c, next) => {
    if (c.req.header('origin') === undefined) return next()
    return publicPaths.has(c.req.path) ? openCors(c, next) : listed(c, next)
  }
}

function waitForKeys(healthPaths: readonly string[], ready: () => Promise<void>): MiddlewareHandler {
  return async (c, next) => {
    if (!healthPaths.includes(c.req.path)) await ready().catch(keysUnavailable)
    return next()
  }
}

function keysUnavailable(cause: unknown): never {
  throw new StoreUnavailableError('the keys cannot be loaded', { cause })
}

/** The methods of each path, for the Allow header of a 405; GET answers HEAD too. */
function methodsByPath(routes: readonly Route[]): ReadonlyMap<string, ReadonlySet<string>> {
  const methods = new Map<string, Set<string>>()
  for (const { method, path } of routes) {
    methods.set(path, new Set([...(methods.get(path) ?? []), ...(method === 'GET' ? ['GET', 'HEAD'] : [method])]))
  }
  return methods
}
