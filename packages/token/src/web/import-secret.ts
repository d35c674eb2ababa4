import { type Algorithm, getAlgorithmParameters } from '../algorithm.ts'
import type { KeyUse } from '../bound-key.ts'
import { refuseForeignKey } from '../foreign-key.ts'
import { checkKeyId } from '../key-id.ts'
import { checkSecretLength } from '../key-strength.ts'
import { createHmacKey } from './create-key.ts'
import type { Key } from './key.ts'
import { getSubtle, toNativeAlgorithm } from './subtle.ts'

/**
 * Imports bytes as the secret of one HMAC algorithm (RFC 7518 §3.2).
 *
 * @throws TypeError if they are short, or a key of another kind
 */
export async function importSecret(
  bytes: Uint8Array,
  alg: Algorithm,
  kid: string | undefined,
  extractable: boolean,
  use: KeyUse = { sign: true, verify: true },
): Promise<Key> {
  // A copy, so that what was checked is what becomes the key.
  const secret = new Uint8Array(bytes)
  refuseForeignKey(secret)
  checkKeyId(kid)
  const parameters = checkSecretLength(secret.length, alg, getAlgorithmParameters(alg))
  const usages = (['sign', 'verify'] as const).filter((usage) => use[usage])
  const native = await getSubtle().importKey('raw', secret, toNativeAlgorithm(parameters), extractable, usages)
  return createHmacKey(native, parameters, alg, kid, use)
}
