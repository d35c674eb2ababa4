import { type Algorithm, type AlgorithmParameters, getAlgorithmParameters } from '../algorithm.ts'
import { encodeBase64url } from './encode-base64url.ts'
import { digest, digestShake256 } from './subtle.ts'
import { toUtf8 } from './token-bytes.ts'

/**
 * Computes the hash by which an ID token names an access token or a code: the left half of the hash that the ID token's
 * algorithm uses, in base64url (OpenID Connect Core 1.0 §3.1.3.6, §3.3.2.11). For Ed25519 that is SHA-512, and for ML-DSA
 * SHAKE256 with 64 bytes (FIPS 204 §3.7), as other libraries have it.
 *
 * @throws TypeError for ML-DSA, if this runtime has not got SHAKE256
 * @example claims.at_hash === (await tokenHash(protectedHeader.alg, accessToken))
 */
export async function tokenHash(alg: Algorithm, value: string): Promise<string> {
  const hash = await computeDigest(getAlgorithmParameters(alg), toUtf8(value))
  return encodeBase64url(hash.subarray(0, hash.length / 2))
}

async function computeDigest(parameters: AlgorithmParameters, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  if (parameters.family === 'ml-dsa') return digestShake256(bytes)
  return digest('hash' in parameters ? parameters.hash : 'sha512', bytes)
}
