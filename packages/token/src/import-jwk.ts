import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { Algorithm } from './algorithm.ts'
import { createAsymmetricKey } from './create-key.ts'
import { importSecret } from './import-secret.ts'
import type { Jwk } from './jwk.ts'
import { checkJwk, refuseNumbers } from './jwk-members.ts'
import type { Key } from './key.ts'

/** Imports a JWK for one algorithm (RFC 7517 §4). @throws TypeError that names the member at fault */
export function importJwk(jwk: Jwk, alg: Algorithm, kid: string | undefined): Key {
  const checked = checkJwk(jwk, alg)
  if (checked.secret !== undefined) return importSecret(checked.secret, alg, kid, checked.use)
  const { publicMembers, privateMembers } = checked
  let publicKey: KeyObject
  let privateKey: KeyObject | undefined
  try {
    publicKey = createPublicKey({ key: publicMembers, format: 'jwk' })
    privateKey = privateMembers && createPrivateKey({ key: privateMembers, format: 'jwk' })
  } catch {
    return refuseNumbers(alg, publicMembers)
  }
  return createAsymmetricKey(privateKey ?? publicKey, alg, kid, publicKey)
}
