/**
 * The one place where a refusal becomes a Response (RFC 9457), and the table of what each code means on the wire. The same
 * table makes docs/errors.md.
 */
import type { ErrorCode, OAuthError } from '../oauth/oauth-error.ts'

interface ErrorForm {
  readonly status: 400 | 401 | 403 | 404 | 405 | 413 | 415 | 429 | 431 | 500 | 503
  readonly title: string
  /** What the client is told; the same for every cause. */
  readonly detail: string
}

/** Every code with its status and public sentence. */
export const errorForms: Readonly<Record<ErrorCode, ErrorForm>> = {
  invalid_request: {
    status: 400,
    title: 'Bad Request',
    detail: 'The request is malformed, or a member is missing or wrong.',
  },
  invalid_credentials: { status: 401, title: 'Unauthorized', detail: 'The e-mail address or the password is wrong.' },
  invalid_grant: {
    status: 401,
    title: 'Unauthorized',
    detail: 'The refresh token is invalid, expired or revoked. Sign in again.',
  },
  invalid_token: {
    status: 401,
    title: 'Unauthorized',
    detail: 'The access token is missing, invalid, expired or revoked.',
  },
  invalid_client: {
    status: 401,
    title: 'Unauthorized',
    detail: 'The client is unknown, disabled or not authenticated.',
  },
  invalid_scope: {
    status: 400,
    title: 'Bad Request',
    detail: 'The scope is malformed, or more than the client may have.',
  },
  invalid_target: { status: 400, title: 'Bad Request', detail: 'The resource is not one that this server issues for.' },
  unsupported_grant_type: {
    status: 400,
    title: 'Bad Request',
    detail: 'The grant type is not one that this server knows.',
  },
  insufficient_scope: {
    status: 403,
    title: 'Forbidden',
    detail: 'The access token does not have the scope that this needs.',
  },
  insufficient_role: { status: 403, title: 'Forbidden', detail: 'The user does not have the role that this needs.' },
  insufficient_user_authentication: {
    status: 401,
    title: 'Unauthorized',
    detail: 'This needs a more recent sign-in. Sign in again.',
  },
  cross_site_request: {
    status: 403,
    title: 'Forbidden',
    detail:
      'Nothing says that the request comes from a page that may use these cookies. Programs send X-Requested-With; pages have to be of an allowed origin.',
  },
  not_found: { status: 404, title: 'Not Found', detail: 'There is nothing at this path.' },
  method_not_allowed: { status: 405, title: 'Method Not Allowed', detail: 'This path does not answer this method.' },
  payload_too_large: { status: 413, title: 'Content Too Large', detail: 'The body is larger than 64 KiB.' },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported Media Type',
    detail: 'The body must be JSON in UTF-8, with Content-Type: application/json.',
  },
  headers_too_large: {
    status: 431,
    title: 'Request Header Fields Too Large',
    detail: 'The request line and headers are larger than 16 KiB.',
  },
  too_many_requests: {
    status: 429,
    title: 'Too Many Requests',
    detail: 'This was tried too often. Try again later.',
  },
  temporarily_unavailable: {
    status: 503,
    title: 'Service Unavailable',
    detail: 'The server cannot answer just now. Try again.',
  },
  server_error: {
    status: 500,
    title: 'Internal Server Error',
    detail: 'Something went wrong in the server. Its log has the reason.',
  },
}

/** What a refused client receives: `application/problem+json` (RFC 9457 §3.1). */
interface Problem {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly detail: string
  /** Stable; decide by this. */
  readonly code: ErrorCode
  /** The same word, for clients that expect RFC 6749 §5.2. */
  readonly error: ErrorCode
  /** The members to mend, for `invalid_request`. */
  readonly errors?: readonly { readonly member: string; readonly detail: string }[]
  /** How each part that a request needs stands, for readiness. */
  readonly checks?: Readonly<Record<string, string>>
  /** Names this request in the server's log, for `server_error`. */
  readonly requestId?: string
}

/** Makes the body of a refusal. */
function toProblem(error: OAuthError, requestId: string): Problem {
  const { status, title, detail } = errorForms[error.code]
  return {
    type: 'about:blank',
    title,
    status,
    detail: error.members.length > 0 ? error.members.map((one) => `${one.member} ${one.detail}`).join('; ') : detail,
    code: error.code,
    error: error.code,
    ...(error.members.length > 0 && { errors: error.members }),
    ...(error.checks && { checks: error.checks }),
    ...(error.code === 'server_error' && { requestId }),
  }
}

/** Answers a refusal of an endpoint of OAuth: `error` and `error_description`, as JSON (RFC 6749 §5.2). */
export function oauthRefusalResponse(error: OAuthError, realm: string, requestId: string): Response {
  const response = refusalResponse(error, realm, requestId)
  const { detail: error_description, error: code } = toProblem(error, requestId)
  const headers = new Headers(response.headers)
  headers.set('content-type', 'application/json')
  const status = error.code === 'invalid_grant' ? 400 : response.status
  if (status === 400) headers.delete('www-authenticate')
  return new Response(JSON.stringify({ error: code, error_description }), { status, headers })
}

/** Answers a refusal, with the headers that its status calls for (RFC 9110 §11.6.1, §15.5.6, RFC 6750 §3). */
export function refusalResponse(error: OAuthError, realm: string, requestId: string): Response {
  const { status } = errorForms[error.code]
  const headers = new Headers({ 'content-type': 'application/problem+json' })
  if (status === 401 || error.code === 'insufficient_scope') headers.set('www-authenticate', challenge(error, realm))
  if (error.retryAfter !== undefined) headers.set('retry-after', String(error.retryAfter))
  if (status === 405) headers.set('allow', error.allow.join(', '))
  if (status === 413 || status === 415) headers.set('connection', 'close')
  return new Response(JSON.stringify(toProblem(error, requestId)), { status, headers })
}

/** The error word of a challenge (RFC 6750 §3.1, RFC 9470 §3). */
const challengeWords: Partial<Record<ErrorCode, string>> = {
  invalid_token: 'invalid_token',
  insufficient_scope: 'insufficient_scope',
  insufficient_user_authentication: 'insufficient_user_authentication',
}

/** No error word when no token was sent, or when what was refused was no access token (RFC 6750 §3.1). */
function challenge(error: OAuthError, realm: string): string {
  if (error.code === 'invalid_client') return `Basic realm="${realm}"`
  const word = challengeWords[error.code]
  const isTold = word !== undefined && (error.code !== 'invalid_token' || error.tokenSent)
  return isTold ? `Bearer realm="${realm}", error="${word}"` : `Bearer realm="${realm}"`
}
