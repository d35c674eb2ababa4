/** Owns the few pieces of DER that are written here (X.690 §8); reading is left to node:crypto. */

const TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  sequence: 0x30,
  context: 0xa0,
} as const

/** Writes a SEQUENCE (X.690 §8.9). */
export function derSequence(...items: Uint8Array[]): Buffer {
  return derValue(TAG.sequence, ...items)
}

/** Writes an INTEGER that is not negative, from big-endian bytes (X.690 §8.3). */
export function derInteger(bytes: Uint8Array): Buffer {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1
  const digits = bytes.subarray(start)
  return (digits[0] ?? 0) < 0x80 ? derValue(TAG.integer, digits) : derValue(TAG.integer, Uint8Array.of(0), digits)
}

/** Writes an OBJECT IDENTIFIER from its encoded content (X.690 §8.19). */
export function derOid(content: string): Buffer {
  return derValue(TAG.oid, Buffer.from(content, 'hex'))
}

/** Writes NULL (X.690 §8.8). */
export function derNull(): Buffer {
  return derValue(TAG.null)
}

/** Writes an OCTET STRING (X.690 §8.7). */
export function derOctetString(bytes: Uint8Array): Buffer {
  return derValue(TAG.octetString, bytes)
}

/** Writes a BIT STRING of whole bytes (X.690 §8.6). */
export function derBitString(bytes: Uint8Array): Buffer {
  return derValue(TAG.bitString, Uint8Array.of(0), bytes)
}

/** Writes an explicit context tag (X.690 §8.14). */
export function derExplicit(tag: number, item: Uint8Array): Buffer {
  return derValue(TAG.context + tag, item)
}

function derValue(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  return Buffer.concat([Uint8Array.of(tag), derLength(content.length), content])
}

function derLength(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length)
  if (length < 0x100) return Uint8Array.of(0x81, length)
  return Uint8Array.of(0x82, length >> 8, length & 0xff)
}
