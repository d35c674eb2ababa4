/**
 * Owns the table of signature algorithms: what each one needs from its key, its hash and its signature.
 * An algorithm that has no row here, `none` above all, cannot be expressed anywhere in this package.
 */
import { fromHex } from './bytes.ts'

/** What an HMAC algorithm asks of its secret (RFC 7518 §3.2). */
export interface HmacParameters {
  readonly family: 'hmac'
  readonly hash: Hash
  /** Length of the MAC, and the least length of the secret, in bytes. */
  readonly size: number
}

interface RsaAlgorithm {
  readonly family: 'rsa-pkcs1' | 'rsa-pss'
  readonly hash: Hash
  /** Length of the hash, and of the salt of RSASSA-PSS, in bytes. */
  readonly size: number
}

/** What an ECDSA algorithm asks of its key and its signature (RFC 7518 §3.4). */
export interface EcdsaParameters {
  readonly family: 'ecdsa'
  readonly hash: Hash
  readonly curve: 'P-256' | 'P-384' | 'P-521'
  /** The name by which node:crypto knows the curve. */
  readonly namedCurve: 'prime256v1' | 'secp384r1' | 'secp521r1'
  /** Length of a coordinate, and of each half of the signature, in bytes. */
  readonly size: number
  /** Order n of the group, big-endian, `size` bytes. */
  readonly order: Uint8Array
}

interface EddsaAlgorithm {
  readonly family: 'eddsa'
  readonly curve: 'Ed25519'
}

interface MlDsaAlgorithm {
  readonly family: 'ml-dsa'
  /** The name by which node:crypto knows its keys. */
  readonly keyType: 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87'
  /** Length of the public key, in bytes. */
  readonly publicKeyLength: number
  /** Length of the signature, in bytes. */
  readonly signatureLength: number
}

type Hash = 'sha256' | 'sha384' | 'sha512'

/** What an algorithm asks of its key and its signature. */
export type AlgorithmParameters = HmacParameters | RsaAlgorithm | EcdsaParameters | EddsaAlgorithm | MlDsaAlgorithm

/**
 * Names a signature algorithm that a key can be bound to (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2, RFC 9964 §5).
 */
export type Algorithm =
  | 'HS256'
  | 'HS384'
  | 'HS512'
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519'
  | 'ML-DSA-44'
  | 'ML-DSA-65'
  | 'ML-DSA-87'

const ORDER_P256 = fromHex('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')
const ORDER_P384 = fromHex(`${'f'.repeat(48)}c7634d81f4372ddf581a0db248b0a77aecec196accc52973`)
const ORDER_P521 = fromHex(`01${'f'.repeat(64)}fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409`)

const TABLE: ReadonlyMap<Algorithm, AlgorithmParameters> = new Map<Algorithm, AlgorithmParameters>([
  ['HS256', { family: 'hmac', hash: 'sha256', size: 32 }],
  ['HS384', { family: 'hmac', hash: 'sha384', size: 48 }],
  ['HS512', { family: 'hmac', hash: 'sha512', size: 64 }],
  ['RS256', { family: 'rsa-pkcs1', hash: 'sha256', size: 32 }],
  ['RS384', { family: 'rsa-pkcs1', hash: 'sha384', size: 48 }],
  ['RS512', { family: 'rsa-pkcs1', hash: 'sha512', size: 64 }],
  ['PS256', { family: 'rsa-pss', hash: 'sha256', size: 32 }],
  ['PS384', { family: 'rsa-pss', hash: 'sha384', size: 48 }],
  ['PS512', { family: 'rsa-pss', hash: 'sha512', size: 64 }],
  ['ES256', ecdsa('sha256', 'P-256', 'prime256v1', 32, ORDER_P256)],
  ['ES384', ecdsa('sha384', 'P-384', 'secp384r1', 48, ORDER_P384)],
  ['ES512', ecdsa('sha512', 'P-521', 'secp521r1', 66, ORDER_P521)],
  ['EdDSA', { family: 'eddsa', curve: 'Ed25519' }],
  ['Ed25519', { family: 'eddsa', curve: 'Ed25519' }],
  ['ML-DSA-44', { family: 'ml-dsa', keyType: 'ml-dsa-44', publicKeyLength: 1312, signatureLength: 2420 }],
  ['ML-DSA-65', { family: 'ml-dsa', keyType: 'ml-dsa-65', publicKeyLength: 1952, signatureLength: 3309 }],
  ['ML-DSA-87', { family: 'ml-dsa', keyType: 'ml-dsa-87', publicKeyLength: 2592, signatureLength: 4627 }],
])

/** Every algorithm name, in the order of the table. */
export const ALGORITHMS: readonly Algorithm[] = [...TABLE.keys()]

/** Tells whether a value is the exact name of an algorithm; no other spelling of it is one (RFC 7515 §4.1.1). */
export function isAlgorithm(value: unknown): value is Algorithm {
  return typeof value === 'string' && TABLE.has(value as Algorithm)
}

/** Gets what an algorithm asks of its key (RFC 7518 §3). */
export function getAlgorithmParameters(alg: Algorithm): AlgorithmParameters {
  const parameters = TABLE.get(alg)
  if (parameters === undefined) throw new TypeError('The algorithm is not one that this package knows.')
  return parameters
}

function ecdsa(
  hash: Hash,
  curve: EcdsaParameters['curve'],
  namedCurve: EcdsaParameters['namedCurve'],
  size: number,
  order: Uint8Array,
): EcdsaParameters {
  return { family: 'ecdsa', hash, curve, namedCurve, size, order }
}
