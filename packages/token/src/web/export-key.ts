/** Owns the writing of keys where there is Web Crypto; what was not made extractable does not leave it. */
import type { Jwk, PublicJwk } from '../jwk.ts'
import type { Members } from '../jwk-members.ts'
import { getKeyMaterial, type Key } from './key.ts'
import { exportMembers, getSubtle, type NativeKey } from './subtle.ts'

/**
 * Exports the public half of a key as a JWK with `alg`, `kid` and `use` (RFC 7517 §4).
 *
 * @throws TypeError for a secret, which has no public half
 */
export function exportPublicJwk(key: Key): PublicJwk {
  const { kty = '', ...members } = getPublicHalf(key, 'exportPublicJwk').publicMembers
  return { kty, ...members, alg: key.alg, kid: key.kid ?? '', use: 'sig' }
}

/**
 * Exports a private key or a secret as a JWK with `alg` and `kid` (RFC 7517 §4). The result is the key: keep it secret.
 *
 * @throws TypeError for a public key, and for one that was imported or generated without `extractable: true`
 */
export async function exportPrivateJwk(key: Key): Promise<Jwk> {
  if (key.kind === 'public') throw new TypeError('exportPrivateJwk: this key is public; use exportPublicJwk.')
  const members = await exportMembers(getExtractable(key, 'exportPrivateJwk'))
  return { ...members, alg: key.alg, ...(key.kid === undefined ? {} : { kid: key.kid }) }
}

/**
 * Exports the public half of a key as PEM, SubjectPublicKeyInfo (RFC 7468 §13).
 *
 * @throws TypeError for a secret, which has no public half
 */
export async function exportPublicPem(key: Key): Promise<string> {
  const { verification } = getPublicHalf(key, 'exportPublicPem')
  return writePem('PUBLIC KEY', await getSubtle().exportKey('spki', verification))
}

/**
 * Exports a private key as PEM, PKCS#8 without encryption (RFC 7468 §10). The result is the key: keep it secret.
 *
 * @throws TypeError for a public key, for a secret, and for a key that was imported or generated without
 * `extractable: true`
 */
export async function exportPrivatePem(key: Key): Promise<string> {
  if (key.kind !== 'private')
    throw new TypeError(`exportPrivatePem: this key is ${key.kind}, and has no PEM form of a private key.`)
  return writePem('PRIVATE KEY', await getSubtle().exportKey('pkcs8', getExtractable(key, 'exportPrivatePem')))
}

function getPublicHalf(key: Key, caller: string): { publicMembers: Members; verification: NativeKey } {
  const { publicMembers, verification } = getKeyMaterial(key)
  if (publicMembers === undefined || verification === undefined)
    throw new TypeError(`${caller}: a secret has no public half.`)
  return { publicMembers, verification }
}

function getExtractable(key: Key, caller: string): NativeKey {
  const { signing, verification } = getKeyMaterial(key)
  const native = signing ?? verification
  if (native?.extractable !== true)
    throw new TypeError(`${caller}: this key cannot be exported: import or generate it with extractable: true.`)
  return native
}

function writePem(label: string, der: ArrayBuffer): string {
  const base64 = btoa(Array.from(new Uint8Array(der), (byte) => String.fromCharCode(byte)).join(''))
  return `-----BEGIN ${label}-----\n${base64.replaceAll(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`
}
