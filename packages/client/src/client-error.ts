/**
 * Why the client could not do what it was asked.
 *
 * Of the server: `invalid_credentials`, `invalid_request` (`members` says what to mend), `invalid_scope`, `invalid_target`,
 * `cross_site_request` (the page's origin is not in COUNTERSIGN_ALLOWED_ORIGINS), `too_many_requests`, `temporarily_unavailable`.
 * On the way: `network_error` (no answer in time), `unexpected_answer` (not from our server, or not as it answers).
 * Of the client: `session_changed` (someone else is signed in by now), `redirect_refused`, `storage_failed`, `closed`.
 */
export type ClientErrorCode = (typeof codes)[number]

const codes = [
  'invalid_credentials',
  'invalid_request',
  'invalid_grant',
  'invalid_scope',
  'invalid_target',
  'cross_site_request',
  'too_many_requests',
  'temporarily_unavailable',
  'network_error',
  'unexpected_answer',
  'session_changed',
  'redirect_refused',
  'storage_failed',
  'closed',
] as const

/** What a developer does not find in the code. */
const hints: Partial<Record<ClientErrorCode, string>> = {
  cross_site_request: 'is the origin of this page in COUNTERSIGN_ALLOWED_ORIGINS?',
  session_changed: 'another user has signed in meanwhile; the request was not sent',
  redirect_refused: "an API answered with a redirect; redirect: 'follow' follows it",
}

/** These say nothing of the session, so trying again makes sense. */
const troubles: readonly ClientErrorCode[] = [
  'too_many_requests',
  'temporarily_unavailable',
  'network_error',
  'unexpected_answer',
  'storage_failed',
]

/** One member of a request that the server refused. */
export interface RefusedMember {
  /** Such as `password`. */
  readonly member: string
  /** Such as `must have at least 8 characters`. */
  readonly detail: string
}

interface ErrorDetail {
  readonly members?: readonly RefusedMember[]
  readonly retryAfter?: number | undefined
}

/** Says by `code` why something was not done. Holds no token, no password, and nothing of what was sent. */
export class ClientError extends Error {
  readonly code: ClientErrorCode
  /** The members to mend, for `invalid_request`. */
  readonly members: readonly RefusedMember[]
  /** Seconds after which the server wants to be asked again. */
  readonly retryAfter: number | undefined

  constructor(code: ClientErrorCode, { members = [], retryAfter }: ErrorDetail = {}) {
    const details = members.map(({ member, detail }) => `${member} ${detail}`).join('; ') || hints[code]
    super(details ? `${code}: ${details}` : code)
    this.name = 'ClientError'
    this.code = code
    this.members = members
    this.retryAfter = retryAfter
  }
}

/** Tells whether a word of the server is one of ours. */
export function isErrorCode(word: unknown): word is ClientErrorCode {
  return codes.includes(word as ClientErrorCode)
}

/** Tells whether an error is trouble, and no refusal. */
export function isTrouble({ code }: ClientError): boolean {
  return troubles.includes(code)
}
