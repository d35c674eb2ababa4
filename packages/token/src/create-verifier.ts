/**
 * Owns the order of the checks on a JWT: form, header, algorithm, type, key and signature first; the claims are not
 * read before the signature holds (RFC 7519 §7.2, RFC 8725 §3).
 */
import { checkClaims } from './check-claims.ts'
import { type JwtClaims, parseClaims } from './claims.ts'
import { applySchema } from './claims-schema.ts'
import {
  findSigningKey,
  findSigningKeyInPool,
  openCompactJws,
  parseCompactJws,
  type UnverifiedJws,
} from './compact-jws.ts'
import type { ProtectedHeader } from './protected-header.ts'
import { ProvenHeaders } from './proven-headers.ts'
import { findCandidates, type KeyResolver, type LocalKeys, toKeys } from './verification-keys.ts'
import { VerifiedTokens } from './verified-tokens.ts'
import {
  type AnyVerifierOptions,
  readVerifierOptions,
  type VerifierOptions,
  type VerifierRules,
} from './verifier-options.ts'

/** A JWT that passed every check. */
export interface VerifiedJwt<Claims = JwtClaims> {
  /** What a `schema` made of the claims, or the claims. */
  readonly claims: Claims
  readonly protectedHeader: ProtectedHeader
}

/** Options whose verifier returns a promise: of keys that have to be found, or of signatures on the thread pool. */
type LaterOptions<Claims> =
  | VerifierOptions<KeyResolver, Claims, boolean>
  | VerifierOptions<LocalKeys | KeyResolver, Claims, true>

/**
 * Creates a function that verifies JWTs and returns their claims (RFC 7519 §7.2).
 *
 * With keys at hand it returns the claims; with a function that finds keys, and with `threadPool`, a promise of them. `algorithms`,
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
export function createVerifier<Claims = JwtClaims>(options: LaterOptions<Claims>): (token: string) => Promise<Claims>
export function createVerifier<Claims = JwtClaims>(
  options: VerifierOptions<LocalKeys | KeyResolver, Claims, boolean>,
): (token: string) => Claims | Promise<Claims>
export function createVerifier(options: AnyVerifierOptions): (token: string) => unknown {
  const verify = createVerification(readVerifierOptions(options, 'createVerifier'))
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
  options: LaterOptions<Claims>,
): (token: string) => Promise<VerifiedJwt<Claims>>
export function createJwtVerifier<Claims = JwtClaims>(
  options: VerifierOptions<LocalKeys | KeyResolver, Claims, boolean>,
): (token: string) => VerifiedJwt<Claims> | Promise<VerifiedJwt<Claims>>
export function createJwtVerifier(
  options: AnyVerifierOptions,
): (token: string) => VerifiedJwt<unknown> | Promise<VerifiedJwt<unknown>> {
  return createVerification(readVerifierOptions(options, 'createJwtVerifier'))
}

function createVerification(
  rules: VerifierRules,
): (token: string) => VerifiedJwt<unknown> | Promise<VerifiedJwt<unknown>> {
  const { keys, schema, threadPool } = rules
  const proven = new ProvenHeaders()
  const known = rules.cacheSize === 0 ? undefined : new VerifiedTokens<VerifiedJwt<unknown>>(rules)
  const readVerified = ({ protectedHeader, payload }: UnverifiedJws, token: string): VerifiedJwt<unknown> => {
    proven.add(token, protectedHeader)
    const claims = parseClaims(payload)
    checkClaims(claims, rules, rules.now())
    // As they are before a schema sees the claims, which might change them.
    const { exp, nbf, iat } = claims
    const verified = { claims: schema === undefined ? claims : applySchema(schema, claims), protectedHeader }
    known?.add(token, { exp, nbf, iat }, verified)
    return verified
  }
  if (typeof keys !== 'function' && !threadPool) {
    const verifyNow = (token: string): VerifiedJwt<unknown> => {
      const jws = openCompactJws(token, rules, proven)
      findSigningKey(jws, findCandidates(keys, jws.protectedHeader))
      return readVerified(jws, token)
    }
    return known === undefined ? verifyNow : (token) => known.find(token) ?? verifyNow(token)
  }
  return async (token) => {
    const verified = known?.find(token)
    if (verified !== undefined) return verified
    const jws = parseCompactJws(token, rules, proven)
    const found = typeof keys === 'function' ? toKeys(await keys(jws.protectedHeader)) : keys
    const candidates = findCandidates(found, jws.protectedHeader)
    if (threadPool) await findSigningKeyInPool(jws, candidates)
    else findSigningKey(jws, candidates)
    return readVerified(jws, token)
  }
}
