import { createHash, createPublicKey } from 'node:crypto'
import type { Jwk } from './jwk.ts'
import { getKeyMaterial, isKey, type Key } from './key.ts'
import { writeThumbprintInput } from './thumbprint-input.ts'

/**
 * Computes the SHA-256 thumbprint of a public or private key, in base64url (RFC 7638 §3).
 *
 * A secret has none: its hash, once published as `kid`, could be searched for offline (RFC 7638 §7).
 *
 * @throws TypeError for a secret, and for a JWK that lacks a required member
 */
export function thumbprint(key: Key | Jwk): string {
  if (!isKey(key)) return computeThumbprint(key)
  const { original } = getKeyMaterial(key)
  if (key.kind === 'secret') return computeThumbprint({ kty: 'oct' })
  const publicKey = key.kind === 'public' ? original : createPublicKey(original)
  return computeThumbprint(publicKey.export({ format: 'jwk' }))
}

/** Computes the SHA-256 thumbprint of a JWK (RFC 7638 §3). @throws TypeError if a required member is missing */
export function computeThumbprint(jwk: Jwk): string {
  return createHash('sha256').update(writeThumbprintInput(jwk)).digest('base64url')
}
