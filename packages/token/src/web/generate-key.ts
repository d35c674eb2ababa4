import type { Algorithm, HmacParameters } from '../algorithm.ts'
import { type GenerateKeyOptions as Options, readGenerateKeyOptions } from '../generate-key-options.ts'
import { checkKeyId } from '../key-id.ts'
import { createAsymmetricKey, createHmacKey } from './create-key.ts'
import type { Key } from './key.ts'
import { awaitNative, exportMembers, getSubtle, toNativeAlgorithm } from './subtle.ts'

/** What `generateKey` is told about the new key. */
export interface GenerateKeyOptions extends Options {
  /**
   * Whether the private key or the secret can be exported; the public key always can.
   * @default false
   */
  readonly extractable?: boolean
}

const EXPONENT_65537 = Uint8Array.of(1, 0, 1)

/**
 * Generates a private key, or a secret as long as the hash, for one algorithm (RFC 7518 §3).
 *
 * @example const key = await generateKey('ES256', { extractable: true })
 * @throws TypeError if the algorithm is unknown, or one that this runtime has not got, or the modulus too short
 */
export async function generateKey(alg: Algorithm, options: GenerateKeyOptions = {}): Promise<Key> {
  const { parameters, kid, modulusLength } = readGenerateKeyOptions(alg, options)
  const extractable = options.extractable === true
  checkKeyId(kid)
  if (parameters.family === 'hmac') return generateSecret(parameters, alg, kid, extractable)
  const algorithm = { ...toNativeAlgorithm(parameters), modulusLength, publicExponent: EXPONENT_65537 }
  const pair = await awaitNative(alg, getSubtle().generateKey(algorithm, extractable, ['sign', 'verify']), refuse)
  if (!('publicKey' in pair)) return refuse()
  return createAsymmetricKey(await exportMembers(pair.publicKey), alg, kid, async () => pair)
}

async function generateSecret(
  parameters: HmacParameters,
  alg: Algorithm,
  kid: string | undefined,
  extractable: boolean,
): Promise<Key> {
  // Without a length, Web Crypto makes a secret as long as a block of the hash.
  const algorithm = { ...toNativeAlgorithm(parameters), length: parameters.size * 8 }
  const native = await getSubtle().generateKey(algorithm, extractable, ['sign', 'verify'])
  return createHmacKey(native, parameters, alg, kid, { sign: true, verify: true })
}

function refuse(): never {
  throw new TypeError('The Web Crypto of this runtime cannot make a key of this size.')
}
