import { type Algorithm, getAlgorithmParameters } from '../algorithm.ts'
import { encodeBase64url } from './encode-base64url.ts'
import { digest } from './subtle.ts'
import { toUtf8 } from './token-bytes.ts'

/**
 * Computes the hash by which an ID token names an access token or a code: the left half of the hash that the ID token's
 * algorithm uses, in base64url (OpenID Connect Core 1.0 §3.1.3.6, §3.3.2.11). For Ed25519 that is SHA-512.
 *
 * @example claims.at_hash === (await tokenHash(protectedHeader.alg, accessToken))
 */
export async function tokenHash(alg: Algorithm, value: string): Promise<string> {
  const parameters = getAlgorithmParameters(alg)
  const hash = await digest('hash' in parameters ? parameters.hash : 'sha512', toUtf8(value))
  return encodeBase64url(hash.subarray(0, hash.length / 2))
}
