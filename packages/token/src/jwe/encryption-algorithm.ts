/**
 * Owns the tables of key management and content encryption. What has no row here cannot be expressed: RSAES-PKCS1-v1_5
 * and passwords (PBES2) above all, RSAES-OAEP with SHA-1, and every content encryption that authenticates nothing.
 */

/** Names how the content encryption key is conveyed (RFC 7518 §4.1). */
export type KeyManagementAlgorithm = 'RSA-OAEP-256' | 'ECDH-ES' | 'ECDH-ES+A128KW' | 'ECDH-ES+A256KW' | 'A256KW' | 'dir'

/** Names how the content is encrypted and authenticated (RFC 7518 §5.1). */
export type ContentEncryptionAlgorithm = 'A256GCM' | 'A128CBC-HS256' | 'A256CBC-HS512'

/** What a key management algorithm asks of its key and its JWE. */
interface KeyManagementParameters {
  readonly family: 'rsa' | 'ecdh' | 'wrap' | 'dir'
  /** Whether the content encryption key is wrapped with AES, which makes it 8 bytes longer (RFC 3394 §2.2.1). */
  readonly isWrapped: boolean
}

/** What a content encryption algorithm asks of its key and its JWE; lengths in bytes. */
interface ContentEncryptionParameters {
  readonly keyLength: number
  readonly ivLength: number
  readonly tagLength: number
  /** Length that the ciphertext is a multiple of. */
  readonly blockLength: number
}

const KEY_MANAGEMENT: ReadonlyMap<KeyManagementAlgorithm, KeyManagementParameters> = new Map<
  KeyManagementAlgorithm,
  KeyManagementParameters
>([
  ['RSA-OAEP-256', { family: 'rsa', isWrapped: false }],
  ['ECDH-ES', { family: 'ecdh', isWrapped: false }],
  ['ECDH-ES+A128KW', { family: 'ecdh', isWrapped: true }],
  ['ECDH-ES+A256KW', { family: 'ecdh', isWrapped: true }],
  ['A256KW', { family: 'wrap', isWrapped: true }],
  ['dir', { family: 'dir', isWrapped: false }],
])

const CONTENT_ENCRYPTION: ReadonlyMap<ContentEncryptionAlgorithm, ContentEncryptionParameters> = new Map<
  ContentEncryptionAlgorithm,
  ContentEncryptionParameters
>([
  ['A256GCM', { keyLength: 32, ivLength: 12, tagLength: 16, blockLength: 1 }],
  ['A128CBC-HS256', { keyLength: 32, ivLength: 16, tagLength: 16, blockLength: 16 }],
  ['A256CBC-HS512', { keyLength: 64, ivLength: 16, tagLength: 32, blockLength: 16 }],
])

/** Length of the key of A256KW, in bytes. */
export const WRAPPING_KEY_LENGTH = 32

/** Every key management algorithm, in the order of the table. */
export const KEY_MANAGEMENT_ALGORITHMS: readonly KeyManagementAlgorithm[] = [...KEY_MANAGEMENT.keys()]

/** Every content encryption algorithm, in the order of the table. */
export const ENCRYPTION_ALGORITHMS: readonly ContentEncryptionAlgorithm[] = [...CONTENT_ENCRYPTION.keys()]

/** Tells whether a value is the exact name of a key management algorithm (RFC 7516 §4.1.1). */
export function isKeyManagementAlgorithm(value: unknown): value is KeyManagementAlgorithm {
  return typeof value === 'string' && KEY_MANAGEMENT.has(value as KeyManagementAlgorithm)
}

/** Tells whether a value is the exact name of a content encryption algorithm (RFC 7516 §4.1.2). */
export function isEncryptionAlgorithm(value: unknown): value is ContentEncryptionAlgorithm {
  return typeof value === 'string' && CONTENT_ENCRYPTION.has(value as ContentEncryptionAlgorithm)
}

/** Gets what a key management algorithm asks for (RFC 7518 §4). */
export function getKeyManagementParameters(alg: KeyManagementAlgorithm): KeyManagementParameters {
  const parameters = KEY_MANAGEMENT.get(alg)
  if (parameters === undefined) throw new TypeError('The key management algorithm is not one that is known here.')
  return parameters
}

/** Gets what a content encryption algorithm asks for (RFC 7518 §5). */
export function getContentEncryptionParameters(enc: ContentEncryptionAlgorithm): ContentEncryptionParameters {
  const parameters = CONTENT_ENCRYPTION.get(enc)
  if (parameters === undefined) throw new TypeError('The content encryption algorithm is not one that is known here.')
  return parameters
}
