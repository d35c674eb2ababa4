/**
 * Owns the one error of a refused request and the table of what each code means on the wire. The client is told the code and
 * its sentence, the same for every cause; `reason`, `expected` and `received` are for the log.
 */

/** Names why a request was refused. */
export type AccessErrorCode =
  | 'token_missing'
  | 'invalid_request'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'insufficient_role'
  | 'insufficient_user_authentication'
  | 'cross_site_request'
  | 'keys_unavailable'
  | 'revocation_state_unavailable'
  | 'server_error'

interface AccessErrorForm {
  readonly status: 400 | 401 | 403 | 500 | 503
  readonly title: string
  /** The error word of the challenge (RFC 6750 §3.1); undefined where the challenge has none, null where there is no challenge. */
  readonly challenge: string | undefined | null
  /** What the client is told. */
  readonly detail: string
}

/** Every code with its status and public sentence (RFC 6750 §3.1, RFC 9470 §3, RFC 9457 §3.1). */
export const ACCESS_ERRORS: Readonly<Record<AccessErrorCode, AccessErrorForm>> = {
  token_missing: {
    status: 401,
    title: 'Unauthorized',
    challenge: undefined,
    detail: 'This resource needs an access token, as Authorization: Bearer.',
  },
  invalid_request: {
    status: 400,
    title: 'Bad Request',
    challenge: 'invalid_request',
    detail: 'The access token was not sent in one of the ways that are allowed, or in more than one.',
  },
  invalid_token: {
    status: 401,
    title: 'Unauthorized',
    challenge: 'invalid_token',
    detail: 'The access token is invalid, expired or revoked.',
  },
  insufficient_scope: {
    status: 403,
    title: 'Forbidden',
    challenge: 'insufficient_scope',
    detail: 'The access token does not have the scope that this resource needs.',
  },
  insufficient_role: {
    status: 403,
    title: 'Forbidden',
    challenge: null,
    detail: 'The user does not have the role that this resource needs.',
  },
  insufficient_user_authentication: {
    status: 401,
    title: 'Unauthorized',
    challenge: 'insufficient_user_authentication',
    detail: 'This resource needs a more recent or a stronger sign-in.',
  },
  cross_site_request: {
    status: 403,
    title: 'Forbidden',
    challenge: null,
    detail: 'A page of another site sent this request with the cookies of the user.',
  },
  keys_unavailable: {
    status: 503,
    title: 'Service Unavailable',
    challenge: null,
    detail: 'The keys that verify access tokens cannot be had just now. Try again.',
  },
  revocation_state_unavailable: {
    status: 503,
    title: 'Service Unavailable',
    challenge: null,
    detail: 'It cannot be told just now whether the access token is revoked. Try again.',
  },
  server_error: {
    status: 500,
    title: 'Internal Server Error',
    challenge: null,
    detail: 'Something went wrong in the server. Its log has the reason.',
  },
}

/** What an `AccessError` knows besides its code. */
export interface AccessErrorDetail {
  /** Why, for the log; never a token or a key. */
  readonly reason: string
  /** The code of the `TokenError`, where the token is at fault. */
  readonly tokenError?: string | undefined
  /** What was accepted, for the log. */
  readonly expected?: unknown
  /** What came instead, for the log: text of the sender. */
  readonly received?: unknown
  /** Parameters of the challenge besides `error` (RFC 6750 §3, RFC 9470 §3). */
  readonly challenge?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/**
 * Says that a request was refused, and by its `code` why (RFC 6750 §3.1).
 *
 * `message`, `status` and `headers` are for the client; `reason`, `tokenError`, `expected` and `received` for the log only.
 */
export class AccessError extends Error {
  override readonly name = 'AccessError'
  readonly code: AccessErrorCode
  /** The HTTP status. */
  readonly status: number
  /** The same, under the name that frameworks read too. */
  readonly statusCode: number
  /** The headers of the answer, with the challenge where the status asks for one. */
  readonly headers: Readonly<Record<string, string>>
  /** Says to Koa that the client may read the message. */
  readonly expose = true
  readonly reason: string
  declare readonly tokenError?: string
  declare readonly expected?: unknown
  declare readonly received?: unknown
  readonly #detail: AccessErrorDetail

  constructor(code: AccessErrorCode, detail: AccessErrorDetail) {
    const { status, detail: message } = ACCESS_ERRORS[code]
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause })
    this.#detail = detail
    this.code = code
    this.status = status
    this.statusCode = status
    this.headers = refusalHeaders(code, detail.challenge ?? {})
    this.reason = detail.reason
    if (detail.tokenError !== undefined) this.tokenError = detail.tokenError
    if (detail.expected !== undefined) this.expected = detail.expected
    if (detail.received !== undefined) this.received = detail.received
  }

  /** The body of the answer: `application/problem+json` (RFC 9457 §3.1). */
  get body(): string {
    const { code } = this
    const { status, title, detail } = ACCESS_ERRORS[code]
    return JSON.stringify({ type: 'about:blank', title, status, detail, code, error: code })
  }

  /** The answer; Hono sends it when the error is thrown. */
  getResponse(): Response {
    return new Response(this.body, { status: this.status, headers: this.headers })
  }

  /** Makes the same error with further parameters in its challenge (RFC 6750 §3). */
  withChallenge(parameters: Readonly<Record<string, string>>): AccessError {
    return new AccessError(this.code, { ...this.#detail, challenge: { ...this.#detail.challenge, ...parameters } })
  }
}

function refusalHeaders(code: AccessErrorCode, parameters: Readonly<Record<string, string>>): Record<string, string> {
  const { status, challenge } = ACCESS_ERRORS[code]
  const headers: Record<string, string> = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }
  if (status === 503) headers['retry-after'] = '2'
  if (challenge === null) return headers
  const error = challenge === undefined ? [] : [`error="${challenge}"`]
  const others = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`)
  headers['www-authenticate'] = ['Bearer', [...error, ...others].join(', ')].join(' ').trimEnd()
  return headers
}
