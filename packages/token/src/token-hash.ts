import { hash } from 'node:crypto'
import { type Algorithm, getAlgorithmParameters } from './algorithm.ts'

/**
 * Computes the hash by which an ID token names an access token or a code: the left half of the hash that the ID token's
 * algorithm uses, in base64url (OpenID Connect Core 1.0 §3.1.3.6, §3.3.2.11). For Ed25519 that is SHA-512.
 *
 * @example claims.at_hash === tokenHash(protectedHeader.alg, accessToken)
 */
export function tokenHash(alg: Algorithm, value: string): string {
  const parameters = getAlgorithmParameters(alg)
  const digest = hash('hash' in parameters ? parameters.hash : 'sha512', value, 'buffer')
  return digest.subarray(0, digest.length / 2).toString('base64url')
}
