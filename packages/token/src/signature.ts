/** Owns the call of the primitive: what is signed, with which key, and nothing about tokens (RFC 7518 §3). */
import { sign, timingSafeEqual, verify } from 'node:crypto'
import type { UnverifiedJws } from './compact-jws.ts'
import { ecdsaSignatureFromDer, ecdsaSignatureToDer } from './ecdsa-signature.ts'
import { computeHmac, type HmacPads } from './hmac.ts'
import { getKeyMaterial, type Key } from './key.ts'
import { refuseSignature } from './verification-keys.ts'

/**
 * Signs bytes with a key that can (RFC 7515 §5.1 step 5). The signature may be a view of a buffer that the next call
 * writes over.
 *
 * @throws TypeError if the key can only verify
 */
export function createSignature(key: Key, input: Uint8Array): Buffer {
  const { parameters, signing, hmacPads } = getKeyMaterial(key)
  if (signing === undefined)
    throw new TypeError('The key can verify signatures but not make them: sign with the private key.')
  switch (parameters.family) {
    case 'hmac':
      return computeHmac(parameters, hmacPads as HmacPads, input)
    case 'ecdsa':
      return ecdsaSignatureFromDer(sign(parameters.hash, input, signing), parameters)
    case 'eddsa':
    case 'ml-dsa':
      return sign(null, input, signing)
    default:
      return sign(parameters.hash, input, signing)
  }
}

/** Tells whether a signature is that of the key over the bytes (RFC 7515 §5.2 step 8). */
export function isSignatureValid(key: Key, input: Uint8Array, signature: Uint8Array): boolean {
  const { parameters, verification, hmacPads, signatureLength } = getKeyMaterial(key)
  if (verification === undefined || signature.length !== signatureLength) return false
  switch (parameters.family) {
    case 'hmac':
      return timingSafeEqual(computeHmac(parameters, hmacPads as HmacPads, input), signature)
    case 'ecdsa': {
      const der = ecdsaSignatureToDer(signature, parameters)
      return der !== undefined && verify(parameters.hash, input, verification, der)
    }
    case 'eddsa':
    case 'ml-dsa':
      return verify(null, input, verification, signature)
    default:
      return verify(parameters.hash, input, verification, signature)
  }
}

/** Finds the one of some keys that made the signature (RFC 7515 §5.2 step 8). @throws TokenError signature_invalid */
export function findSigningKey(jws: UnverifiedJws, candidates: readonly Key[]): Key {
  for (const key of candidates) {
    if (isSignatureValid(key, jws.signingInput, jws.signature)) return key
  }
  return refuseSignature()
}
