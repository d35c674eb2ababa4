/**
 * Owns the order of the checks on a JWT: form, header, algorithm, type, key and signature first; the claims are not
 * read before the signature holds (RFC 7519 §7.2, RFC 8725 §3).
 */
import type { JwtClaims } from './claims.ts'
import { copyJws, openCompactJws, type UnverifiedJws } from './compact-jws.ts'
import type { Key } from './key.ts'
import { type KeyResolver, type LocalKeys, readKeys, toKeys } from './local-keys.ts'
import { ProvenHeaders } from './proven-headers.ts'
import { writeToScratch } from './scratch.ts'
import { findSigningKey } from './signature.ts'
import { findCandidates } from './verification-keys.ts'
import { readVerifiedClaims, type VerifiedJwt } from './verified-token.ts'
import { readVerifierOptions, type VerifierOptionsOf, type VerifierRules } from './verifier-options.ts'

/** What `createVerifier` is told (RFC 7519 §7.2). */
export type VerifierOptions<Keys = LocalKeys | KeyResolver, Claims = JwtClaims> = VerifierOptionsOf<Keys, Claims>

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
  const verify = createVerification(readVerifierOptions(options, 'createVerifier', readKeys))
  return (token) => {
    const verified = verify(token)
    return verified instanceof Promise ? verified.then(({ claims }) => claims) : verified.claims
  }
}

/**
 * Creates a function that verifies JWTs as `createVerifier` does, and returns their protected header beside their claims
 * (RFC 7519 §7.2). The header is shared between the tokens that have the same one, and cannot be changed.
 *
 * @example
 * const verify = createJwtVerifier({ keys, algorithms: ['ES256'], issuer, audience, typ: 'at+jwt' })
 * const { claims, protectedHeader } = verify(token)
 * @throws TypeError at once, listing every bad option; the function then throws TokenError with any of its codes
 */
export function createJwtVerifier<Claims = JwtClaims>(
  options: VerifierOptions<LocalKeys, Claims>,
): (token: string) => VerifiedJwt<Claims>
export function createJwtVerifier<Claims = JwtClaims>(
  options: VerifierOptions<KeyResolver, Claims>,
): (token: string) => Promise<VerifiedJwt<Claims>>
export function createJwtVerifier<Claims = JwtClaims>(
  options: VerifierOptions<LocalKeys | KeyResolver, Claims>,
): (token: string) => VerifiedJwt<Claims> | Promise<VerifiedJwt<Claims>>
export function createJwtVerifier(
  options: VerifierOptions<LocalKeys | KeyResolver, unknown>,
): (token: string) => VerifiedJwt<unknown> | Promise<VerifiedJwt<unknown>> {
  return createVerification(readVerifierOptions(options, 'createJwtVerifier', readKeys))
}

function createVerification(
  rules: VerifierRules<readonly Key[] | KeyResolver>,
): (token: string) => VerifiedJwt<unknown> | Promise<VerifiedJwt<unknown>> {
  const { keys } = rules
  const proven = new ProvenHeaders()
  const verifyWith = (candidates: readonly Key[], jws: UnverifiedJws, token: string): VerifiedJwt<unknown> => {
    const { protectedHeader } = jws
    findSigningKey(jws, findCandidates(candidates, protectedHeader))
    proven.add(token, protectedHeader)
    return { claims: readVerifiedClaims(jws.payload, rules), protectedHeader }
  }
  const open = (token: string): UnverifiedJws => openCompactJws(token, rules, writeToScratch, proven)
  if (typeof keys !== 'function') return (token) => verifyWith(keys, open(token), token)
  return async (token) => {
    const jws = copyJws(open(token))
    return verifyWith(toKeys(await keys(jws.protectedHeader)), jws, token)
  }
}
