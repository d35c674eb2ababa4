/**
 * Runs the table of server.ts on Hono: finds the row, answers methods and paths that are not there, turns every error into a
 * problem, and puts the headers that every answer has.
 */
import { randomUUID } from 'node:crypto'
import { Hono, type MiddlewareHandler } from 'hono'
import { etag, RETAINED_304_HEADERS } from 'hono/etag'
import { matchedRoutes } from 'hono/route'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parts } from '../parts.ts'
import { StoreUnavailableError } from '../store/store.ts'
import { type AuthenticationOutcome, authenticateUser } from './authorization.ts'
import { listedCors, openCors } from './cors.ts'
import { countRefusal } from './count-refusal.ts'
import type { Endpoint, RequestContext, RequestEnv, RequestHead, Route } from './endpoint.ts'
import { oauthRefusalResponse, refusalResponse } from './problem.ts'
import { securityHeaders } from './security-headers.ts'

export interface Router {
  /** Answers a request. Never rejects. */
  fetch(request: Request, arrival: Omit<RequestEnv['Bindings'], 'requestId'>): Promise<Response>
  /** Finds who a request is from, or how to refuse it. Never rejects. */
  authenticate(request: RequestHead): Promise<AuthenticationOutcome>
  /** Tells whether a row has this path. */
  answers(path: string): boolean
}

const metadataPath = '/.well-known/oauth-authorization-server'

/** @param ready resolves once the keys are there; every row but the health of the process waits for it */
export function createRouter(routes: readonly Route[], parts: Parts, ready: () => Promise<void>): Router {
  const { settings } = parts
  const { basePath } = settings
  const rows = routes.flatMap((row) => pathsOf(row.path, basePath).map((path) => ({ ...row, path })))
  const app = new Hono<RequestEnv>()

  app.use(corsFor(rows, parts))
  app.use(waitForKeys(`${basePath}/healthz`, ready))
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
  app.notFound((c) => refuse(new OAuthError('not_found', { reason: 'no such path' }), nameOf(c), parts))
  app.onError(async (error, c) => refuse(await countRefusal(parts, c, error), nameOf(c), parts))

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
      const refusal = refuse(error, { method: request.method, path: 'sessionGuard', requestId: randomUUID() }, parts)
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

function waitForKeys(healthPath: string, ready: () => Promise<void>): MiddlewareHandler {
  return async (c, next) => {
    if (c.req.path !== healthPath) await ready().catch(keysUnavailable)
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

/** Turns what was thrown into an answer, and tells the operator the reason that the client is not told. */
function refuse(thrown: unknown, name: RequestName, { log, settings }: Parts): Response {
  const error = toOAuthError(thrown)
  const fields = { ...name, code: error.code, reason: error.reason }
  if (error.code === 'server_error') log.error({ ...fields, err: describeError(error.cause) }, 'request failed')
  else if (error.code === 'temporarily_unavailable')
    log.warn({ ...fields, err: describeError(error.cause) }, 'request not served')
  else log.info(fields, 'request refused')
  const isOAuth = name.path.startsWith(`${settings.basePath}/oauth/`)
  return (isOAuth ? oauthRefusalResponse : refusalResponse)(error, settings.issuer, name.requestId)
}

/** How the log names a request. */
interface RequestName {
  readonly requestId: string
  readonly method: string
  readonly path: string
}

/** The path of the row, not of the request: people paste tokens into paths. */
function nameOf(c: RequestContext): RequestName {
  const row = matchedRoutes(c).findLast(({ path }) => !path.endsWith('*'))
  return { requestId: c.env.requestId, method: c.req.method, path: row?.path ?? 'unknown' }
}

/** What an error says of itself and its causes; its other members may hold a request with everything in it. */
function describeError(error: unknown, depth = 0): object | undefined {
  if (error === undefined || error === null || depth === 5) return undefined
  if (!(error instanceof Error)) return { type: typeof error }
  const { name, message, stack } = error
  const cause = describeError(error.cause, depth + 1)
  return { type: name, message, stack, ...('code' in error && { code: error.code }), ...(cause && { cause }) }
}

function toOAuthError(thrown: unknown): OAuthError {
  if (thrown instanceof OAuthError) return thrown
  if (thrown instanceof StoreUnavailableError) {
    return new OAuthError('temporarily_unavailable', { reason: thrown.message, retryAfter: 1, cause: thrown.cause })
  }
  return new OAuthError('server_error', { reason: 'an unexpected error', cause: thrown })
}
