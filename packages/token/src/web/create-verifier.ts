/**
 * Owns the order of the checks on a JWT where there is Web Crypto, which is that of the main entry (RFC 7519 §7.2, RFC
 * 8725 §3). Each token is taken apart in bytes of its own, since many may wait for their signatures at once.
 */
import type { JwtClaims } from '../claims.ts'
import { openCompactJws } from '../compact-jws.ts'
import { findCandidates } from '../verification-keys.ts'
import { readVerifiedJwt, type VerifiedJwt } from '../verified-token.ts'
import { VerifiedTokens } from '../verified-tokens.ts'
import { readVerifierOptions, type VerifierOptionsOf, type VerifierRules } from '../verifier-options.ts'
import { type KeyFinder, type KeyResolver, type LocalKeys, readKeys } from './local-keys.ts'
import { findSigningKey } from './signature.ts'
import { copyText, writeToken } from './token-bytes.ts'

/** What `createVerifier` is told (RFC 7519 §7.2). */
export type VerifierOptions<Keys = LocalKeys | KeyResolver, Claims = JwtClaims> = VerifierOptionsOf<Keys, Claims>

/**
 * Creates a function that verifies JWTs and returns a promise of their claims (RFC 7519 §7.2).
 *
 * `algorithms`, `issuer`, `audience` and a present `exp` are required, or waived by name. With a `schema`, what that
 * returns is returned.
 *
 * @example
 * const verify = createVerifier({ keys, algorithms: ['ES256'], issuer, audience, typ: 'at+jwt' })
 * const claims = await verify(token)
 * @throws TypeError at once, listing every bad option; the promise is rejected with a TokenError of any code, and with a
 * TypeError if `keys` is a JWK Set in which no key is usable
 */
export function createVerifier<Claims = JwtClaims>(
  options: VerifierOptions<LocalKeys | KeyResolver, Claims>,
): (token: string) => Promise<Claims> {
  const verify = createVerification<Claims>(readVerifierOptions(options, 'createVerifier', readKeys))
  return async (token) => (await verify(token)).claims
}

/**
 * Creates a function that verifies JWTs as `createVerifier` does, and returns a promise of their protected header beside
 * their claims (RFC 7519 §7.2). The header cannot be changed.
 *
 * @example
 * const verify = createJwtVerifier({ keys, algorithms: ['ES256'], issuer, audience, typ: 'at+jwt' })
 * const { claims, protectedHeader } = await verify(token)
 * @throws TypeError at once, listing every bad option; the promise is rejected as that of `createVerifier`
 */
export function createJwtVerifier<Claims = JwtClaims>(
  options: VerifierOptions<LocalKeys | KeyResolver, Claims>,
): (token: string) => Promise<VerifiedJwt<Claims>> {
  return createVerification(readVerifierOptions(options, 'createJwtVerifier', readKeys))
}

function createVerification<Claims>(rules: VerifierRules<KeyFinder>): (token: string) => Promise<VerifiedJwt<Claims>> {
  const known = rules.cacheSize === 0 ? undefined : new VerifiedTokens<VerifiedJwt<unknown>>(rules, copyText)
  const verify = async (token: string): Promise<VerifiedJwt<unknown>> => {
    const verified = known?.find(token)
    if (verified !== undefined) return verified
    const jws = openCompactJws(token, rules, writeToken)
    const { protectedHeader } = jws
    await findSigningKey(jws, findCandidates(await rules.keys(protectedHeader), protectedHeader))
    return readVerifiedJwt(jws, token, rules, known)
  }
  return verify as (token: string) => Promise<VerifiedJwt<Claims>>
}
