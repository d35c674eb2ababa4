/**
 * Sees every request from its first line to its answer: times it, puts it into a span, and writes the one line of the log that says
 * how it was answered. That line has no address, no path as it was sent and no header: docs/production.md says what it has, and why.
 */
import type { MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import { describeError, type Log, withoutSecrets } from '../log.ts'
import type { OAuthError } from '../oauth/oauth-error.ts'
import type { Parts } from '../parts.ts'
import { nameLines } from '../telemetry/request-log.ts'
import { parseTraceId } from '../telemetry/trace-context.ts'
import type { RequestContext, RequestEnv } from './endpoint.ts'
import { toOAuthError } from './to-oauth-error.ts'

const methods = new Set(['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'PUT', 'PATCH'])

/** Observes every request that comes after it in the chain. */
export function observeRequests({ log, meter, tracer }: Parts): MiddlewareHandler<RequestEnv> {
  return async (c, next) => {
    const began = performance.now()
    const method = methods.has(c.req.method) ? c.req.method : '_OTHER'
    const route = routeOf(c)
    const { requestId } = c.env
    meter.requestBegan()
    const span = tracer?.startRequest({ method, route, headers: c.req.raw.headers })
    const names = { requestId, ...(span?.names ?? traceOf(c)) }
    await nameLines(names, async () => {
      await (span === undefined ? next() : span.run(next))
      const { status } = c.res
      const error = c.error && toOAuthError(c.error)
      const took = performance.now() - began
      if (error !== undefined) meter.count('refusals', error.code)
      meter.requestEnded({ method, route, status, seconds: took / 1000 })
      const fields = { event: 'http.request', method, route, status, durationMs: Math.round(took * 10) / 10 }
      if (error !== undefined) logRefusal(log, fields, error)
      else log.debug(fields, 'request answered')
      span?.end(status, error?.code)
    })
  }
}

/** Tells the operator the reason of a refusal, which the client is not told. */
export function logRefusal(log: Log, request: object, error: OAuthError): void {
  const fields = { ...request, code: error.code, reason: withoutSecrets(error.reason) }
  const err = describeError(error.cause)
  if (error.code === 'server_error') log.error({ ...fields, err }, 'request failed')
  else if (error.code === 'temporarily_unavailable') log.warn({ ...fields, err }, 'request not served')
  else log.info(fields, 'request refused')
}

/** The path of the row, not of the request: people paste tokens into paths. */
export function routeOf(c: RequestContext): string {
  return matchedRoutes(c).findLast(({ path }) => !path.endsWith('*'))?.path ?? 'unknown'
}

function traceOf(c: RequestContext): { traceId?: string } {
  const traceId = parseTraceId(c.req.header('traceparent'))
  return traceId === undefined ? {} : { traceId }
}
