import { isUint8Array } from 'node:util/types'
import { ALGORITHMS, type Algorithm, getAlgorithmParameters, isAlgorithm } from './algorithm.ts'
import { importJwk } from './import-jwk.ts'
import { importPem } from './import-pem.ts'
import { importSecret } from './import-secret.ts'
import type { Jwk } from './jwk.ts'
import type { Key } from './key.ts'
import { checkMlDsaSupport } from './ml-dsa.ts'

/** What `importKey` is told about a key. */
export interface ImportKeyOptions {
  /**
   * The one algorithm that the key is for. Required unless a JWK says it; must equal what the JWK says.
   * @default the JWK's `alg`
   */
  readonly alg?: Algorithm
  /**
   * The key id. Must equal what a JWK says.
   * @default the JWK's `kid`, else the RFC 7638 thumbprint; none for a secret
   */
  readonly kid?: string
}

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
  if (typeof source === 'string') return importPem(source, getAlgorithm(options.alg), options.kid)
  if (isUint8Array(source)) return importSecret(source, getAlgorithm(options.alg), options.kid)
  if (typeof source !== 'object' || source === null || Array.isArray(source)) {
    throw new TypeError('importKey: give a JWK as an object, PEM as a string, or a secret as bytes.')
  }
  return importJwk(source, getAlgorithm(agree('alg', source.alg, options.alg)), agree('kid', source.kid, options.kid))
}

function agree<T>(name: string, stated: T | undefined, option: T | undefined): T | undefined {
  if (stated !== undefined && option !== undefined && stated !== option) {
    throw new TypeError(`${name}: the option and the JWK name different values: leave the option out or mend the JWK.`)
  }
  return option ?? stated
}

function getAlgorithm(alg: string | undefined): Algorithm {
  if (alg === undefined) throw new TypeError('alg: name the one algorithm that the key is for.')
  if (!isAlgorithm(alg))
    throw new TypeError(`alg: this algorithm is not supported: give one of ${ALGORITHMS.join(', ')}.`)
  if (getAlgorithmParameters(alg).family === 'ml-dsa') checkMlDsaSupport()
  return alg
}
