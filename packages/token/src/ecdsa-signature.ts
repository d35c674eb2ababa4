/**
 * Owns the two spellings of an ECDSA signature: r and s side by side at a fixed length in a JWS (RFC 7518 §3.4), a DER
 * sequence in node:crypto. Both halves must lie in 1..n-1; a high s is as valid as a low one.
 */
import type { AlgorithmParameters } from './algorithm.ts'
import { derInteger, derSequence } from './der.ts'

type EcdsaParameters = Extract<AlgorithmParameters, { family: 'ecdsa' }>

/** Turns the signature of a JWS into DER, or finds nothing where a half is out of range (RFC 7518 §3.4). */
export function ecdsaSignatureToDer(signature: Uint8Array, { size, order }: EcdsaParameters): Buffer | undefined {
  const r = signature.subarray(0, size)
  const s = signature.subarray(size)
  return isInRange(r, order) && isInRange(s, order) ? derSequence(derInteger(r), derInteger(s)) : undefined
}

/** Turns a DER signature that node:crypto has just made into that of a JWS (RFC 7518 §3.4). */
export function ecdsaSignatureFromDer(der: Uint8Array, { size }: EcdsaParameters): Buffer {
  const signature = Buffer.alloc(2 * size)
  const content = (der[1] ?? 0) < 0x80 ? 2 : 3
  const endOfR = copyInteger(der, content, signature, size)
  copyInteger(der, endOfR, signature, 2 * size)
  return signature
}

function isInRange(half: Uint8Array, order: Uint8Array): boolean {
  return half.length === order.length && half.some((byte) => byte !== 0) && Buffer.compare(half, order) < 0
}

/** Copies the INTEGER at an offset so that it ends where it should; returns the offset after it. */
function copyInteger(der: Uint8Array, offset: number, target: Uint8Array, targetEnd: number): number {
  const end = offset + 2 + (der[offset + 1] ?? 0)
  const start = der[offset + 2] === 0 ? offset + 3 : offset + 2
  target.set(der.subarray(start, end), targetEnd - (end - start))
  return end
}
