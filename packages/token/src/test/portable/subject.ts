import type { Algorithm } from '../../algorithm.ts'
import type { BoundKey } from '../../bound-key.ts'
import type { JwtClaims } from '../../claims.ts'
import type { Jwk, PublicJwk } from '../../jwk.ts'
import type { ImportedJwkSet, ImportJwkSetOptions } from '../../jwk-set-members.ts'
import type { SignCompactOptionsOf } from '../../jws-content.ts'
import type { SignerOptionsOf } from '../../signer-options.ts'
import type { DecodeUnverifiedOptions, UnverifiedJwt } from '../../unverified-jwt.ts'
import type { KeyResolverOf, LocalKeysOf } from '../../verification-keys.ts'
import type { VerifiedJwsOf, VerifiedJwt } from '../../verified-token.ts'
import type { VerifierOptionsOf } from '../../verifier-options.ts'
import type { VerifyCompactOptionsOf } from '../../verify-compact-options.ts'

type Awaitable<Value> = Value | Promise<Value>
/** Keys in any form in which a verifier takes them. */
export type AnyKeys = LocalKeysOf<BoundKey> | KeyResolverOf<BoundKey>
/** The options of a verifier of any library. */
export type AnyVerifierOptions = VerifierOptionsOf<AnyKeys, JwtClaims>

/**
 * A library under test: what the main entry and /web have in common once everything is awaited. The main entry ignores
 * `extractable`. The functions are written as methods, so that each library may ask for keys of its own.
 */
export interface Subject {
  readonly ALGORITHMS: readonly Algorithm[]
  readonly TOKEN_ERROR_CODES: readonly string[]
  importKey(
    source: Jwk | string | Uint8Array,
    options?: { alg?: Algorithm; kid?: string; extractable?: boolean },
  ): Awaitable<BoundKey>
  generateKey(
    alg: Algorithm,
    options?: { kid?: string; modulusLength?: number; extractable?: boolean },
  ): Promise<BoundKey>
  createSigner(options: SignerOptionsOf<BoundKey>): (claims: JwtClaims) => Awaitable<string>
  createVerifier(options: AnyVerifierOptions): (token: string) => Awaitable<JwtClaims>
  createJwtVerifier(options: AnyVerifierOptions): (token: string) => Awaitable<VerifiedJwt>
  signCompact(payload: Uint8Array, options: SignCompactOptionsOf<BoundKey>): Awaitable<string>
  verifyCompact(jws: string, options: VerifyCompactOptionsOf<AnyKeys>): Awaitable<VerifiedJwsOf<BoundKey>>
  decodeUnverified(token: string, options?: DecodeUnverifiedOptions): UnverifiedJwt
  exportPublicJwk(key: BoundKey): PublicJwk
  exportPrivateJwk(key: BoundKey): Awaitable<Jwk>
  exportPublicPem(key: BoundKey): Awaitable<string>
  exportPrivatePem(key: BoundKey): Awaitable<string>
  exportJwkSet(keys: readonly BoundKey[]): { readonly keys: readonly PublicJwk[] }
  importJwkSet(set: unknown, options?: ImportJwkSetOptions): Awaitable<ImportedJwkSet<BoundKey>>
  thumbprint(key: BoundKey | Jwk): Awaitable<string>
  tokenHash(alg: Algorithm, value: string): Awaitable<string>
  parseLifetime(lifetime: number | string): number
}
