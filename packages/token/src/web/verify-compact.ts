import { openCompactJws } from '../compact-jws.ts'
import { findCandidates } from '../verification-keys.ts'
import type { VerifiedJwsOf } from '../verified-token.ts'
import { readVerifyCompactOptions, type VerifyCompactOptionsOf } from '../verify-compact-options.ts'
import type { Key } from './key.ts'
import { type KeyResolver, type LocalKeys, readKeys } from './local-keys.ts'
import { findSigningKey } from './signature.ts'
import { writeToken } from './token-bytes.ts'

/** What `verifyCompact` is told. */
export type VerifyCompactOptions<Keys = LocalKeys | KeyResolver> = VerifyCompactOptionsOf<Keys>

/** A JWS whose signature holds. */
export type VerifiedJws = VerifiedJwsOf<Key>

/**
 * Verifies a compact JWS that is no JWT and returns a promise of its payload as bytes (RFC 7515 §5.2).
 *
 * Only the signature is checked: what the payload says, whom it is for and how old it is are not. Verify a JWT with
 * `createVerifier`.
 *
 * @example const { payload } = await verifyCompact(jws, { keys, algorithms: ['ES256'] })
 * @throws TypeError that lists every bad option
 * @throws TokenError token_malformed, token_too_large, header_invalid, header_unsupported, algorithm_not_allowed,
 * key_not_found, key_ambiguous, signature_invalid
 */
export async function verifyCompact(jws: string, options: VerifyCompactOptions): Promise<VerifiedJws> {
  const { keys, ...rules } = readVerifyCompactOptions(options, readKeys)
  const unverified = openCompactJws(jws, rules, writeToken)
  const { protectedHeader, payload } = unverified
  const key = await findSigningKey(unverified, findCandidates(await keys(protectedHeader), protectedHeader))
  // A copy, since the payload is a view of bytes in which the rest of the token is too.
  return { protectedHeader, payload: new Uint8Array(payload), key }
}
