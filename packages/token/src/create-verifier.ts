/**
 * Owns the order of the checks on a JWT: form, header, algorithm, type, key and signature first; the claims are not
 * read before the signature holds (RFC 7519 §7.2, RFC 8725 §3).
 */
import { checkClaims } from './check-claims.ts'
import { type JwtClaims, parseClaims } from './claims.ts'
import { decodeSegment, findSigningKey, parseCompactJws, type UnverifiedJws } from './compact-jws.ts'
import type { Key } from './key.ts'
import { checkType } from './protected-header.ts'
import { findCandidates, type KeyResolver, type LocalKeys, toKeys } from './verification-keys.ts'
import { readVerifierOptions, type VerifierOptions, type VerifierRules } from './verifier-options.ts'

/**
 * Creates a function that verifies JWTs and returns their claims (RFC 7519 §7.2).
 *
 * With keys at hand it returns the claims; with a function that finds keys it returns a promise of them. `algorithms`,
 * `issuer`, `audience` and a present `exp` are required, or waived by name.
 *
 * @example
 * const verify = createVerifier({ keys, algorithms: ['ES256'], issuer, audience, typ: 'at+jwt' })
 * const claims = verify(token)
 * @throws TypeError at once, listing every bad option; the function then throws TokenError with any of its codes
 */
export function createVerifier(options: VerifierOptions<LocalKeys>): (token: string) => JwtClaims
export function createVerifier(options: VerifierOptions<KeyResolver>): (token: string) => Promise<JwtClaims>
export function createVerifier(options: VerifierOptions): (token: string) => JwtClaims | Promise<JwtClaims>
export function createVerifier(options: VerifierOptions): (token: string) => JwtClaims | Promise<JwtClaims> {
  const rules = readVerifierOptions(options)
  const { keys } = rules
  if (typeof keys !== 'function') return (token) => verifyWith(keys, openToken(token, rules), rules)
  return async (token) => {
    const jws = openToken(token, rules)
    return verifyWith(toKeys(await keys(jws.protectedHeader)), jws, rules)
  }
}

function openToken(token: string, rules: VerifierRules): UnverifiedJws {
  const jws = parseCompactJws(token, rules)
  checkType(jws.protectedHeader.typ, rules.typ)
  return jws
}

function verifyWith(keys: readonly Key[], jws: UnverifiedJws, rules: VerifierRules): JwtClaims {
  findSigningKey(jws, findCandidates(keys, jws.protectedHeader))
  const claims = parseClaims(decodeSegment(jws.payloadSegment))
  checkClaims(claims, rules, rules.now())
  return claims
}
