export { ACCESS_ERRORS, AccessError, type AccessErrorCode, type AccessErrorDetail } from './access-error.ts'
export type { AccessTokenClaims, Auth, Decision } from './auth.ts'
export { type Clock, systemClock } from './clock.ts'
export {
  createIdTokenVerifier,
  type ExpectedSignIn,
  type IdTokenClaims,
  type IdTokenVerifier,
  type IdTokenVerifierOptions,
} from './id-token/id-token-verifier.ts'
export type { Log } from './log.ts'
export type { CommonOptions, CookieOptions, IssuerChoice, IssuerOptions, ProtectionOptions } from './options.ts'
export { createProtection, type Protection } from './protection.ts'
export { FetchRequestView, type NodeRequest, NodeRequestView, type RequestView } from './request-view.ts'
export { createRequirementCheck, type RequirementCheck, type Requirements } from './requirements.ts'
export { createResourceMetadata, type ResourceMetadata, type ResourceMetadataOptions } from './resource-metadata.ts'
export type { ReplicaState, ReplicaStatus } from './revocation/replica.ts'
export { formatRevocationMetrics } from './revocation/revocation-metrics.ts'
export type { RevocationPolicy } from './revocation/revocation-policy.ts'
export { RevocationSet, type TokenMarks } from './revocation/revocation-set.ts'
