/**
 * Owns the one shape in which keys for encryption travel: bound to a single algorithm, opaque to everything that prints,
 * and another class than the keys for signatures, so that neither can be given for the other.
 */
import type { KeyObject } from 'node:crypto'
import type { KeyKind } from '../bound-key.ts'
import type { ContentEncryptionAlgorithm, KeyManagementAlgorithm } from './encryption-algorithm.ts'

/** What a key for encryption is made of. */
export interface EncryptionKeyMaterial {
  /** The public half or the secret; absent from a secret that may only decrypt. */
  readonly encryption: KeyObject | undefined
  /** The private half or the secret; absent from a public key and from a secret that may only encrypt. */
  readonly decryption: KeyObject | undefined
  /** The curve of an EC key, by its name in a JWK. */
  readonly crv: string | undefined
  /** Length of what an RSA key encrypts to, in bytes. */
  readonly modulusLength: number | undefined
}

/** Reaches into a key; set by the class, so that nothing on a key or its constructor leads to the material. */
let readMaterial: (value: object) => EncryptionKeyMaterial | undefined

/**
 * Holds a key that is bound to one key management algorithm, and for `dir` to one content encryption too; made by
 * `importEncryptionKey` and `generateEncryptionKey` only (RFC 8725 §3.1).
 *
 * Its material is in a private field: JSON, `util.inspect`, structured clones and errors do not show it.
 */
export class EncryptionKey {
  readonly #material: EncryptionKeyMaterial
  readonly alg: KeyManagementAlgorithm
  /** The content encryption that a key for `dir` is bound to. */
  readonly enc: ContentEncryptionAlgorithm | undefined
  readonly kid: string | undefined
  readonly kind: KeyKind

  constructor(
    { alg, enc, kid, kind }: Pick<EncryptionKey, 'alg' | 'enc' | 'kid' | 'kind'>,
    material: EncryptionKeyMaterial,
  ) {
    this.#material = material
    this.alg = alg
    this.enc = enc
    this.kid = kid
    this.kind = kind
    Object.freeze(this)
  }

  static {
    readMaterial = (key) => (#material in key ? key.#material : undefined)
  }
}

/** Tells a key for encryption from everything that only looks like one. */
export function isEncryptionKey(value: unknown): value is EncryptionKey {
  return typeof value === 'object' && value !== null && readMaterial(value) !== undefined
}

/** Gets the material of a key for encryption. @throws TypeError if it is none */
export function getEncryptionKeyMaterial(key: EncryptionKey): EncryptionKeyMaterial {
  const material = typeof key === 'object' && key !== null ? readMaterial(key) : undefined
  if (material === undefined) throw new TypeError('key: give a key made by importEncryptionKey.')
  return material
}
