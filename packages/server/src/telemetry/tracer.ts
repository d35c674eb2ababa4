/**
 * Spans for an application that collects them with OpenTelemetry. The server brings no SDK: where one is registered before the server
 * is made, by the application or by `node --import`, it gets a span a request and one for each call of the store and each password
 * hash below it. Otherwise nothing is loaded and nothing is made.
 *
 * Attributes follow the semantic conventions for HTTP servers, with two exceptions on purpose: `url.path` and `url.query` are left out,
 * because people paste tokens into addresses, and so are `client.address` and `user_agent.original`, which are personal data.
 */
import { createRequire } from 'node:module'
import type { Context, Span } from '@opentelemetry/api'
import type { Log } from '../log.ts'
import { StoreUnavailableError } from '../store/store.ts'
import type { RequestNames } from './request-log.ts'

type Api = typeof import('@opentelemetry/api')

/** What is known of a request before it is answered. */
export interface TracedRequest {
  /** An HTTP method that is known, or `_OTHER`. */
  readonly method: string
  /** The path of the row in server.ts, or `unknown`. */
  readonly route: string
  /** Where a parent may be named; read by the propagator that the application has registered. */
  readonly headers: Headers
}

/** The span of one request. */
export interface RequestSpan {
  /** Nothing where no SDK makes spans of this tracer. */
  readonly names: Omit<RequestNames, 'requestId'> | undefined
  /** Runs what answers the request, so that spans made meanwhile are below this one. */
  run<Result>(work: () => Result): Result
  /** Ends it. @param error the code of a refusal, if it was one */
  end(status: number, error: string | undefined): void
}

export interface Tracer {
  startRequest(request: TracedRequest): RequestSpan
  /** Does a part of the work in a span of its own, if it is part of a request that has one. */
  trace<Result>(name: string, work: () => Promise<Result>): Promise<Result>
}

/** Where every copy of @opentelemetry/api keeps what is registered: a name that all its versions 1.x share. */
const registered = Symbol.for('opentelemetry.js.api.1')

/** Finds the SDK of this process; `undefined` where none is registered. */
export function findTracer(issuer: string, version: string, log: Log): Tracer | undefined {
  if (!(registered in globalThis)) return undefined
  try {
    return createTracer(createRequire(import.meta.url)('@opentelemetry/api') as Api, issuer, version)
  } catch {
    log.warn({ event: 'tracing.unavailable' }, 'no spans: install @opentelemetry/api beside @countersign/server')
    return undefined
  }
}

function createTracer(api: Api, issuer: string, version: string): Tracer {
  const { context, isSpanContextValid, propagation, trace, SpanKind, SpanStatusCode } = api
  const tracer = trace.getTracer('@countersign/server', version)
  const { hostname, port, protocol } = new URL(issuer)
  const scheme = protocol.slice(0, -1)
  const ofServer = {
    'url.scheme': scheme,
    'server.address': hostname,
    'server.port': Number(port) || (scheme === 'https' ? 443 : 80),
  }

  /** A server span that is active already is that of the framework around us; without one, the sender may have named a parent. */
  function parentOf(headers: Headers): Context {
    const active = context.active()
    if (trace.getSpan(active) !== undefined) return active
    return propagation.extract(active, headers, { get: (from, name) => from.get(name) ?? undefined, keys })
  }

  function fail(span: Span, error: string): void {
    span.setAttribute('error.type', error)
    span.setStatus({ code: SpanStatusCode.ERROR })
  }

  return {
    startRequest({ method, route, headers }) {
      const parent = parentOf(headers)
      const verb = method === '_OTHER' ? 'HTTP' : method
      const isKnown = route !== 'unknown'
      const span = tracer.startSpan(
        isKnown ? `${verb} ${route}` : verb,
        {
          kind: trace.getSpan(context.active()) === undefined ? SpanKind.SERVER : SpanKind.INTERNAL,
          attributes: { 'http.request.method': method, ...(isKnown && { 'http.route': route }), ...ofServer },
        },
        parent,
      )
      const within = trace.setSpan(parent, span)
      const { traceId, spanId } = span.spanContext()
      return {
        names: isSpanContextValid(span.spanContext()) ? { traceId, spanId } : undefined,
        run: (work) => context.with(within, work),
        end(status, error) {
          span.setAttribute('http.response.status_code', status)
          if (status >= 500) fail(span, error ?? String(status))
          span.end()
        },
      }
    },

    async trace(name, work) {
      const active = context.active()
      if (trace.getSpan(active) === undefined) return work()
      const span = tracer.startSpan(name, { kind: SpanKind.INTERNAL }, active)
      try {
        return await context.with(trace.setSpan(active, span), work)
      } catch (error) {
        fail(span, error instanceof StoreUnavailableError ? error.name : '_OTHER')
        throw error
      } finally {
        span.end()
      }
    },
  }
}

function keys(headers: Headers): string[] {
  return [...headers.keys()]
}
