/**
 * Owns the one shape in which key material travels where there is Web Crypto: bound to a single algorithm, opaque to
 * everything that prints. Only the functions of this folder reach the material, through `getKeyMaterial`.
 */
import type { Algorithm, AlgorithmParameters } from '../algorithm.ts'
import type { BoundKey, KeyKind } from '../bound-key.ts'
import type { Members } from '../jwk-members.ts'
import type { NativeAlgorithm, NativeKey } from './subtle.ts'

/** What a key is made of. */
export interface KeyMaterial {
  readonly parameters: AlgorithmParameters
  /** What Web Crypto is told with each call. */
  readonly algorithm: NativeAlgorithm
  /** What signs; absent from a public key and from a secret that may only verify. */
  readonly signing: NativeKey | undefined
  /** What verifies: the public half, or the secret; absent from a secret that may only sign. */
  readonly verification: NativeKey | undefined
  /** The public half as a JWK; absent from a secret. */
  readonly publicMembers: Members | undefined
  /** Length of each signature, in bytes. */
  readonly signatureLength: number
}

/** Reaches into a key; set by the class, so that nothing on a key or its constructor leads to the material. */
let readMaterial: (value: object) => KeyMaterial | undefined

/**
 * Holds a key that is bound to one algorithm; made by `importKey`, `generateKey` and `importJwkSet` of this entry only
 * (RFC 8725 §3.1). A key of the main entry is none here.
 *
 * Its material is in a private field: JSON, consoles, structured clones and errors show `alg`, `kid` and `kind`.
 */
export class Key implements BoundKey {
  readonly #material: KeyMaterial
  readonly alg: Algorithm
  readonly kid: string | undefined
  readonly kind: KeyKind

  constructor(alg: Algorithm, kid: string | undefined, kind: KeyKind, material: KeyMaterial) {
    this.#material = material
    this.alg = alg
    this.kid = kid
    this.kind = kind
    Object.freeze(this)
  }

  static {
    readMaterial = (key) => (#material in key ? key.#material : undefined)
  }
}

/** Tells a key from everything that only looks like one. */
export function isKey(value: unknown): value is Key {
  return typeof value === 'object' && value !== null && readMaterial(value) !== undefined
}

/** Gets the material of a key. @throws TypeError if it is no key */
export function getKeyMaterial(key: Key): KeyMaterial {
  const material = typeof key === 'object' && key !== null ? readMaterial(key) : undefined
  if (material === undefined) throw new TypeError('key: give a key made by importKey, generateKey or importJwkSet.')
  return material
}
