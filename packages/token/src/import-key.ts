import { getAlgorithmParameters } from './algorithm.ts'
import { importJwk } from './import-jwk.ts'
import { importPem } from './import-pem.ts'
import { importSecret } from './import-secret.ts'
import type { Jwk } from './jwk.ts'
import type { Key } from './key.ts'
import { type ImportKeyOptions, readKeySource } from './key-source.ts'
import { checkMlDsaSupport } from './ml-dsa.ts'

/**
 * Imports a key and binds it to one algorithm (RFC 7517 §4, RFC 7468, RFC 8725 §3.1).
 *
 * An object is a JWK, a string is PEM, bytes are an HMAC secret; a string is never a secret, so that a PEM text and a
 * secret cannot be taken for each other: use `new TextEncoder().encode(secret)`.
 *
 * @example const key = importKey(pem, { alg: 'ES256' })
 * @throws TypeError if the key is weak, misshapen or not one for the algorithm; the message never quotes it
 */
export function importKey(source: Jwk | string | Uint8Array, options: ImportKeyOptions = {}): Key {
  const given = readKeySource(source, options)
  if (getAlgorithmParameters(given.alg).family === 'ml-dsa') checkMlDsaSupport()
  switch (given.form) {
    case 'pem':
      return importPem(given.source, given.alg, given.kid)
    case 'secret':
      return importSecret(given.source, given.alg, given.kid)
    default:
      return importJwk(given.source, given.alg, given.kid)
  }
}
