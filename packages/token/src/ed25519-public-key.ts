/**
 * Owns the check that 32 bytes are a sound Ed25519 public key (RFC 8032 §5.1.3): a point of the curve in its one
 * spelling, and none of the points of small order, under which one signature can hold for many messages.
 */
import { toBigInt } from './bytes.ts'

const P = 2n ** 255n - 19n
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n
const SIGN_BIT = 2n ** 255n
/** The y of the points of order 8; those of order 1, 2 and 4 have y = 1, -1 and 0. */
const Y_OF_ORDER_8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022n

const SMALL_ORDER: readonly bigint[] = [0n, 1n, P - 1n, Y_OF_ORDER_8, P - Y_OF_ORDER_8]

/** Checks an Ed25519 public key (RFC 8032 §5.1.3). @throws TypeError if it is not a sound point */
export function checkEd25519PublicKey(bytes: Uint8Array): void {
  const encoded = toBigInt(bytes.toReversed())
  const y = encoded % SIGN_BIT
  if (bytes.length !== 32 || y >= P || !hasX(y))
    throw new TypeError('The Ed25519 public key is not a point of the curve.')
  if (SMALL_ORDER.includes(y))
    throw new TypeError('The Ed25519 public key is a point of small order, under which signatures mean nothing.')
}

/** Tells whether x² = (y² - 1) / (dy² + 1) has a solution. */
function hasX(y: bigint): boolean {
  const square = (y * y) % P
  const numerator = (square + P - 1n) % P
  const denominator = (D * square + 1n) % P
  const product = (numerator * denominator) % P
  return product === 0n || power(product, (P - 1n) / 2n) === 1n
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (let square = base, rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P
    square = (square * square) % P
  }
  return result
}
