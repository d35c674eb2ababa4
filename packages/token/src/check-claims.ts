/** Owns what the claims of a token must say to be accepted at one moment (RFC 7519 §4.1, RFC 8725 §3.8, §3.9). */
import type { JwtClaims } from './claims.ts'
import { TokenError, type TokenErrorCode } from './token-error.ts'

/** What a verifier asks of the claims. `undefined` is a check that was waived by name or not asked for. */
export interface ClaimRules {
  readonly issuers: readonly string[] | undefined
  readonly audiences: readonly string[] | undefined
  readonly requiredClaims: readonly string[]
  /** Seconds. */
  readonly clockTolerance: number
  /** Seconds. */
  readonly maxTokenAge: number | undefined
  /** Seconds. */
  readonly maxLifetime: number | undefined
}

/** The claims that are about time, in epoch seconds. */
export interface ClaimTimes {
  readonly exp?: number | undefined
  readonly nbf?: number | undefined
  readonly iat?: number | undefined
}

/**
 * Checks claims at a moment, in epoch seconds (RFC 7519 §4.1).
 *
 * @throws TokenError claim_missing, issuer_mismatch, audience_mismatch, token_expired, token_not_yet_valid,
 * token_too_old, lifetime_too_long
 */
export function checkClaims(claims: JwtClaims, rules: ClaimRules, now: number): void {
  for (const claim of rules.requiredClaims) {
    if (!Object.hasOwn(claims, claim) || claims[claim] === null) {
      throw new TokenError('claim_missing', `The token has no claim "${claim}", which is required.`, { claim })
    }
  }
  checkIssuer(claims.iss, rules.issuers)
  checkAudience(claims.aud, rules.audiences)
  checkTimes(claims, rules, now)
}

function checkIssuer(received: string | undefined, issuers: readonly string[] | undefined): void {
  if (issuers === undefined || (received !== undefined && issuers.includes(received))) return
  throw new TokenError('issuer_mismatch', 'The issuer (iss) of the token is not the one expected.', {
    claim: 'iss',
    expected: issuers,
    received,
  })
}

function checkAudience(
  received: string | readonly string[] | undefined,
  audiences: readonly string[] | undefined,
): void {
  if (audiences === undefined) return
  const named = typeof received === 'string' ? [received] : (received ?? [])
  if (named.some((audience) => audiences.includes(audience))) return
  throw new TokenError('audience_mismatch', 'The audience (aud) of the token is not the one expected.', {
    claim: 'aud',
    expected: audiences,
    received,
  })
}

/**
 * Checks what has to do with time, at a moment in epoch seconds (RFC 7519 §4.1.4 to §4.1.6). Each comparison is written so
 * that a clock that is not a number refuses.
 *
 * @throws TokenError token_expired, token_not_yet_valid, token_too_old, lifetime_too_long
 */
export function checkTimes({ exp, nbf, iat }: ClaimTimes, rules: ClaimRules, now: number): void {
  const { clockTolerance, maxTokenAge, maxLifetime } = rules
  if (exp !== undefined) refuseUnless(now < exp + clockTolerance, 'token_expired', 'exp', 'The token has expired.')
  if (nbf !== undefined)
    refuseUnless(nbf <= now + clockTolerance, 'token_not_yet_valid', 'nbf', 'The token is not valid yet.')
  // A token from the future would outlive the revocation of everything issued before now.
  if (iat !== undefined)
    refuseUnless(iat <= now + clockTolerance, 'token_not_yet_valid', 'iat', 'The token was issued in the future.')
  if (maxTokenAge !== undefined && iat !== undefined) {
    refuseUnless(
      now - iat <= maxTokenAge + clockTolerance,
      'token_too_old',
      'iat',
      'The token was issued too long ago.',
    )
  }
  if (maxLifetime !== undefined && iat !== undefined && exp !== undefined) {
    refuseUnless(exp - iat <= maxLifetime, 'lifetime_too_long', 'exp', 'The token lives longer than is allowed.')
  }
}

function refuseUnless(isAccepted: boolean, code: TokenErrorCode, claim: string, message: string): void {
  if (!isAccepted) throw new TokenError(code, message, { claim })
}
