/**
 * Owns the JSON types of the registered claims: a claim of another type is refused, never converted (RFC 7519 §4.1, RFC
 * 9068 §2.2).
 */
import { type JsonObject, JsonRefusal, parseJsonObject } from './json-object.ts'
import { TokenError } from './token-error.ts'

/** The claims of a JWT (RFC 7519 §4). Times are seconds since 1970, and may have a fraction. */
export interface JwtClaims {
  readonly iss?: string
  readonly sub?: string
  readonly aud?: string | readonly string[]
  readonly exp?: number
  readonly nbf?: number
  readonly iat?: number
  readonly jti?: string
  readonly client_id?: string
  /** Scopes with one space between them (RFC 8693 §4.2). */
  readonly scope?: string
  readonly [claim: string]: unknown
}

const isString = (value: unknown): boolean => typeof value === 'string'
const isTime = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value >= 0
const isAudience = (value: unknown): boolean => isString(value) || (Array.isArray(value) && value.every(isString))

const TYPE_OF_CLAIM: readonly (readonly [name: string, isSound: (value: unknown) => boolean, rule: string])[] = [
  ['iss', isString, 'a string'],
  ['sub', isString, 'a string'],
  ['aud', isAudience, 'a string or an array of strings'],
  ['exp', isTime, 'a number of seconds, finite and not negative'],
  ['nbf', isTime, 'a number of seconds, finite and not negative'],
  ['iat', isTime, 'a number of seconds, finite and not negative'],
  ['jti', isString, 'a string'],
  ['client_id', isString, 'a string'],
  ['scope', isString, 'a string'],
]

/**
 * Finds the first registered claim of a wrong type, and says what its type is; one that is undefined counts as not there
 * (RFC 7519 §4.1).
 */
export function findMistypedClaim(claims: JsonObject): { readonly claim: string; readonly rule: string } | undefined {
  for (const [claim, isSound, rule] of TYPE_OF_CLAIM) {
    const value = claims[claim]
    if (value !== undefined && !isSound(value) && Object.hasOwn(claims, claim)) return { claim, rule }
  }
  return undefined
}

/** Parses a claims set, whatever it says (RFC 7519 §7.2 step 10). @throws TokenError claims_malformed */
export function parseClaimsJson(bytes: Uint8Array, isFrozen = false): JsonObject {
  try {
    return parseJsonObject(bytes, isFrozen)
  } catch (error) {
    if (error instanceof JsonRefusal) throw new TokenError('claims_malformed', `The claims set ${error.message}.`)
    throw error
  }
}

/**
 * Parses a claims set with registered claims of their types (RFC 7519 §4.1).
 *
 * @param isFrozen whether it is frozen at every depth
 * @throws TokenError claims_malformed, claim_invalid
 */
export function parseClaims(bytes: Uint8Array, isFrozen = false): JwtClaims {
  const claims = parseClaimsJson(bytes, isFrozen)
  const mistyped = findMistypedClaim(claims)
  if (mistyped !== undefined) {
    const { claim, rule } = mistyped
    throw new TokenError('claim_invalid', `The claim "${claim}" is not ${rule}.`, { claim })
  }
  return claims as JwtClaims
}
