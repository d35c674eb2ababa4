import { BASE64URL_ALPHABET } from '../base64url.ts'

const CODES = Uint8Array.from(BASE64URL_ALPHABET, (character) => character.charCodeAt(0))
const ascii = new TextDecoder()

/** Writes bytes as base64url (RFC 7515 §2). */
export function encodeBase64url(bytes: Uint8Array): string {
  const text = new Uint8Array(Math.ceil((bytes.length * 4) / 3))
  for (let from = 0, to = 0; from < bytes.length; from += 3, to += 4) {
    const group = ((bytes[from] ?? 0) << 16) | ((bytes[from + 1] ?? 0) << 8) | (bytes[from + 2] ?? 0)
    // Behind the last byte of the text nothing is written.
    for (let digit = 0; digit < 4; digit += 1) text[to + digit] = CODES[(group >> (18 - 6 * digit)) & 0x3f] ?? 0
  }
  return ascii.decode(text)
}
