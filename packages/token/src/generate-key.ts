import { generateKeyPair, type KeyObject, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { type Algorithm, type AlgorithmParameters, getAlgorithmParameters, isAlgorithm } from './algorithm.ts'
import { createAsymmetricKey } from './create-key.ts'
import { importSecret } from './import-secret.ts'
import type { Key } from './key.ts'
import { checkMlDsaSupport } from './ml-dsa.ts'

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

/**
 * Generates a private key, or a secret as long as the hash, for one algorithm (RFC 7518 §3).
 *
 * @example const key = await generateKey('ES256')
 * @throws TypeError if the algorithm is unknown, or one that this Node has not, or the modulus too short
 */
export async function generateKey(alg: Algorithm, options: GenerateKeyOptions = {}): Promise<Key> {
  if (!isAlgorithm(alg)) throw new TypeError('alg: name an algorithm that is supported.')
  const parameters = getAlgorithmParameters(alg)
  const { kid, modulusLength = 3072 } = options
  if (parameters.family === 'hmac') return importSecret(randomBytes(parameters.size), alg, kid)
  if (!Number.isInteger(modulusLength) || modulusLength < 2048 || modulusLength > 16_384) {
    throw new TypeError('modulusLength: give a whole number of bits from 2048 to 16384.')
  }
  return createAsymmetricKey(await generatePrivateKey(parameters, modulusLength), alg, kid)
}

const generate = promisify(generateKeyPair)

async function generatePrivateKey(parameters: AlgorithmParameters, modulusLength: number): Promise<KeyObject> {
  switch (parameters.family) {
    case 'ecdsa':
      return (await generate('ec', { namedCurve: parameters.namedCurve })).privateKey
    case 'eddsa':
      return (await generate('ed25519')).privateKey
    case 'ml-dsa':
      checkMlDsaSupport()
      return (await generate(parameters.keyType)).privateKey
    default:
      return (await generate('rsa', { modulusLength })).privateKey
  }
}
