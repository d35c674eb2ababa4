import { type Algorithm, getAlgorithmParameters } from '../algorithm.ts'
import type { Jwk } from '../jwk.ts'
import { checkJwk, type Members, refuseNumbers } from '../jwk-members.ts'
import { checkRsaPrivateMembers } from '../rsa-private-members.ts'
import { createAsymmetricKey, type NativeHalves } from './create-key.ts'
import { importSecret } from './import-secret.ts'
import type { Key } from './key.ts'
import { awaitNative, getSubtle, type NativeKey, toNativeAlgorithm } from './subtle.ts'

/** Imports a JWK for one algorithm (RFC 7517 §4). @throws TypeError that names the member at fault */
export async function importJwk(jwk: Jwk, alg: Algorithm, kid: string | undefined, extractable: boolean): Promise<Key> {
  const checked = checkJwk(jwk, alg)
  if (checked.secret !== undefined) return importSecret(checked.secret, alg, kid, extractable, checked.use)
  const { publicMembers, privateMembers } = checked
  return createAsymmetricKey(publicMembers, alg, kid, () =>
    importHalves(publicMembers, privateMembers, alg, extractable),
  )
}

async function importHalves(
  publicMembers: Members,
  privateMembers: Members | undefined,
  alg: Algorithm,
  extractable: boolean,
): Promise<NativeHalves> {
  if (privateMembers?.kty === 'RSA') checkRsaPrivateMembers(privateMembers)
  const algorithm = toNativeAlgorithm(getAlgorithmParameters(alg))
  const importMembers = (members: Members, isExtractable: boolean, usage: 'sign' | 'verify'): Promise<NativeKey> =>
    awaitNative(alg, getSubtle().importKey('jwk', members, algorithm, isExtractable, [usage]), () =>
      refuseNumbers(alg, publicMembers),
    )
  return {
    publicKey: await importMembers(publicMembers, true, 'verify'),
    privateKey: privateMembers && (await importMembers(privateMembers, extractable, 'sign')),
  }
}
