/** Owns the call of Web Crypto: what is signed, with which key, and nothing about tokens (RFC 7518 §3). */
import type { UnverifiedJws } from '../compact-jws.ts'
import { isEcdsaSignature } from '../ecdsa-range.ts'
import { refuseSignature } from '../verification-keys.ts'
import { getKeyMaterial, type Key } from './key.ts'
import { getSubtle } from './subtle.ts'

/** Signs bytes with a key that can (RFC 7515 §5.1 step 5). @throws TypeError if the key can only verify */
export async function createSignature(key: Key, input: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const { algorithm, signing } = getKeyMaterial(key)
  if (signing === undefined)
    throw new TypeError('The key can verify signatures but not make them: sign with the private key.')
  return new Uint8Array(await getSubtle().sign(algorithm, signing, input))
}

/** Finds the one of some keys that made the signature (RFC 7515 §5.2 step 8). @throws TokenError signature_invalid */
export async function findSigningKey(jws: UnverifiedJws, candidates: readonly Key[]): Promise<Key> {
  for (const key of candidates) {
    if (await isSignatureValid(key, jws)) return key
  }
  return refuseSignature()
}

async function isSignatureValid(key: Key, { signingInput, signature }: UnverifiedJws): Promise<boolean> {
  const { parameters, algorithm, verification, signatureLength } = getKeyMaterial(key)
  if (verification === undefined || signature.length !== signatureLength) return false
  // Not every runtime is known to refuse a half that is out of range.
  if (parameters.family === 'ecdsa' && !isEcdsaSignature(signature, parameters)) return false
  return getSubtle().verify(algorithm, verification, signature, signingInput)
}
