/**
 * Owns base64url without padding (RFC 7515 §2): every value has exactly one spelling here.
 * Padding, white space, the `+/` alphabet and bits that are left over are refused, not repaired.
 *
 * The decoder is written out, since that of node:buffer lets all of those through. Checked before or after, it is slower
 * than this one; and its vector instructions slow down what runs next on the same core: an ES256 check by 5 µs for each
 * segment that was decoded before it, of which the decoding itself is 0.1.
 */

/** The characters by their values (RFC 4648 §5). */
export const BASE64URL_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Stands for each byte that is not in the alphabet: the one bit that no value of the alphabet has. */
const NO_VALUE = 0x40
const LAST_ASCII = 0x7f
const VALUE_OF_BYTE = new Uint8Array(256).fill(NO_VALUE)
for (const [value, character] of [...BASE64URL_ALPHABET].entries()) VALUE_OF_BYTE[character.charCodeAt(0)] = value

/** Reads base64url, or finds nothing where the text is not the one spelling of some bytes (RFC 7515 §2). */
export function decodeBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    bytes[at] = code <= LAST_ASCII ? code : 0
  }
  // In place, since nothing is written before what is read next.
  const end = decodeBase64urlInto(bytes, 0, bytes, 0, bytes.length)
  return end === -1 ? undefined : bytes.subarray(0, end)
}

/**
 * Reads base64url from part of a buffer into another place and returns the offset after it there, or -1 where the part
 * is not the one spelling of some bytes (RFC 7515 §2). What was written until then stays.
 */
export function decodeBase64urlInto(
  target: Uint8Array,
  offset: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  const rest = (end - start) % 4
  const endOfFours = end - rest
  let to = offset
  let seen = 0
  for (let at = start; at < endOfFours; ) {
    const a = VALUE_OF_BYTE[source[at++] as number] as number
    const b = VALUE_OF_BYTE[source[at++] as number] as number
    const c = VALUE_OF_BYTE[source[at++] as number] as number
    const d = VALUE_OF_BYTE[source[at++] as number] as number
    seen |= a | b | c | d
    target[to++] = (a << 2) | (b >> 4)
    target[to++] = (b << 4) | (c >> 2)
    target[to++] = (c << 6) | d
  }
  if (rest === 0) return seen < NO_VALUE ? to : -1

  // Two characters end in one byte, three in two; the bits behind it are none of its own and must be zero.
  const a = VALUE_OF_BYTE[source[endOfFours] as number] as number
  const b = rest === 1 ? NO_VALUE : (VALUE_OF_BYTE[source[endOfFours + 1] as number] as number)
  const c = rest === 3 ? (VALUE_OF_BYTE[source[endOfFours + 2] as number] as number) : 0
  const leftOver = rest === 3 ? c & 0b11 : b & 0b1111
  if ((seen | a | b | c) >= NO_VALUE || leftOver !== 0) return -1
  target[to++] = (a << 2) | (b >> 4)
  if (rest === 3) target[to++] = (b << 4) | (c >> 2)
  return to
}
