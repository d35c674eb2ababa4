/** Owns what a token becomes once its signature holds; nothing of its payload is read before (RFC 7519 §7.2). */
import { checkClaims } from './check-claims.ts'
import { type JwtClaims, parseClaims } from './claims.ts'
import { applySchema } from './claims-schema.ts'
import type { UnverifiedJws } from './compact-jws.ts'
import { deepFreeze } from './deep-freeze.ts'
import type { ProtectedHeader } from './protected-header.ts'
import type { VerifiedTokens } from './verified-tokens.ts'
import type { VerifierRules } from './verifier-options.ts'

/** A JWT that passed every check. */
export interface VerifiedJwt<Claims = JwtClaims> {
  /** What a `schema` made of the claims, or the claims. */
  readonly claims: Claims
  readonly protectedHeader: ProtectedHeader
}

/** A JWS whose signature holds. */
export interface VerifiedJwsOf<Key> {
  readonly protectedHeader: ProtectedHeader
  readonly payload: Uint8Array
  /** The key that made the signature. */
  readonly key: Key
}

/**
 * Reads the claims of a token whose signature holds, checks them and puts them through the schema, if there is one.
 *
 * @throws TokenError with any code of the claims
 */
export function readVerifiedJwt(
  { payload, protectedHeader }: UnverifiedJws,
  token: string,
  rules: VerifierRules<unknown>,
  known: VerifiedTokens<VerifiedJwt<unknown>> | undefined,
): VerifiedJwt<unknown> {
  const { schema } = rules
  // What may be handed out again is frozen, the first time too: a program that writes to it fails at once and not under load.
  const isShared = known !== undefined
  const claims = parseClaims(payload, isShared && schema === undefined)
  checkClaims(claims, rules, rules.now())
  if (!isShared) return { claims: schema === undefined ? claims : applySchema(schema, claims), protectedHeader }
  // As they are before a schema sees the claims, which might change them.
  const { exp, nbf, iat } = claims
  const result = schema === undefined ? claims : deepFreeze(applySchema(schema, claims))
  const verified = Object.freeze({ claims: result, protectedHeader })
  known.add(token, { exp, nbf, iat }, verified)
  return verified
}
