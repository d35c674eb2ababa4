/** Checks the access token of a request to the application's own routes (RFC 6750). */
import { type JwtClaims, TokenError } from '@countersign/token'
import type { RequestHandler } from 'express'

/** Lets a request pass if its access token is valid and has a scope; the claims are then in `response.locals.claims`. */
export function requireScope(scope: string, verify: (token: string) => JwtClaims): RequestHandler {
  return (request, response, next) => {
    const token = /^Bearer +(.*)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined) {
      response.status(401).set('WWW-Authenticate', 'Bearer').end()
      return
    }
    try {
      response.locals.claims = verify(token)
    } catch (error) {
      if (!(error instanceof TokenError)) throw error
      console.error(`access token refused: ${error.code}`)
      response.status(401).set('WWW-Authenticate', 'Bearer error="invalid_token"').json({ error: 'invalid_token' })
      return
    }
    if (!response.locals.claims.scope?.split(' ').includes(scope)) {
      const challenge = `Bearer error="insufficient_scope", scope="${scope}"`
      response.status(403).set('WWW-Authenticate', challenge).json({ error: 'insufficient_scope' })
      return
    }
    next()
  }
}
