import { generateKeyPair, type KeyObject, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import type { Algorithm, AlgorithmParameters } from './algorithm.ts'
import { createAsymmetricKey } from './create-key.ts'
import { type GenerateKeyOptions, readGenerateKeyOptions } from './generate-key-options.ts'
import { importSecret } from './import-secret.ts'
import type { Key } from './key.ts'
import { checkMlDsaSupport } from './ml-dsa.ts'

/**
 * Generates a private key, or a secret as long as the hash, for one algorithm (RFC 7518 §3).
 *
 * @example const key = await generateKey('ES256')
 * @throws TypeError if the algorithm is unknown, or one that this Node has not, or the modulus too short
 */
export async function generateKey(alg: Algorithm, options: GenerateKeyOptions = {}): Promise<Key> {
  const { parameters, kid, modulusLength } = readGenerateKeyOptions(alg, options)
  if (parameters.family === 'hmac') return importSecret(randomBytes(parameters.size), alg, kid)
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
