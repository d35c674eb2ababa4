/**
 * Owns the JWK Set: a list of public keys that anyone may read. What would not be safe in such a list is refused when
 * it is written and skipped, with a reason, when it is read (RFC 7517 §5).
 */
import { type Algorithm, getAlgorithmParameters, isAlgorithm } from './algorithm.ts'
import { exportPublicJwk } from './export-key.ts'
import { importKey } from './import-key.ts'
import type { Jwk, PublicJwk } from './jwk.ts'
import type { Key } from './key.ts'
import { isKeyId } from './key-id.ts'

/** What `importJwkSet` made of a set. */
export interface ImportedJwkSet {
  readonly keys: readonly Key[]
  /** The members that are no use here, each with the reason. */
  readonly skipped: readonly SkippedJwk[]
}

/** A member of a JWK Set that was not imported. */
export interface SkippedJwk {
  readonly index: number
  readonly kid?: string
  readonly reason: string
}

/** What `importJwkSet` is told about a set. */
export interface ImportJwkSetOptions {
  /**
   * The algorithms that are wanted; keys of others are skipped. A key that does not say its `alg` is bound to the one
   * algorithm of this list that fits its type and curve, and skipped if none does, or more than one.
   * @default every algorithm, and keys without `alg` are skipped
   */
  readonly algorithms?: readonly Algorithm[]
}

/**
 * Exports the public halves of keys as a JWK Set (RFC 7517 §5).
 *
 * @example const jwks = exportJwkSet([current, next])
 * @throws TypeError for a secret, and for two keys with one `kid`
 */
export function exportJwkSet(keys: readonly Key[]): { readonly keys: readonly PublicJwk[] } {
  const jwks = keys.map(exportPublicJwk)
  if (new Set(jwks.map((jwk) => jwk.kid)).size !== jwks.length)
    throw new TypeError('exportJwkSet: two of the keys have the same kid.')
  return { keys: jwks }
}

/**
 * Imports the public keys of a JWK Set for verification (RFC 7517 §5).
 *
 * A member that cannot be used is skipped and does not spoil the others: secrets, private keys, other uses, unknown
 * types, weak or misshapen keys, and the second of two with the same `kid` and algorithm.
 *
 * @example const { keys, skipped } = importJwkSet(await response.json(), { algorithms: ['RS256'] })
 * @throws TypeError if the value is not a JWK Set at all
 */
export function importJwkSet(set: unknown, options: ImportJwkSetOptions = {}): ImportedJwkSet {
  if (!isObject(set) || !Array.isArray(set.keys))
    throw new TypeError('A JWK Set is an object with an array "keys" (RFC 7517 §5).')
  const keys: Key[] = []
  const skipped: SkippedJwk[] = []
  for (const [index, jwk] of (set.keys as unknown[]).entries()) {
    try {
      const key = importPublicJwk(jwk, options.algorithms)
      if (keys.some((other) => other.kid === key.kid && other.alg === key.alg)) {
        throw new TypeError('An earlier key of the set has the same kid and alg.')
      }
      keys.push(key)
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      const kid = isObject(jwk) && isKeyId(jwk.kid) ? { kid: jwk.kid } : {}
      skipped.push({ index, ...kid, reason: error.message })
    }
  }
  return { keys, skipped }
}

function importPublicJwk(jwk: unknown, algorithms: readonly Algorithm[] | undefined): Key {
  if (!isObject(jwk)) throw new TypeError('A JWK is an object.')
  if (jwk.kty === 'oct' || Object.hasOwn(jwk, 'k')) throw new TypeError('A secret does not belong in a JWK Set.')
  if (Object.hasOwn(jwk, 'd') || Object.hasOwn(jwk, 'priv'))
    throw new TypeError('A private key does not belong in a JWK Set.')
  const alg = jwk.alg ?? findOnlyFit(jwk, algorithms)
  if (isAlgorithm(alg) && algorithms?.includes(alg) === false)
    throw new TypeError(`alg: ${alg} is not one of the algorithms asked for.`)
  return importKey({ ...jwk, alg } as Jwk)
}

function findOnlyFit(jwk: Jwk, algorithms: readonly Algorithm[] | undefined): Algorithm {
  const fitting = algorithms?.filter((alg) => fits(jwk, alg)) ?? []
  const [alg] = fitting
  if (alg === undefined)
    throw new TypeError('alg: the key does not say its algorithm, and none of those asked for fits it.')
  if (fitting.length > 1)
    throw new TypeError('alg: the key does not say its algorithm, and more than one of those asked for fits it.')
  return alg
}

function fits(jwk: Jwk, alg: Algorithm): boolean {
  const parameters = getAlgorithmParameters(alg)
  switch (parameters.family) {
    case 'hmac':
      return false
    case 'ml-dsa':
      // A key of type AKP without its algorithm is none (RFC 9964 §3).
      return false
    case 'ecdsa':
      return jwk.kty === 'EC' && jwk.crv === parameters.curve
    case 'eddsa':
      return jwk.kty === 'OKP' && jwk.crv === parameters.curve
    default:
      return jwk.kty === 'RSA'
  }
}

function isObject(value: unknown): value is Jwk {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
