/** Owns how strong a key has to be for its algorithm, whatever it was imported from (RFC 7518 §3, RFC 8725 §3.5). */
import type { Algorithm, AlgorithmParameters, HmacParameters } from './algorithm.ts'
import { toBigInt } from './bytes.ts'
import { checkRsaModulus } from './rsa-modulus.ts'

/** The shortest RSA modulus, in bits (RFC 7518 §3.3). */
export const MIN_RSA_BITS = 2048
/** The longest RSA modulus, in bits. */
export const MAX_RSA_BITS = 16_384
const MIN_RSA_EXPONENT = 65_537n
/** A larger exponent only makes each check slower: a sender of keys must not be able to ask for that. */
const MAX_RSA_EXPONENT = 2n ** 64n

/** Gets what an HMAC algorithm asks of a secret. @throws TypeError if the algorithm is no HMAC, or asks for more bytes */
export function checkSecretLength(length: number, alg: Algorithm, parameters: AlgorithmParameters): HmacParameters {
  if (parameters.family !== 'hmac') {
    throw new TypeError(`${alg} does not sign with a secret: import its public or private key as PEM or JWK.`)
  }
  if (length < parameters.size) {
    throw new TypeError(
      `${alg} needs a secret of at least ${parameters.size} bytes (RFC 7518 §3.2): make one with generateKey.`,
    )
  }
  return parameters
}

/** Checks an RSA public key, each number without leading zeros. @throws TypeError that says what is weak about it */
export function checkRsaPublicKey(modulus: Uint8Array, exponent: Uint8Array): void {
  const bits = countBits(modulus)
  if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) {
    throw new TypeError(
      `The RSA key has ${bits} bits: at least ${MIN_RSA_BITS} (RFC 7518 §3.3), at most ${MAX_RSA_BITS}.`,
    )
  }
  const e = toBigInt(exponent)
  if (e < MIN_RSA_EXPONENT || e > MAX_RSA_EXPONENT || e % 2n === 0n) {
    throw new TypeError('The RSA key has a weak public exponent: it is odd, at least 65537 and at most 64 bits long.')
  }
  checkRsaModulus(modulus)
}

/** Counts the bits of a number, of which the first byte is not zero. */
function countBits(number: Uint8Array): number {
  return number.length * 8 - Math.clz32(number[0] ?? 0) + 24
}
