/** Owns what a payload must say to be accepted, in the order and with the messages of jsonwebtoken (RFC 7519 §4.1). */
import { JsonWebTokenError, NotBeforeError, TokenExpiredError } from './json-web-token-error.ts'
import { findUnsoundClaim, type JwtPayload } from './payload.ts'
import type { VerifyRules } from './verify-options.ts'

/** Seconds that an `iat` may be ahead, whatever the tolerance: two servers hardly ever agree to the second. */
const LEAST_IAT_TOLERANCE = 5

/** Checks the payload of a token whose signature holds. @throws JsonWebTokenError, TokenExpiredError, NotBeforeError */
export function checkPayload(payload: JwtPayload, rules: VerifyRules): void {
  const unsound = findUnsoundClaim(payload)
  if (unsound !== undefined) throw new JsonWebTokenError(`invalid ${unsound.claim} value`)
  checkNotBefore(payload, rules)
  checkExpiry(payload, rules)
  const { audiences, issuers, subject, jwtid, nonce } = rules
  const named = typeof payload.aud === 'string' ? [payload.aud] : (payload.aud ?? [])
  expect('audience', audiences, audiences?.join(' or '), (list) => named.some((audience) => list.includes(audience)))
  expect('issuer', issuers, issuers?.join(), (list) => payload.iss !== undefined && list.includes(payload.iss))
  expect('subject', subject, subject, () => payload.sub === subject)
  expect('jwtid', jwtid, jwtid, () => payload.jti === jwtid)
  expect('nonce', nonce, nonce, () => payload.nonce === nonce)
  checkAge(payload, rules)
}

function expect<T>(name: string, rule: T | undefined, text: string | undefined, holds: (rule: T) => boolean): void {
  if (rule !== undefined && !holds(rule)) throw new JsonWebTokenError(`jwt ${name} invalid. expected: ${text}`)
}

function checkNotBefore({ nbf, iat }: JwtPayload, { now, clockTolerance, ignoreNotBefore }: VerifyRules): void {
  if (ignoreNotBefore) return
  if (nbf !== undefined && nbf > now + clockTolerance) throw new NotBeforeError('jwt not active', toDate(nbf))
  if (iat !== undefined && iat > now + Math.max(clockTolerance, LEAST_IAT_TOLERANCE)) {
    throw new NotBeforeError('jwt issued in the future', toDate(iat))
  }
}

function checkExpiry({ exp }: JwtPayload, rules: VerifyRules): void {
  if (exp === undefined) {
    if (rules.isExpiryRequired) throw new JsonWebTokenError('exp required unless dangerouslyAllowNoExpiry is true')
    return
  }
  if (!rules.ignoreExpiration && rules.now >= exp + rules.clockTolerance) {
    throw new TokenExpiredError('jwt expired', toDate(exp))
  }
}

function checkAge({ iat }: JwtPayload, { now, clockTolerance, maxAge }: VerifyRules): void {
  if (maxAge === undefined) return
  if (iat === undefined) throw new JsonWebTokenError('iat required when maxAge is specified')
  const end = Math.floor(iat + maxAge)
  if (now >= end + clockTolerance) throw new TokenExpiredError('maxAge exceeded', toDate(end))
}

function toDate(seconds: number): Date {
  return new Date(seconds * 1000)
}
