/** Owns what `importKey` is given: three forms that cannot be taken for each other, and the one algorithm of the key. */
import { ALGORITHMS, type Algorithm, isAlgorithm } from './algorithm.ts'
import { isUint8Array } from './bytes.ts'
import type { Jwk } from './jwk.ts'

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

/** A key before it is imported. */
export type KeySource = { readonly alg: Algorithm; readonly kid: string | undefined } & (
  | { readonly form: 'pem'; readonly source: string }
  | { readonly form: 'secret'; readonly source: Uint8Array }
  | { readonly form: 'jwk'; readonly source: Jwk }
)

/** Reads what `importKey` is given. @throws TypeError if it is no key, or for no algorithm, or for two */
export function readKeySource(source: unknown, options: ImportKeyOptions): KeySource {
  const { alg, kid } = options
  if (typeof source === 'string') return { form: 'pem', source, alg: getAlgorithm(alg), kid }
  if (isUint8Array(source)) return { form: 'secret', source, alg: getAlgorithm(alg), kid }
  if (typeof source !== 'object' || source === null || Array.isArray(source)) {
    throw new TypeError('importKey: give a JWK as an object, PEM as a string, or a secret as bytes.')
  }
  const jwk = source as Jwk
  return { form: 'jwk', source: jwk, alg: getAlgorithm(agree('alg', jwk.alg, alg)), kid: agree('kid', jwk.kid, kid) }
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
  return alg
}
