import { type Algorithm, type AlgorithmParameters, getAlgorithmParameters, isAlgorithm } from './algorithm.ts'
import { MAX_RSA_BITS, MIN_RSA_BITS } from './key-strength.ts'

/** What `generateKey` is told about the new key. */
export interface GenerateKeyOptions {
  /** @default the RFC 7638 thumbprint; none for a secret */
  readonly kid?: string
  /**
   * Bits of an RSA modulus; 3072 gives the 128-bit strength of the other algorithms (NIST SP 800-57 part 1 §5.6.1).
   * @default 3072
   */
  readonly modulusLength?: number
}

/** What a new key is to be. */
interface NewKey {
  readonly parameters: AlgorithmParameters
  readonly kid: string | undefined
  readonly modulusLength: number
}

/** Reads what `generateKey` is told. @throws TypeError if the algorithm is unknown or the modulus too short */
export function readGenerateKeyOptions(alg: Algorithm, { kid, modulusLength = 3072 }: GenerateKeyOptions): NewKey {
  if (!isAlgorithm(alg)) throw new TypeError('alg: name an algorithm that is supported.')
  if (!Number.isInteger(modulusLength) || modulusLength < MIN_RSA_BITS || modulusLength > MAX_RSA_BITS) {
    throw new TypeError(`modulusLength: give a whole number of bits from ${MIN_RSA_BITS} to ${MAX_RSA_BITS}.`)
  }
  return { parameters: getAlgorithmParameters(alg), kid, modulusLength }
}
