import type { Algorithm } from './algorithm.ts'
import { findSigningKey, openCompactJws, parseCompactJws, type UnverifiedJws } from './compact-jws.ts'
import type { Key } from './key.ts'
import { OptionProblems } from './option-problems.ts'
import type { ProtectedHeader } from './protected-header.ts'
import { findCandidates, type KeyResolver, type LocalKeys, readLocalKeys, toKeys } from './verification-keys.ts'
import { readAlgorithms, readMaxTokenLength } from './verifier-options.ts'

/** What `verifyCompact` is told. */
export interface VerifyCompactOptions<Keys = LocalKeys | KeyResolver> {
  /** A key, several, a JWK Set, or a function that finds them. Import a JWK Set once if it is used often. */
  readonly keys: Keys
  /** The algorithms that are accepted (RFC 8725 §3.1). */
  readonly algorithms: readonly Algorithm[]
  /**
   * The longest JWS that is looked at, in characters.
   * @default 8192
   */
  readonly maxTokenLength?: number
}

/** A JWS whose signature holds. */
export interface VerifiedJws {
  readonly protectedHeader: ProtectedHeader
  readonly payload: Uint8Array
  /** The key that made the signature. */
  readonly key: Key
}

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
  const problems = new OptionProblems('verifyCompact')
  problems.requireKnown(options, ['keys', 'algorithms', 'maxTokenLength'])
  const algorithms = readAlgorithms(options.algorithms, problems)
  const maxTokenLength = readMaxTokenLength(options.maxTokenLength, problems)
  const keys = typeof options.keys === 'function' ? options.keys : readLocalKeys(options.keys, algorithms, problems)
  problems.throwIfAny()
  const rules = { algorithms, maxTokenLength }
  if (typeof keys !== 'function') return verifyWith(keys, openCompactJws(jws, rules))
  return (async () => {
    const unverified = parseCompactJws(jws, rules)
    return verifyWith(toKeys(await keys(unverified.protectedHeader)), unverified)
  })()
}

function verifyWith(keys: readonly Key[], jws: UnverifiedJws): VerifiedJws {
  const { protectedHeader, payload } = jws
  const key = findSigningKey(jws, findCandidates(keys, protectedHeader))
  // A copy, since the payload may be a view of the scratch buffer.
  return { protectedHeader, payload: new Uint8Array(payload), key }
}
