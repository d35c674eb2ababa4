/**
 * Owns the two spellings of an ECDSA signature: r and s side by side at a fixed length in a JWS (RFC 7518 §3.4), a DER
 * sequence in node:crypto. Both halves must lie in 1..n-1; a high s is as valid as a low one.
 *
 * node:crypto converts too, if it is told to at each call, which costs 30 to 70 µs a call; buffers made for each call
 * cost 3. What is returned here is a view of a buffer of this file, and holds until the next call of the same function.
 */
import type { EcdsaParameters } from './algorithm.ts'
import { isBelowOrder } from './ecdsa-range.ts'

const SEQUENCE = 0x30
const INTEGER = 0x02
/** From this length on, a length of DER takes two bytes. */
const LONG_LENGTH = 0x80

/** Room for P-521: two integers of a tag, a length, a zero and 66 bytes, behind a tag and a length of two bytes. */
const derScratch = Buffer.allocUnsafeSlow(3 + 2 * (3 + 66))
const jwsScratch = Buffer.allocUnsafeSlow(2 * 66)
/** Where the integers begin: behind the longest tag and length, which are then written to end here. */
const CONTENT_START = 3

/** Turns the signature of a JWS into DER, or finds nothing where a half is out of range (RFC 7518 §3.4). */
export function ecdsaSignatureToDer(signature: Uint8Array, { size, order }: EcdsaParameters): Buffer | undefined {
  if (signature.length !== 2 * size) return undefined
  const endOfR = writeInteger(signature, 0, size, order, CONTENT_START)
  if (endOfR === undefined) return undefined
  const end = writeInteger(signature, size, size, order, endOfR)
  if (end === undefined) return undefined
  const length = end - CONTENT_START
  let start = CONTENT_START - 1
  derScratch[start] = length
  if (length >= LONG_LENGTH) derScratch[--start] = 0x81
  derScratch[--start] = SEQUENCE
  return derScratch.subarray(start, end)
}

/** Turns a DER signature that node:crypto has just made into that of a JWS (RFC 7518 §3.4). */
export function ecdsaSignatureFromDer(der: Uint8Array, { size }: EcdsaParameters): Buffer {
  jwsScratch.fill(0)
  const content = (der[1] ?? 0) < LONG_LENGTH ? 2 : 3
  const endOfR = copyInteger(der, content, size)
  copyInteger(der, endOfR, 2 * size)
  return jwsScratch.subarray(0, 2 * size)
}

/** Writes one half as an INTEGER at an offset and returns the offset after it, or nothing if it is not in 1..n-1. */
function writeInteger(
  signature: Uint8Array,
  start: number,
  size: number,
  order: Uint8Array,
  offset: number,
): number | undefined {
  const end = start + size
  let first = start
  while (first < end && signature[first] === 0) first += 1
  if (first === end || !isBelowOrder(signature, start, order)) return undefined
  const needsZero = (signature[first] ?? 0) >= 0x80
  let at = offset
  derScratch[at++] = INTEGER
  derScratch[at++] = end - first + (needsZero ? 1 : 0)
  if (needsZero) derScratch[at++] = 0
  for (let from = first; from < end; from += 1) derScratch[at++] = signature[from] ?? 0
  return at
}

/** Copies the INTEGER at an offset so that it ends where it should; returns the offset after it. */
function copyInteger(der: Uint8Array, offset: number, targetEnd: number): number {
  const end = offset + 2 + (der[offset + 1] ?? 0)
  const start = der[offset + 2] === 0 ? offset + 3 : offset + 2
  for (let from = end - 1, to = targetEnd - 1; from >= start; from -= 1, to -= 1) jwsScratch[to] = der[from] ?? 0
  return end
}
