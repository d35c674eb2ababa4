/** Owns the range of the two halves of an ECDSA signature, 1..n-1 (RFC 7518 §3.4, FIPS 186-5 §6.4.2). */
import type { EcdsaParameters } from './algorithm.ts'

/** Tells whether a signature has its length and both halves in range; a high s is as valid as a low one. */
export function isEcdsaSignature(signature: Uint8Array, { size, order }: EcdsaParameters): boolean {
  const isInRange = (start: number): boolean =>
    signature.subarray(start, start + size).some((byte) => byte !== 0) && isBelowOrder(signature, start, order)
  return signature.length === 2 * size && isInRange(0) && isInRange(size)
}

/** Compares as many bytes of a signature with the order; the first that differs decides. */
export function isBelowOrder(signature: Uint8Array, start: number, order: Uint8Array): boolean {
  let index = 0
  while (index < order.length && signature[start + index] === order[index]) index += 1
  return index < order.length && (signature[start + index] ?? 0xff) < (order[index] ?? 0)
}
