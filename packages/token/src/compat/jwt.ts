import type { JwtPayload } from './payload.ts'

/** The header of a JWT (RFC 7515 §4.1). */
export interface JwtHeader {
  alg: string
  typ?: string
  kid?: string
  [parameter: string]: unknown
}

/** A JWT with all its parts, as `complete: true` asks for it. */
export interface Jwt {
  header: JwtHeader
  payload: JwtPayload
  /** In base64url. */
  signature: string
}
