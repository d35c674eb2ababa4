/**
 * Owns the errors of a refused token under the names that jsonwebtoken gave them. A bad option or an unusable key is a
 * TypeError instead: it is the program that is wrong, not the token.
 */

/**
 * Says that a token was refused (RFC 7519 §7.2).
 *
 * Its name and message are part of its JSON, as programs answer with `response.json(error)`; `inner` is not.
 */
export class JsonWebTokenError extends Error {
  override name = 'JsonWebTokenError'
  /** What the refusal came from: mostly a `TokenError`, whose code is for the log. */
  declare readonly inner?: unknown

  constructor(message: string, inner?: unknown) {
    super(message)
    Object.defineProperty(this, 'message', { enumerable: true })
    if (inner !== undefined) Object.defineProperty(this, 'inner', { value: inner })
  }
}

/** Says that a token has expired, or is older than `maxAge` (RFC 7519 §4.1.4). */
export class TokenExpiredError extends JsonWebTokenError {
  override name = 'TokenExpiredError'
  readonly expiredAt: Date

  constructor(message: string, expiredAt: Date) {
    super(message)
    this.expiredAt = expiredAt
  }
}

/** Says that a token is not valid yet, or was issued in the future (RFC 7519 §4.1.5). */
export class NotBeforeError extends JsonWebTokenError {
  override name = 'NotBeforeError'
  readonly date: Date

  constructor(message: string, date: Date) {
    super(message)
    this.date = date
  }
}
