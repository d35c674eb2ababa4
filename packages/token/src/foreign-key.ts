/**
 * Owns the recognition of a key of another kind among bytes that were given as a secret. A public key taken for a secret
 * would let anyone who knows it sign (RFC 8725 §2.1).
 *
 * DER is recognized by the outer shape of each form, whether the key in it is sound or not. At random, fewer than one
 * secret in 2^30 has such a shape, and none of 32 bytes.
 */
import { fromHex } from './bytes.ts'

/** Checks that bytes are no key of another kind, in any form in which one is passed on. @throws TypeError if they are */
export function refuseForeignKey(bytes: Uint8Array): void {
  if (isKeyText(bytes) || isDerKey(bytes)) {
    throw new TypeError(
      'A public key, a private key or a certificate cannot be a secret (RFC 8725 §2.1): import it as PEM or JWK.',
    )
  }
}

function isKeyText(bytes: Uint8Array): boolean {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  const unspaced = text.replaceAll(/\s/g, '')
  return (
    /-----BEGIN [A-Z0-9 ]+-----/.test(text) ||
    /^\s*(?:ssh-|ecdsa-sha2-|sk-)\S+ AAAA/.test(text) ||
    unspaced.includes('"kty":') ||
    (/^[A-Za-z0-9+/_-]+=*$/.test(unspaced) && isDerKey(fromBase64(unspaced))) ||
    (/^[A-Fa-f0-9]+$/.test(unspaced) && isDerKey(fromHex(unspaced)))
  )
}

/** Reads base64 in either alphabet, as far as it goes. */
function fromBase64(text: string): Uint8Array {
  const digits = text.replace(/=*$/, '').replaceAll('-', '+').replaceAll('_', '/')
  const whole = digits.length % 4 === 1 ? digits.slice(0, -1) : digits
  return Uint8Array.from(atob(whole), (character) => character.charCodeAt(0))
}

/** The shortest is an Ed25519 public key, with 44 bytes. */
const MIN_DER_KEY_LENGTH = 40
const [INTEGER, BIT_STRING, OCTET_STRING, SEQUENCE] = [0x02, 0x03, 0x04, 0x30]
/** What the outermost SEQUENCE of each form of a key begins with (X.690 §8.9). */
const SHAPES: readonly (readonly number[])[] = [
  [SEQUENCE, BIT_STRING], // SubjectPublicKeyInfo
  [SEQUENCE, OCTET_STRING], // PKCS#8, encrypted
  [SEQUENCE, SEQUENCE, BIT_STRING], // X.509
  [INTEGER, SEQUENCE, OCTET_STRING], // PKCS#8
  [INTEGER, OCTET_STRING], // SEC1
  [INTEGER, INTEGER], // PKCS#1
]

function isDerKey(bytes: Uint8Array): boolean {
  const outer = readElement(bytes, 0)
  if (bytes.length < MIN_DER_KEY_LENGTH || outer?.tag !== SEQUENCE) return false
  const tags = listTags(bytes.subarray(outer.start, outer.end))
  return SHAPES.some((shape) => shape.every((tag, index) => tags[index] === tag))
}

/** Lists the tags of elements that stand side by side; none if they do not fill the bytes. */
function listTags(bytes: Uint8Array): readonly number[] {
  const tags: number[] = []
  for (let at = 0; at < bytes.length; ) {
    const element = readElement(bytes, at)
    if (element === undefined) return []
    tags.push(element.tag)
    at = element.end
  }
  return tags
}

interface Element {
  readonly tag: number
  /** Where its content starts and ends. */
  readonly start: number
  readonly end: number
}

/** Reads the tag and the length of the element at an offset, if all of it is there (X.690 §8.1). */
function readElement(bytes: Uint8Array, at: number): Element | undefined {
  const [tag, first] = bytes.subarray(at, at + 2)
  if (tag === undefined || first === undefined || first === 0x80) return undefined
  const start = at + 2 + (first > 0x80 ? first - 0x80 : 0)
  const length = first > 0x80 ? bytes.subarray(at + 2, start).reduce((sum, byte) => sum * 256 + byte, 0) : first
  return start + length <= bytes.length ? { tag, start, end: start + length } : undefined
}
