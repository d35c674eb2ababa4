import { randomBytes } from 'node:crypto'
import { generateKey } from '../generate-key.ts'
import {
  type ContentEncryptionAlgorithm,
  getContentEncryptionParameters,
  getKeyManagementParameters,
  isEncryptionAlgorithm,
  isKeyManagementAlgorithm,
  type KeyManagementAlgorithm,
  WRAPPING_KEY_LENGTH,
} from './encryption-algorithm.ts'
import type { EncryptionKey } from './encryption-key.ts'
import { createEncryptionKey, importEncryptionKey } from './import-encryption-key.ts'

/** What `generateEncryptionKey` is told about the new key. */
export interface GenerateEncryptionKeyOptions {
  /** The content encryption of a key for `dir`, which is required for it and refused for others. */
  readonly enc?: ContentEncryptionAlgorithm
  /** @default the RFC 7638 thumbprint; none for a secret */
  readonly kid?: string
  /**
   * Bits of an RSA modulus.
   * @default 3072
   */
  readonly modulusLength?: number
}

/**
 * Generates a private key, on P-256 for ECDH-ES, or a secret, for one algorithm (RFC 7518 §4).
 *
 * @example const key = await generateEncryptionKey('ECDH-ES+A256KW')
 * @throws TypeError if the algorithm is unknown or the modulus too short
 */
export async function generateEncryptionKey(
  alg: KeyManagementAlgorithm,
  options: GenerateEncryptionKeyOptions = {},
): Promise<EncryptionKey> {
  const { enc, ...rest } = options
  if (!isKeyManagementAlgorithm(alg)) throw new TypeError('alg: name an algorithm that is supported.')
  const { family } = getKeyManagementParameters(alg)
  if (family === 'wrap' || family === 'dir') {
    const length = isEncryptionAlgorithm(enc) ? getContentEncryptionParameters(enc).keyLength : WRAPPING_KEY_LENGTH
    return importEncryptionKey(randomBytes(length), { alg, ...options })
  }
  if (enc !== undefined) throw new TypeError('enc: leave it out: only a key for dir is bound to one.')
  const key = await generateKey(family === 'rsa' ? 'RS256' : 'ES256', rest)
  return createEncryptionKey(key, { alg, enc }, { encrypt: true, decrypt: true })
}
