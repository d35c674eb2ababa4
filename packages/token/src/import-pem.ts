import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { Algorithm } from './algorithm.ts'
import { createAsymmetricKey } from './create-key.ts'
import type { Key } from './key.ts'
import { findPemBlock, refuseContent } from './pem-block.ts'

const READERS: ReadonlyMap<string, (pem: string) => KeyObject> = new Map<string, (pem: string) => KeyObject>([
  ['PUBLIC KEY', createPublicKey],
  ['RSA PUBLIC KEY', createPublicKey],
  ['CERTIFICATE', createPublicKey],
  ['PRIVATE KEY', createPrivateKey],
  ['RSA PRIVATE KEY', createPrivateKey],
  ['EC PRIVATE KEY', createPrivateKey],
])

/**
 * Imports a PEM text for one algorithm: SPKI, PKCS#1 or X.509 for a public key, PKCS#8, PKCS#1 or SEC1 for a private
 * one (RFC 7468).
 *
 * Of a certificate only the key is used: its dates, names and chain are not checked.
 *
 * @throws TypeError if it is not one key that fits the algorithm
 */
export function importPem(pem: string, alg: Algorithm, kid: string | undefined): Key {
  const { label, text, reader } = findPemBlock(pem, READERS)
  let key: KeyObject
  try {
    key = reader(text)
  } catch {
    return refuseContent(label)
  }
  return createAsymmetricKey(key, alg, kid)
}
