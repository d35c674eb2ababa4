import type { Algorithm } from './algorithm.ts'

/**
 * A JSON Web Key; members that this package has no use for are ignored
 * (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2, RFC 9964 §3).
 */
export interface Jwk {
  readonly kty?: string
  readonly alg?: string
  readonly kid?: string
  readonly use?: string
  readonly key_ops?: readonly string[]
  readonly crv?: string
  readonly x?: string
  readonly y?: string
  readonly n?: string
  readonly e?: string
  readonly d?: string
  readonly p?: string
  readonly q?: string
  readonly dp?: string
  readonly dq?: string
  readonly qi?: string
  readonly k?: string
  readonly pub?: string
  readonly priv?: string
  readonly [member: string]: unknown
}

/** A JWK Set (RFC 7517 §5). */
export interface JwkSet {
  readonly keys: readonly Jwk[]
}

/**
 * The members of a JWK Set that this package writes: public keys for signatures, each bound to one algorithm (RFC 7517
 * §5).
 */
export interface PublicJwk extends Jwk {
  readonly kty: string
  readonly alg: Algorithm
  readonly kid: string
  readonly use: 'sig'
}
