/** Owns what a protected route learns about the request: one shape in every framework. */
import type { JwtClaims, ProtectedHeader } from '#token'
import type { AccessError } from './access-error.ts'

/** The claims of an access token that was accepted (RFC 9068 §2.2). */
export interface AccessTokenClaims extends JwtClaims {
  /** The roles of the user (RFC 9068 §2.2.3.1). */
  readonly roles?: readonly string[]
  /** The session that the token was issued in. */
  readonly sid?: string
  /** When the user signed in, in epoch seconds. */
  readonly auth_time?: number
  readonly acr?: string
  readonly amr?: readonly string[]
}

/** What is known about a request whose access token was accepted. */
export interface Auth<Claims = AccessTokenClaims> {
  readonly claims: Claims
  /** The access token, for calls in the name of the same user. */
  readonly token: string
  readonly protectedHeader: ProtectedHeader
}

/** What was decided about a request. */
export type Decision<Claims = AccessTokenClaims> =
  | { readonly outcome: 'accepted'; readonly auth: Auth<Claims> }
  /** No access token came, and none is asked for (`optional`). */
  | { readonly outcome: 'anonymous' }
  | { readonly outcome: 'refused'; readonly error: AccessError }
