/** Owns what bytes are, and the few readings of them that have to be the same wherever this package runs. */

const readTypeName = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)?.get

/** Tells a Uint8Array of any realm from everything that only says it is one. */
export function isUint8Array(value: unknown): value is Uint8Array {
  return readTypeName?.call(value) === 'Uint8Array'
}

/** Reads hexadecimal digits, two for each byte. */
export function fromHex(digits: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

/** Reads bytes as one number, the first byte being the highest (RFC 8017 §4.2). */
export function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x0${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`)
}
