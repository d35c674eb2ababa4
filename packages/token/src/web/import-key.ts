import type { Jwk } from '../jwk.ts'
import { type ImportKeyOptions as Options, readKeySource } from '../key-source.ts'
import { importJwk } from './import-jwk.ts'
import { importPem } from './import-pem.ts'
import { importSecret } from './import-secret.ts'
import type { Key } from './key.ts'

/** What `importKey` is told about a key. */
export interface ImportKeyOptions extends Options {
  /**
   * Whether the private key or the secret can be exported again; a public key always can.
   * @default false
   */
  readonly extractable?: boolean
}

/**
 * Imports a key and binds it to one algorithm (RFC 7517 §4, RFC 7468, RFC 8725 §3.1).
 *
 * An object is a JWK, a string is PEM (SubjectPublicKeyInfo or PKCS#8), bytes are an HMAC secret; a string is never a
 * secret, so that a PEM text and a secret cannot be taken for each other: use `new TextEncoder().encode(secret)`.
 *
 * @example const key = await importKey(pem, { alg: 'ES256' })
 * @throws TypeError if the key is weak, misshapen or not one for the algorithm, or if this runtime has not got the
 * algorithm; the message never quotes the key
 */
export async function importKey(source: Jwk | string | Uint8Array, options: ImportKeyOptions = {}): Promise<Key> {
  const given = readKeySource(source, options)
  const { alg, kid } = given
  const extractable = options.extractable === true
  switch (given.form) {
    case 'pem':
      return importPem(given.source, alg, kid, extractable)
    case 'secret':
      return importSecret(given.source, alg, kid, extractable)
    default:
      return importJwk(given.source, alg, kid, extractable)
  }
}
