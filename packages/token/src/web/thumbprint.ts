import type { Jwk } from '../jwk.ts'
import { writeThumbprintInput } from '../thumbprint-input.ts'
import { encodeBase64url } from './encode-base64url.ts'
import { getKeyMaterial, isKey, type Key } from './key.ts'
import { digest } from './subtle.ts'
import { toUtf8 } from './token-bytes.ts'

/**
 * Computes the SHA-256 thumbprint of a public or private key, in base64url (RFC 7638 §3).
 *
 * A secret has none: its hash, once published as `kid`, could be searched for offline (RFC 7638 §7).
 *
 * @throws TypeError for a secret, and for a JWK that lacks a required member
 */
export async function thumbprint(key: Key | Jwk): Promise<string> {
  return computeThumbprint(isKey(key) ? (getKeyMaterial(key).publicMembers ?? { kty: 'oct' }) : key)
}

/** Computes the SHA-256 thumbprint of a JWK (RFC 7638 §3). @throws TypeError if a required member is missing */
export async function computeThumbprint(jwk: Jwk): Promise<string> {
  return encodeBase64url(await digest('sha256', toUtf8(writeThumbprintInput(jwk))))
}
