/**
 * Owns what may be in a JWK Set: a list of public keys that anyone may read. What would not be safe in such a list is
 * refused when it is written and skipped, with a reason, when it is read (RFC 7517 §5).
 */
import { type Algorithm, getAlgorithmParameters, isAlgorithm } from './algorithm.ts'
import type { BoundKey } from './bound-key.ts'
import type { Jwk, JwkSet, PublicJwk } from './jwk.ts'
import { isKeyId } from './key-id.ts'

/** What `importJwkSet` made of a set. */
export interface ImportedJwkSet<Key> {
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

/** Tells whether a value has the form of a JWK Set, whatever its members are (RFC 7517 §5). */
export function isJwkSet(value: unknown): value is JwkSet {
  return isObject(value) && Array.isArray(value.keys)
}

/** Makes a JWK Set of public keys. @throws TypeError for two keys with one `kid` */
export function toJwkSet(jwks: readonly PublicJwk[]): { readonly keys: readonly PublicJwk[] } {
  if (new Set(jwks.map((jwk) => jwk.kid)).size !== jwks.length)
    throw new TypeError('exportJwkSet: two of the keys have the same kid.')
  return { keys: jwks }
}

/** Lists the members of a JWK Set, whatever they are. @throws TypeError if the value is not a JWK Set at all */
export function listMembers(set: unknown): readonly unknown[] {
  if (!isJwkSet(set)) throw new TypeError('A JWK Set is an object with an array "keys" (RFC 7517 §5).')
  return set.keys
}

/** Takes a member for a public key of one algorithm, as far as it says so. @throws TypeError that says why it is none */
export function toPublicMember(jwk: unknown, algorithms: readonly Algorithm[] | undefined): Jwk {
  if (!isObject(jwk)) throw new TypeError('A JWK is an object.')
  if (jwk.kty === 'oct' || Object.hasOwn(jwk, 'k')) throw new TypeError('A secret does not belong in a JWK Set.')
  if (Object.hasOwn(jwk, 'd') || Object.hasOwn(jwk, 'priv'))
    throw new TypeError('A private key does not belong in a JWK Set.')
  const alg = jwk.alg ?? findOnlyFit(jwk, algorithms)
  if (isAlgorithm(alg) && algorithms?.includes(alg) === false)
    throw new TypeError(`alg: ${alg} is not one of the algorithms asked for.`)
  return { ...jwk, alg }
}

/** Adds a key to those of a set. @throws TypeError if one of them has its `kid` and algorithm */
export function addToSet<Key extends BoundKey>(keys: Key[], key: Key): void {
  if (keys.some((other) => other.kid === key.kid && other.alg === key.alg)) {
    throw new TypeError('An earlier key of the set has the same kid and alg.')
  }
  keys.push(key)
}

/** Describes a member that could not be imported. @throws what was thrown, if it does not say why */
export function describeSkipped(index: number, jwk: unknown, error: unknown): SkippedJwk {
  if (!(error instanceof TypeError)) throw error
  const kid = isObject(jwk) && isKeyId(jwk.kid) ? { kid: jwk.kid } : {}
  return { index, ...kid, reason: error.message }
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
