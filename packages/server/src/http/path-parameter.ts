import { OAuthError } from '../oauth/oauth-error.ts'
import type { RequestContext } from './endpoint.ts'

/** Reads a parameter of the path. @throws OAuthError `not_found` for one with a zero byte, which PostgreSQL does not take as text */
export function pathParameter(c: RequestContext, name: string): string {
  const value = c.req.param(name) ?? ''
  if (value.includes('\0')) throw new OAuthError('not_found', { reason: 'a zero byte in the path' })
  return value
}
