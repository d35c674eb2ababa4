/**
 * Owns what ML-DSA asks of the machine and of a private key: a node:crypto that has it, and the seed, which is the only
 * form of a private key in JOSE (RFC 9964 §4). It is always pure ML-DSA with an empty context, as node:crypto has it by
 * default; HashML-DSA has no name in JOSE (RFC 9964 §5, §7.2).
 */
import { createPublicKey, type KeyObject } from 'node:crypto'

let isSupported: boolean | undefined

/** Checks that this node:crypto can do ML-DSA (RFC 9964 §5). @throws TypeError if it cannot */
export function checkMlDsaSupport(): void {
  isSupported ??= canImportMlDsa()
  if (!isSupported)
    throw new TypeError('This Node has no ML-DSA in node:crypto: use Node 24.7 or newer, or another algorithm.')
}

/** Tries it, since that depends on the OpenSSL that Node was built with, too. Any bytes of this length are a public key. */
function canImportMlDsa(): boolean {
  const pub = Buffer.alloc(1312).toString('base64url')
  try {
    createPublicKey({ key: { kty: 'AKP', alg: 'ML-DSA-44', pub }, format: 'jwk' })
    return true
  } catch {
    return false
  }
}

/** Checks that a private key has its seed, from which all else comes (RFC 9964 §4). @throws TypeError if it has not */
export function checkMlDsaSeed(privateKey: KeyObject): void {
  try {
    privateKey.export({ format: 'jwk' })
  } catch {
    throw new TypeError('The ML-DSA private key came without its seed (RFC 9964 §4): export it with the seed.')
  }
}
