/**
 * Owns what the payload of a JWT may be, both when it is signed and when it is verified, so that nothing is signed that
 * would be refused later (RFC 7519 §4.1).
 */
/** The claims of a JWT (RFC 7519 §4). Times are seconds since 1970. */
export interface JwtPayload {
  iss?: string
  /** A number where the program signed one, as many do; RFC 7519 §4.1.2 wants a string. */
  sub?: string | number
  aud?: string | string[]
  exp?: number
  nbf?: number
  iat?: number
  jti?: string
  [claim: string]: unknown
}

/** What is wrong with a payload. */
export interface UnsoundClaim {
  readonly claim: string
  /** Follows the name of the claim in a sentence. */
  readonly rule: string
}

/** The year 5138 in seconds, and 1973 in milliseconds: a time past it was meant in milliseconds, and would never come. */
const MILLISECONDS_FROM = 1e11

const isString = (value: unknown): boolean => typeof value === 'string'
const isSubject = (value: unknown): boolean => isString(value) || (typeof value === 'number' && Number.isFinite(value))
const isAudience = (value: unknown): boolean => isString(value) || (Array.isArray(value) && value.every(isString))
const isTime = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value < MILLISECONDS_FROM

const TIME_RULE = 'should be a number of seconds since 1970, and not of milliseconds'
const STRING_RULE = 'should be a string'

const RULES: readonly (readonly [claim: string, isSound: (value: unknown) => boolean, rule: string])[] = [
  ['iat', isTime, TIME_RULE],
  ['exp', isTime, TIME_RULE],
  ['nbf', isTime, TIME_RULE],
  ['iss', isString, STRING_RULE],
  ['sub', isSubject, 'should be a string, or a number'],
  ['aud', isAudience, 'should be a string or an array of strings'],
  ['jti', isString, STRING_RULE],
]

/** Finds the first registered claim of a wrong type (RFC 7519 §4.1). */
export function findUnsoundClaim(payload: JwtPayload): UnsoundClaim | undefined {
  for (const [claim, isSound, rule] of RULES) {
    if (Object.hasOwn(payload, claim) && !isSound(payload[claim])) return { claim, rule }
  }
  return undefined
}
