/**
 * Owns the order of the checks on a JWT: form, header, algorithm, type, key and signature first; the claims are not
 * read before the signature holds (RFC 7519 §7.2, RFC 8725 §3).
 */
import { checkClaims } from './check-claims.ts'
import { type JwtClaims, parseClaims } from './claims.ts'
import { applySchema } from './claims-schema.ts'
import { findSigningKey, openCompactJws, parseCompactJws, type UnverifiedJws } from './compact-jws.ts'
import type { Key } from './key.ts'
import { ProvenHeaders } from './proven-headers.ts'
import { findCandidates, type KeyResolver, type LocalKeys, toKeys } from './verification-keys.ts'
import { readVerifierOptions, type VerifierOptions } from './verifier-options.ts'

/**
 * Creates a function that verifies JWTs and returns their claims (RFC 7519 §7.2).
 *
 * With keys at hand it returns the claims; with a function that finds keys it returns a promise of them. `algorithms`,
 * `issuer`, `audience` and a present `exp` are required, or waived by name. With a `schema`, what that returns is returned.
 *
 * @example
 * const verify = createVerifier({ keys, algorithms: ['ES256'], issuer, audience, typ: 'at+jwt' })
 * const claims = verify(token)
 * @throws TypeError at once, listing every bad option; the function then throws TokenError with any of its codes
 */
export function createVerifier<Claims = JwtClaims>(
  options: VerifierOptions<LocalKeys, Claims>,
): (token: string) => Claims
export function createVerifier<Claims = JwtClaims>(
  options: VerifierOptions<KeyResolver, Claims>,
): (token: string) => Promise<Claims>
export function createVerifier<Claims = JwtClaims>(
  options: VerifierOptions<LocalKeys | KeyResolver, Claims>,
): (token: string) => Claims | Promise<Claims>
export function createVerifier(options: VerifierOptions<LocalKeys | KeyResolver, unknown>): (token: string) => unknown {
  const rules = readVerifierOptions(options)
  const { keys, schema } = rules
  const proven = new ProvenHeaders()
  const verifyWith = (candidates: readonly Key[], jws: UnverifiedJws, token: string): unknown => {
    findSigningKey(jws, findCandidates(candidates, jws.protectedHeader))
    proven.add(token, jws.protectedHeader)
    const claims = parseClaims(jws.payload)
    checkClaims(claims, rules, rules.now())
    return schema === undefined ? claims : applySchema(schema, claims)
  }
  if (typeof keys !== 'function') return (token) => verifyWith(keys, openCompactJws(token, rules, proven), token)
  return async (token) => {
    const jws = parseCompactJws(token, rules, proven)
    return verifyWith(toKeys(await keys(jws.protectedHeader)), jws, token)
  }
}
