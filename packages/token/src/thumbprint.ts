/** Owns the JWK thumbprint: SHA-256 over the required members in their one order (RFC 7638 §3). */
import { createHash, createPublicKey } from 'node:crypto'
import type { Jwk } from './jwk.ts'
import { getKeyMaterial, isKey, type Key } from './key.ts'

/** The members that make a key what it is, in the order of their names (RFC 7638 §3.2, RFC 8037 §2, RFC 9964 §6). */
const REQUIRED_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  AKP: ['alg', 'kty', 'pub'],
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
}

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
  const names = Object.hasOwn(REQUIRED_MEMBERS, jwk.kty ?? '') ? REQUIRED_MEMBERS[jwk.kty ?? ''] : undefined
  if (names === undefined)
    throw new TypeError('A thumbprint is that of a public or private key of type AKP, EC, OKP or RSA.')
  const members = names.map((name): [string, string] => {
    const value = jwk[name]
    if (typeof value !== 'string')
      throw new TypeError(`The JWK has no member ${name}, which its thumbprint is made of.`)
    return [name, value]
  })
  return createHash('sha256')
    .update(JSON.stringify(Object.fromEntries(members)))
    .digest('base64url')
}
