/** Owns the writing of keys for encryption; a secret leaves only through `exportPrivateEncryptionJwk`. */
import type { Jwk } from '../jwk.ts'
import { type EncryptionKey, getEncryptionKeyMaterial } from './encryption-key.ts'

/**
 * Exports the public half of a key as a JWK with `alg`, `kid` and `use`, for whoever encrypts to it (RFC 7517 §4).
 *
 * @throws TypeError for a secret, which has no public half
 */
export function exportPublicEncryptionJwk(key: EncryptionKey): Jwk {
  const { encryption } = getEncryptionKeyMaterial(key)
  if (key.kind === 'secret' || encryption === undefined) {
    throw new TypeError('exportPublicEncryptionJwk: a secret has no public half.')
  }
  return { ...encryption.export({ format: 'jwk' }), ...nameKey(key) }
}

/**
 * Exports a private key or a secret as a JWK with `alg`, `kid` and `use` (RFC 7517 §4). The result is the key: keep it
 * secret.
 *
 * @throws TypeError for a public key
 */
export function exportPrivateEncryptionJwk(key: EncryptionKey): Jwk {
  const { encryption, decryption } = getEncryptionKeyMaterial(key)
  const material = key.kind === 'public' ? undefined : (decryption ?? encryption)
  if (material === undefined) {
    throw new TypeError('exportPrivateEncryptionJwk: this key is public; use exportPublicEncryptionJwk.')
  }
  const operations = { dir: ['encrypt', 'decrypt'], A256KW: ['wrapKey', 'unwrapKey'] } as const
  const [encrypt, decrypt] = key.alg === 'dir' || key.alg === 'A256KW' ? operations[key.alg] : []
  const isLimited = key.kind === 'secret' && (encryption === undefined || decryption === undefined)
  const limit = isLimited ? { key_ops: [String(encryption === undefined ? decrypt : encrypt)] } : {}
  return { ...material.export({ format: 'jwk' }), ...nameKey(key), ...limit }
}

function nameKey({ alg, enc, kid }: EncryptionKey): Jwk {
  return { alg: enc ?? alg, use: 'enc', ...(kid === undefined ? {} : { kid }) }
}
