/**
 * Which scripts of other origins may call this server: any at the public key and metadata documents, elsewhere only those of
 * the exact list. A refused origin gets no Access-Control-Allow-Origin, without which a browser shows it nothing, and the log
 * names the setting.
 */

import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import type { Parts } from '../parts.ts'

/** CORS for documents that are public anyway. */
export const openCors: MiddlewareHandler = cors({ origin: '*', allowMethods: ['GET', 'HEAD'], maxAge: 86_400 })

/** CORS for everything else (OWASP ASVS 5.0 V3.4.2). */
export function listedCors({ isAllowedOrigin, log }: Pick<Parts, 'isAllowedOrigin' | 'log'>): MiddlewareHandler {
  return cors({
    origin(origin) {
      if (isAllowedOrigin(origin)) return origin
      if (origin !== '')
        log.warn(
          { event: 'cors.refused', origin: origin.slice(0, 128) },
          'refused an origin that is not in COUNTERSIGN_ALLOWED_ORIGINS',
        )
      return null
    },
    credentials: true,
    allowMethods: ['GET', 'POST', 'DELETE'],
    allowHeaders: ['authorization', 'content-type', 'x-requested-with', 'traceparent', 'tracestate'],
    exposeHeaders: ['retry-after', 'www-authenticate', 'x-request-id'],
    maxAge: 600,
  })
}
