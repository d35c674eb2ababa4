export { ALGORITHMS, type Algorithm } from './algorithm.ts'
export type { JwtClaims } from './claims.ts'
export type { ClaimsSchema } from './claims-schema.ts'
export { createSigner, type SignerOptions } from './create-signer.ts'
export { createJwtVerifier, createVerifier, type VerifiedJwt } from './create-verifier.ts'
export { decodeUnverified, type UnverifiedJwt } from './decode-unverified.ts'
export { exportPrivateJwk, exportPrivatePem, exportPublicJwk, exportPublicPem } from './export-key.ts'
export { type GenerateKeyOptions, generateKey } from './generate-key.ts'
export { type ImportKeyOptions, importKey } from './import-key.ts'
export type { Jwk, JwkSet, PublicJwk } from './jwk.ts'
export {
  exportJwkSet,
  type ImportedJwkSet,
  type ImportJwkSetOptions,
  importJwkSet,
  type SkippedJwk,
} from './jwk-set.ts'
export type { Key, KeyKind } from './key.ts'
export { parseLifetime } from './parse-lifetime.ts'
export type { ProtectedHeader } from './protected-header.ts'
export { type SignCompactOptions, signCompact } from './sign-compact.ts'
export { thumbprint } from './thumbprint.ts'
export { TOKEN_ERROR_CODES, TokenError, type TokenErrorCode, type TokenErrorDetail } from './token-error.ts'
export { tokenHash } from './token-hash.ts'
export type { KeyResolver, LocalKeys, ResolvedKeys } from './verification-keys.ts'
export type { VerifierOptions } from './verifier-options.ts'
export { type VerifiedJws, type VerifyCompactOptions, verifyCompact } from './verify-compact.ts'
