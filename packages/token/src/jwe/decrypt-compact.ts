/**
 * Owns the decryption of a compact JWE: everything that can be told without a key is told first, and what happens with a
 * key ends in the plaintext or in one error that is the same whatever went wrong (RFC 7516 §5.2, §11.5).
 */
import { compactDecrypt } from 'jose/jwe/compact/decrypt'
import { OptionProblems } from '../option-problems.ts'
import { TokenError } from '../token-error.ts'
import { type CompactJweRules, DEFAULT_MAX_JWE_LENGTH, parseCompactJwe } from './compact-jwe.ts'
import { type DecryptionKeys, findDecryptionKeys, readDecryptionKeys } from './decryption-keys.ts'
import {
  type ContentEncryptionAlgorithm,
  ENCRYPTION_ALGORITHMS,
  isEncryptionAlgorithm,
  isKeyManagementAlgorithm,
  KEY_MANAGEMENT_ALGORITHMS,
  type KeyManagementAlgorithm,
} from './encryption-algorithm.ts'
import { type EncryptionKey, getEncryptionKeyMaterial } from './encryption-key.ts'
import type { JweHeader } from './jwe-header.ts'

/** What `decryptCompact` is told. */
export interface DecryptCompactOptions {
  /** A private key or a secret, or several. */
  readonly keys: DecryptionKeys
  /** The key management algorithms that are accepted (RFC 8725 §3.1). */
  readonly algorithms: readonly KeyManagementAlgorithm[]
  /** The content encryption algorithms that are accepted (RFC 8725 §3.2). */
  readonly encryptions: readonly ContentEncryptionAlgorithm[]
  /**
   * The longest JWE that is looked at, in characters.
   * @default 16384
   */
  readonly maxTokenLength?: number
}

/** What a JWE held. */
export interface DecryptedJwe {
  readonly protectedHeader: JweHeader
  readonly plaintext: Uint8Array
  /** The key that decrypted it. */
  readonly key: EncryptionKey
}

/** The rules of one decrypter, checked and with every default filled in. */
export interface DecryptionRules extends CompactJweRules {
  readonly keys: readonly EncryptionKey[]
}

/**
 * Decrypts a compact JWE that is no JWT and returns its plaintext (RFC 7516 §5.2).
 *
 * That it decrypts says who may read it, not who wrote it: under a public key, anyone did. Decrypt a JWT with
 * `createDecrypter`, which verifies the signature inside.
 *
 * @example const { plaintext } = await decryptCompact(jwe, { keys, algorithms: ['A256KW'], encryptions: ['A256GCM'] })
 * @throws TypeError that lists every bad option
 * @throws TokenError token_malformed, token_too_large, header_invalid, header_unsupported, algorithm_not_allowed,
 * key_not_found, key_ambiguous, signature_invalid
 */
export async function decryptCompact(jwe: string, options: DecryptCompactOptions): Promise<DecryptedJwe> {
  if (typeof options !== 'object' || options === null) throw new TypeError('decryptCompact: give an object of options.')
  const problems = new OptionProblems('decryptCompact')
  problems.requireKnown(options, DECRYPTION_OPTION_NAMES)
  const rules = readDecryptionRules(options, problems)
  problems.throwIfAny()
  return decryptWith(jwe, rules)
}

/** The options that `readDecryptionRules` reads. */
export const DECRYPTION_OPTION_NAMES: readonly string[] = ['keys', 'algorithms', 'encryptions', 'maxTokenLength']

/** Reads the options that every decryption needs. */
export function readDecryptionRules(options: DecryptCompactOptions, problems: OptionProblems): DecryptionRules {
  const { maxTokenLength = DEFAULT_MAX_JWE_LENGTH } = options
  const algorithms = readNames('algorithms', options, isKeyManagementAlgorithm, KEY_MANAGEMENT_ALGORITHMS, problems)
  const encryptions = readNames('encryptions', options, isEncryptionAlgorithm, ENCRYPTION_ALGORITHMS, problems)
  const isLength = Number.isSafeInteger(maxTokenLength) && maxTokenLength > 0
  problems.require(isLength, 'maxTokenLength', 'give a whole number of characters above zero')
  return { algorithms, encryptions, maxTokenLength, keys: readDecryptionKeys(options.keys, algorithms, problems) }
}

function readNames<Name extends string>(
  option: 'algorithms' | 'encryptions',
  options: DecryptCompactOptions,
  isName: (value: unknown) => value is Name,
  all: readonly Name[],
  problems: OptionProblems,
): readonly Name[] {
  const names: unknown = options[option]
  if (Array.isArray(names) && names.length > 0 && names.every(isName)) return Object.freeze([...names])
  problems.add(option, `name those that are accepted, at least one of ${all.join(', ')}`)
  return []
}

/** Decrypts a JWE by rules that were read before (RFC 7516 §5.2). @throws TokenError as `decryptCompact` does */
export async function decryptWith(token: unknown, rules: DecryptionRules): Promise<DecryptedJwe> {
  const { protectedHeader, encryptedKeyLength } = parseCompactJwe(token, rules)
  for (const key of findDecryptionKeys(rules.keys, protectedHeader)) {
    const { decryption, modulusLength } = getEncryptionKeyMaterial(key)
    if (decryption === undefined || (modulusLength !== undefined && modulusLength !== encryptedKeyLength)) continue
    try {
      const { plaintext } = await compactDecrypt(token as string, decryption, {
        keyManagementAlgorithms: [protectedHeader.alg],
        contentEncryptionAlgorithms: [protectedHeader.enc],
      })
      return { protectedHeader, plaintext, key }
    } catch {
      // Nothing of the cause may be told: not a point off the curve from a wrong tag, nor padding from either.
    }
  }
  throw new TokenError('signature_invalid', 'The token cannot be decrypted: it was changed, or is for another key.')
}
