/** Owns the writing of keys; a secret leaves only through `exportPrivateJwk`, and never as anything public. */
import { createPublicKey, type KeyObject } from 'node:crypto'
import type { Jwk, PublicJwk } from './jwk.ts'
import { getKeyMaterial, type Key } from './key.ts'

/**
 * Exports the public half of a key as a JWK with `alg`, `kid` and `use` (RFC 7517 §4).
 *
 * @throws TypeError for a secret, which has no public half
 */
export function exportPublicJwk(key: Key): PublicJwk {
  const { kty = '', ...members } = getPublicKey(key, 'exportPublicJwk').export({ format: 'jwk' })
  return { kty, ...members, alg: key.alg, kid: key.kid ?? '', use: 'sig' }
}

/**
 * Exports a private key or a secret as a JWK with `alg` and `kid` (RFC 7517 §4). The result is the key: keep it secret.
 *
 * @throws TypeError for a public key
 */
export function exportPrivateJwk(key: Key): Jwk {
  if (key.kind === 'public') throw new TypeError('exportPrivateJwk: this key is public; use exportPublicJwk.')
  const members = getKeyMaterial(key).original.export({ format: 'jwk' })
  return { ...members, alg: key.alg, ...(key.kid === undefined ? {} : { kid: key.kid }) }
}

/**
 * Exports the public half of a key as PEM, SubjectPublicKeyInfo (RFC 7468 §13).
 *
 * @throws TypeError for a secret, which has no public half
 */
export function exportPublicPem(key: Key): string {
  return getPublicKey(key, 'exportPublicPem').export({ type: 'spki', format: 'pem' }).toString()
}

/**
 * Exports a private key as PEM, PKCS#8 without encryption (RFC 7468 §10). The result is the key: keep it secret.
 *
 * @throws TypeError for a public key and for a secret
 */
export function exportPrivatePem(key: Key): string {
  if (key.kind !== 'private')
    throw new TypeError(`exportPrivatePem: this key is ${key.kind}, and has no PEM form of a private key.`)
  return getKeyMaterial(key).original.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function getPublicKey(key: Key, caller: string): KeyObject {
  if (key.kind === 'secret') throw new TypeError(`${caller}: a secret has no public half.`)
  const { original } = getKeyMaterial(key)
  return original.type === 'public' ? original : createPublicKey(original)
}
