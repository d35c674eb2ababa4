/**
 * The words with which this server refuses. A refusal has two halves: `code` is public and the same for every cause that
 * an attacker must not tell apart; `reason` is for the operator's log alone.
 */

/** Every public error code, in the order of docs/errors.md. */
export const errorCodes = [
  'invalid_request',
  'invalid_credentials',
  'invalid_grant',
  'invalid_token',
  'invalid_client',
  'invalid_scope',
  'invalid_target',
  'unsupported_grant_type',
  'insufficient_scope',
  'insufficient_role',
  'insufficient_user_authentication',
  'cross_site_request',
  'not_found',
  'method_not_allowed',
  'payload_too_large',
  'unsupported_media_type',
  'headers_too_large',
  'too_many_requests',
  'temporarily_unavailable',
  'server_error',
] as const

export type ErrorCode = (typeof errorCodes)[number]

/** One member of a request that was refused, and why. Never holds the value that was sent. */
export interface RefusedMember {
  /** Path of the member, such as `email` or `scope.0`. */
  readonly member: string
  readonly detail: string
}

interface Refusal {
  /** What happened, for the log. Holds no token, password or key. */
  readonly reason: string
  /** Members to name in an `invalid_request` answer. */
  readonly members?: readonly RefusedMember[]
  /** Seconds after which trying again makes sense. */
  readonly retryAfter?: number
  /** Methods that the path does answer, for `method_not_allowed`. */
  readonly allow?: readonly string[]
  /** Whether an access token came with the request, for `invalid_token`. */
  readonly tokenSent?: boolean
  /** The limit of its network against which it is counted. */
  readonly countsAs?: 'clientPerNetwork' | 'forgedPerNetwork'
  /** How each part that a request needs stands, for readiness. */
  readonly checks?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/** Refuses a request with a public code and a private reason (RFC 6749 §5.2, RFC 9457). */
export class OAuthError extends Error {
  override readonly name = 'OAuthError'
  readonly code: ErrorCode
  readonly reason: string
  readonly members: readonly RefusedMember[]
  readonly retryAfter: number | undefined
  readonly allow: readonly string[]
  readonly tokenSent: boolean
  readonly countsAs: Refusal['countsAs']
  readonly checks: Readonly<Record<string, string>> | undefined

  constructor(code: ErrorCode, refusal: Refusal) {
    super(`${code}: ${refusal.reason}`, { cause: refusal.cause })
    this.code = code
    this.reason = refusal.reason
    this.members = refusal.members ?? []
    this.retryAfter = refusal.retryAfter
    this.allow = refusal.allow ?? []
    this.tokenSent = refusal.tokenSent ?? false
    this.countsAs = refusal.countsAs
    this.checks = refusal.checks
  }
}
