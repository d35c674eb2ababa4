/**
 * Owns base64url without padding (RFC 7515 §2): every value has exactly one spelling here.
 * Padding, white space, the `+/` alphabet and bits that are left over are refused, not repaired.
 */

const ALPHABET = /^[A-Za-z0-9_-]*$/
/** The last characters that leave no bit behind when two, or three, characters end the text. */
const LAST_OF_TWO = 'AQgw'
const LAST_OF_THREE = 'AEIMQUYcgkosw048'

/** Writes bytes as base64url (RFC 7515 §2). */
export function encodeBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}

/** Tells whether a text is the one base64url spelling of some bytes (RFC 4648 §3.5). */
function isBase64url(text: string): boolean {
  return ALPHABET.test(text) && hasCanonicalEnd(text)
}

/** Reads base64url, or finds nothing where the text is not the one spelling of some bytes (RFC 7515 §2). */
export function decodeBase64url(text: string): Buffer | undefined {
  return isBase64url(text) ? Buffer.from(text, 'base64url') : undefined
}

function hasCanonicalEnd(text: string): boolean {
  const last = text.charAt(text.length - 1)
  switch (text.length % 4) {
    case 0:
      return true
    case 2:
      return LAST_OF_TWO.includes(last)
    case 3:
      return LAST_OF_THREE.includes(last)
    default:
      return false
  }
}
