/** Owns the encryption of bytes as a compact JWE: the key decides `alg`, and nothing is compressed (RFC 7516 §5.1). */
import { isUint8Array } from 'node:util/types'
import { CompactEncrypt } from 'jose/jwe/compact/encrypt'
import { decodeBase64url } from '../base64url.ts'
import { encodeStrictJson } from '../sign-compact.ts'
import {
  type ContentEncryptionAlgorithm,
  ENCRYPTION_ALGORITHMS,
  isEncryptionAlgorithm,
} from './encryption-algorithm.ts'
import { type EncryptionKey, getEncryptionKeyMaterial, isEncryptionKey } from './encryption-key.ts'

/** What `encryptCompact` is told. */
export interface EncryptCompactOptions {
  /** The public key of the recipient, or a secret; it decides `alg` and `kid`. */
  readonly key: EncryptionKey
  /**
   * The content encryption algorithm; required unless the key is for `dir`, which is bound to one.
   * @default that of a key for `dir`
   */
  readonly enc?: ContentEncryptionAlgorithm
  /**
   * Header parameters besides those that the key and the encryption decide.
   * @default {}
   */
  readonly protectedHeader?: Readonly<Record<string, unknown>>
}

/** Parameters that the key and the encryption decide, or that no decrypter of this package honours. */
const REFUSED_PARAMETERS = ['alg', 'enc', 'kid', 'epk', 'iv', 'tag', 'p2s', 'p2c', 'crit', 'b64', 'zip']

/**
 * Encrypts bytes as a compact JWE (RFC 7516 §5.1). Encrypt a JWT with `createEncrypter`.
 *
 * @example const jwe = await encryptCompact(new TextEncoder().encode('hello'), { key, enc: 'A256GCM' })
 * @throws TypeError if the key cannot encrypt, or the header says what it must not
 */
export async function encryptCompact(plaintext: Uint8Array, options: EncryptCompactOptions): Promise<string> {
  if (typeof options !== 'object' || options === null) throw new TypeError('encryptCompact: give an object of options.')
  const { key, protectedHeader = {} } = options
  if (!isEncryptionKey(key)) throw new TypeError('key: give a key made by importEncryptionKey.')
  if (!isUint8Array(plaintext)) throw new TypeError('plaintext: give bytes, as a Uint8Array.')
  for (const name of REFUSED_PARAMETERS) {
    if (Object.hasOwn(protectedHeader, name))
      throw new TypeError(`protectedHeader.${name}: leave it out: the key decides it, or it is never honoured.`)
  }
  for (const name of ['apu', 'apv']) {
    const value = protectedHeader[name]
    if (value !== undefined && (typeof value !== 'string' || decodeBase64url(value) === undefined))
      throw new TypeError(`protectedHeader.${name}: give base64url without padding.`)
  }
  const enc = readEncryption(key, options.enc)
  const { encryption } = getEncryptionKeyMaterial(key)
  if (encryption === undefined) throw new TypeError('key: this secret may only decrypt.')
  const header = { ...protectedHeader, alg: key.alg, enc, ...(key.kid === undefined ? {} : { kid: key.kid }) }
  // A header that the decrypter would refuse is not written.
  encodeStrictJson(header, 'protectedHeader')
  return new CompactEncrypt(plaintext).setProtectedHeader(header).encrypt(encryption)
}

/** Reads the content encryption for a key. @throws TypeError that says what to give */
export function readEncryption(key: EncryptionKey, enc: unknown): ContentEncryptionAlgorithm {
  const chosen = enc ?? key.enc
  if (!isEncryptionAlgorithm(chosen)) throw new TypeError(`enc: give one of ${ENCRYPTION_ALGORITHMS.join(', ')}.`)
  if (key.enc !== undefined && chosen !== key.enc) throw new TypeError(`enc: the key is for ${key.enc}: leave it out.`)
  return chosen
}
