import { copyJws, openCompactJws, type UnverifiedJws } from './compact-jws.ts'
import type { Key } from './key.ts'
import { type KeyResolver, type LocalKeys, readKeys, toKeys } from './local-keys.ts'
import { writeToScratch } from './scratch.ts'
import { findSigningKey } from './signature.ts'
import { findCandidates } from './verification-keys.ts'
import type { VerifiedJwsOf } from './verified-token.ts'
import { readVerifyCompactOptions, type VerifyCompactOptionsOf } from './verify-compact-options.ts'

/** What `verifyCompact` is told. */
export type VerifyCompactOptions<Keys = LocalKeys | KeyResolver> = VerifyCompactOptionsOf<Keys>

/** A JWS whose signature holds. */
export type VerifiedJws = VerifiedJwsOf<Key>

/**
 * Verifies a compact JWS that is no JWT and returns its payload as bytes (RFC 7515 §5.2).
 *
 * Only the signature is checked: what the payload says, whom it is for and how old it is are not. Verify a JWT with
 * `createVerifier`.
 *
 * @example const { payload } = verifyCompact(jws, { keys, algorithms: ['ES256'] })
 * @throws TypeError that lists every bad option
 * @throws TokenError token_malformed, token_too_large, header_invalid, header_unsupported, algorithm_not_allowed,
 * key_not_found, key_ambiguous, signature_invalid
 */
export function verifyCompact(jws: string, options: VerifyCompactOptions<LocalKeys>): VerifiedJws
export function verifyCompact(jws: string, options: VerifyCompactOptions<KeyResolver>): Promise<VerifiedJws>
export function verifyCompact(jws: string, options: VerifyCompactOptions): VerifiedJws | Promise<VerifiedJws>
export function verifyCompact(jws: string, options: VerifyCompactOptions): VerifiedJws | Promise<VerifiedJws> {
  const { keys, ...rules } = readVerifyCompactOptions(options, readKeys)
  const open = (): UnverifiedJws => openCompactJws(jws, rules, writeToScratch)
  if (typeof keys !== 'function') return verifyWith(keys, open())
  return (async () => {
    const unverified = copyJws(open())
    return verifyWith(toKeys(await keys(unverified.protectedHeader)), unverified)
  })()
}

function verifyWith(keys: readonly Key[], jws: UnverifiedJws): VerifiedJws {
  const { protectedHeader, payload } = jws
  const key = findSigningKey(jws, findCandidates(keys, protectedHeader))
  // A copy, since the payload may be a view of the scratch buffer.
  return { protectedHeader, payload: new Uint8Array(payload), key }
}
