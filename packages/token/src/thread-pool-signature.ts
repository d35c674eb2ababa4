/**
 * Owns the same calls of the primitive as `signature.ts`, on the thread pool of libuv: the event loop goes on meanwhile,
 * and the result is the same. An HMAC is made at once, since it takes less time than the way to another thread and back.
 *
 * What goes in and what comes out is memory of its own, never a view of a buffer that is used again.
 */
import { sign, verify } from 'node:crypto'
import { promisify } from 'node:util'
import type { UnverifiedJws } from './compact-jws.ts'
import { ecdsaSignatureFromDer, ecdsaSignatureToDer } from './ecdsa-signature.ts'
import { getKeyMaterial, type Key } from './key.ts'
import { createSignature, isSignatureValid } from './signature.ts'
import { refuseSignature } from './verification-keys.ts'

const signInPool = promisify(sign)
const verifyInPool = promisify(verify)

/** Signs bytes as `createSignature` does (RFC 7515 §5.1 step 5). @throws TypeError if the key can only verify */
export async function createSignatureInPool(key: Key, input: Uint8Array): Promise<Buffer> {
  const { parameters, signing } = getKeyMaterial(key)
  if (parameters.family === 'hmac' || signing === undefined) return Buffer.from(createSignature(key, input))
  const signature = await signInPool('hash' in parameters ? parameters.hash : null, input, signing)
  return parameters.family === 'ecdsa' ? Buffer.from(ecdsaSignatureFromDer(signature, parameters)) : signature
}

/**
 * Finds what `findSigningKey` finds, on the thread pool; for a JWS that was copied into bytes of its own.
 *
 * @throws TokenError signature_invalid
 */
export async function findSigningKeyInPool(jws: UnverifiedJws, candidates: readonly Key[]): Promise<Key> {
  for (const key of candidates) {
    if (await isSignatureValidInPool(key, jws.signingInput, jws.signature)) return key
  }
  return refuseSignature()
}

/** Tells what `isSignatureValid` tells (RFC 7515 §5.2 step 8). */
async function isSignatureValidInPool(key: Key, input: Uint8Array, signature: Uint8Array): Promise<boolean> {
  const { parameters, verification, signatureLength } = getKeyMaterial(key)
  if (parameters.family === 'hmac' || verification === undefined || signature.length !== signatureLength) {
    return isSignatureValid(key, input, signature)
  }
  const asNeeded = parameters.family === 'ecdsa' ? ecdsaSignatureToDer(signature, parameters) : signature
  if (asNeeded === undefined) return false
  return await verifyInPool('hash' in parameters ? parameters.hash : null, input, verification, Buffer.from(asNeeded))
}
