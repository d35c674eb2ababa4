/** Owns what a JWK may say that it is for, if it is to encrypt (RFC 7517 §4.2, §4.3). */
import type { Jwk } from '../jwk.ts'

/** What a key may be used for. */
export interface EncryptionUse {
  readonly encrypt: boolean
  readonly decrypt: boolean
}

/** The operations of `key_ops` of which one is needed, for each side. Deriving is what a private key does. */
const OPERATIONS = {
  rsa: { encrypt: ['wrapKey', 'encrypt'], decrypt: ['unwrapKey', 'decrypt'] },
  ecdh: { encrypt: ['deriveKey', 'deriveBits'], decrypt: ['deriveKey', 'deriveBits'] },
  wrap: { encrypt: ['wrapKey'], decrypt: ['unwrapKey'] },
  dir: { encrypt: ['encrypt'], decrypt: ['decrypt'] },
} as const

/** Reads what a JWK may be used for. @throws TypeError if that is not encryption, or nothing of what it is able to do */
export function readEncryptionUse(jwk: Jwk, family: keyof typeof OPERATIONS): EncryptionUse {
  if (jwk.use !== undefined && jwk.use !== 'enc')
    throw new TypeError('use: a key for encryption says "enc", or nothing.')
  const stated: unknown = jwk.key_ops
  if (stated === undefined) return { encrypt: true, decrypt: true }
  if (!isListOfNames(stated)) throw new TypeError('key_ops: give an array of names, none of them twice.')
  const may = (side: 'encrypt' | 'decrypt'): boolean => OPERATIONS[family][side].some((name) => stated.includes(name))
  if (jwk.kty === 'oct') return requireUse({ encrypt: may('encrypt'), decrypt: may('decrypt') })
  // The operations of a private key say nothing of its public half.
  if (Object.hasOwn(jwk, 'd')) return requireUse({ encrypt: true, decrypt: may('decrypt') }, 'decrypt')
  // The public half of ECDH does nothing by itself, and is written with no operations.
  const isIdle = family === 'ecdh' && stated.length === 0
  return requireUse({ encrypt: isIdle || may('encrypt'), decrypt: false })
}

function isListOfNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string') && new Set(value).size === value.length
}

function requireUse(use: EncryptionUse, side?: 'decrypt'): EncryptionUse {
  if (side === undefined ? use.encrypt || use.decrypt : use[side]) return use
  throw new TypeError('key_ops: none of them is one that this key needs for encryption.')
}
