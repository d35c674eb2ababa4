/** Checks the access token of a request and answers those that do not pass (RFC 6750). */
import { type JwtClaims, TokenError } from '@countersign/token'
import type { RequestHandler, Response } from 'express'
import { KeysUnavailableError } from './jwk-set.ts'

type Verify = (token: string) => JwtClaims | Promise<JwtClaims>

/**
 * Lets a request pass if its access token is valid and has a scope; the claims are then in `response.locals.claims`.
 *
 * Whoever sent a bad token learns only that it is bad; the log tells why.
 */
export function requireScope(scope: string, verify: Verify): RequestHandler {
  return async (request, response, next) => {
    const token = /^Bearer +(.*)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined) {
      response.status(401).set('WWW-Authenticate', 'Bearer').end()
      return
    }
    const claims = await verifyOrRefuse(token, verify, response)
    if (claims === undefined) return
    if (!claims.scope?.split(' ').includes(scope)) {
      const challenge = `Bearer error="insufficient_scope", scope="${scope}"`
      response.status(403).set('WWW-Authenticate', challenge).json({ error: 'insufficient_scope' })
      return
    }
    response.locals.claims = claims
    next()
  }
}

async function verifyOrRefuse(token: string, verify: Verify, response: Response): Promise<JwtClaims | undefined> {
  try {
    return await verify(token)
  } catch (error) {
    if (error instanceof TokenError) {
      console.error(`access token refused: ${error.code}`)
      response.status(401).set('WWW-Authenticate', 'Bearer error="invalid_token"').json({ error: 'invalid_token' })
    } else if (error instanceof KeysUnavailableError) {
      response.status(503).set('Retry-After', '2').json({ error: 'temporarily_unavailable' })
    } else {
      throw error
    }
    return undefined
  }
}
