/**
 * Why the client could not do what it was asked.
 *
 * Of the server: `invalid_credentials`, `invalid_request` (`members` says what to mend), `invalid_scope`, `invalid_target`,
 * `cross_site_request` (the page's origin is not in COUNTERSIGN_ALLOWED_ORIGINS), `too_many_requests`, `temporarily_unavailable`.
 * On the way: `network_error` (no answer in time), `unexpected_answer` (not from our server, or not as it answers).
 * Of the client: `session_changed` (someone else is signed in by now), `redirect_refused`, `storage_failed`, `closed`.
 */
export type ClientErrorCode = keyof typeof sentences

const sentences = {
  invalid_credentials: 'The e-mail address or the password is wrong.',
  invalid_request: 'The authorization server refused the request as malformed.',
  invalid_grant: 'The session is over.',
  invalid_scope: 'The scope is malformed, or more than there is to have.',
  invalid_target: 'The audience is not one that the authorization server issues for.',
  cross_site_request: 'The authorization server does not take requests from this origin.',
  too_many_requests: 'There were too many requests. Try again later.',
  temporarily_unavailable: 'The authorization server cannot answer just now.',
  network_error: 'The authorization server could not be reached in time.',
  unexpected_answer: 'The answer was not one of the authorization server.',
  session_changed: 'Another user has signed in since the request was begun. It was not sent.',
  redirect_refused:
    "The API answered with a redirect, which a request with a token follows only with redirect: 'follow'.",
  storage_failed: 'The refresh token could not be read from its storage.',
  closed: 'The client has been closed.',
}

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
    super([sentences[code], ...members.map(({ member, detail }) => `${member} ${detail}`)].join(' '))
    this.name = 'ClientError'
    this.code = code
    this.members = members
    this.retryAfter = retryAfter
  }
}

/** Tells whether a word of the server is one of ours. */
export function isErrorCode(word: unknown): word is ClientErrorCode {
  return typeof word === 'string' && Object.hasOwn(sentences, word)
}
