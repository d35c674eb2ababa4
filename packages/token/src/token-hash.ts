import { createHash, hash } from 'node:crypto'
import { type Algorithm, type AlgorithmParameters, getAlgorithmParameters } from './algorithm.ts'

/**
 * Computes the hash by which an ID token names an access token or a code: the left half of the hash that the ID token's
 * algorithm uses, in base64url (OpenID Connect Core 1.0 §3.1.3.6, §3.3.2.11). For Ed25519 that is SHA-512, and for ML-DSA
 * SHAKE256 with 64 bytes (FIPS 204 §3.7), as other libraries have it.
 *
 * @example claims.at_hash === tokenHash(protectedHeader.alg, accessToken)
 */
export function tokenHash(alg: Algorithm, value: string): string {
  const digest = computeDigest(getAlgorithmParameters(alg), value)
  return digest.subarray(0, digest.length / 2).toString('base64url')
}

function computeDigest(parameters: AlgorithmParameters, value: string): Buffer {
  if (parameters.family === 'ml-dsa') return createHash('shake256', { outputLength: 64 }).update(value).digest()
  return hash('hash' in parameters ? parameters.hash : 'sha512', value, 'buffer')
}
