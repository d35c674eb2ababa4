/**
 * Owns what a key must be before it encrypts or decrypts. Size, curve, point, halves and spelling are checked by
 * `importKey`, as those of a key for signatures: what is too weak there is too weak here. What is added is what the key
 * says that it is for, and the exact lengths of AES keys (RFC 7517 §4, RFC 7518 §4).
 */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { isUint8Array } from 'node:util/types'
import type { Algorithm } from '../algorithm.ts'
import { decodeBase64url } from '../base64url.ts'
import { importKey } from '../import-key.ts'
import type { Jwk } from '../jwk.ts'
import { getKeyMaterial, type Key } from '../key.ts'
import {
  type ContentEncryptionAlgorithm,
  ENCRYPTION_ALGORITHMS,
  getContentEncryptionParameters,
  getKeyManagementParameters,
  isEncryptionAlgorithm,
  isKeyManagementAlgorithm,
  KEY_MANAGEMENT_ALGORITHMS,
  type KeyManagementAlgorithm,
  WRAPPING_KEY_LENGTH,
} from './encryption-algorithm.ts'
import { EncryptionKey } from './encryption-key.ts'
import { type EncryptionUse, readEncryptionUse } from './encryption-use.ts'

/** What `importEncryptionKey` is told about a key. */
export interface ImportEncryptionKeyOptions {
  /**
   * The one key management algorithm that the key is for. Required unless a JWK says it; must equal what the JWK says.
   * @default the JWK's `alg`
   */
  readonly alg?: KeyManagementAlgorithm
  /**
   * The one content encryption that a key for `dir` is for; no other key is bound to one.
   * @default the JWK's `alg`, where that is one
   */
  readonly enc?: ContentEncryptionAlgorithm
  /**
   * The key id. Must equal what a JWK says.
   * @default the JWK's `kid`, else the RFC 7638 thumbprint; none for a secret
   */
  readonly kid?: string
}

/** The algorithm that a key is bound to. */
export interface EncryptionBinding {
  readonly alg: KeyManagementAlgorithm
  readonly enc: ContentEncryptionAlgorithm | undefined
}

const ALL_USES: EncryptionUse = { encrypt: true, decrypt: true }
/** The signature algorithm by whose rules a key is checked, for each curve that JOSE has for ECDH here. */
const CURVES: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ['P-256', 'ES256'],
  ['P-384', 'ES384'],
  ['P-521', 'ES512'],
])

/**
 * Imports a key for encryption and binds it to one algorithm (RFC 7517 §4, RFC 8725 §3.1).
 *
 * An object is a JWK, a string is PEM, bytes are the secret of `A256KW` or `dir`. A key for signatures is not one for
 * encryption: make another.
 *
 * @example const key = importEncryptionKey(pem, { alg: 'ECDH-ES+A256KW' })
 * @throws TypeError if the key is weak, misshapen or not one for the algorithm; the message never quotes it
 */
export function importEncryptionKey(
  source: Jwk | string | Uint8Array,
  options: ImportEncryptionKeyOptions = {},
): EncryptionKey {
  const { kid } = options
  if (typeof source === 'string') return importPem(source, readBinding(undefined, options), kid)
  if (isUint8Array(source)) return importSecret(source, readBinding(undefined, options), kid)
  if (typeof source !== 'object' || source === null || Array.isArray(source)) {
    throw new TypeError('importEncryptionKey: give a JWK as an object, PEM as a string, or a secret as bytes.')
  }
  return importJwk(source, readBinding(source.alg, options), kid)
}

/** Wraps a key that was checked as one for signatures. */
export function createEncryptionKey(checked: Key, binding: EncryptionBinding, use: EncryptionUse): EncryptionKey {
  const { original } = getKeyMaterial(checked)
  const publicHalf = original.type === 'private' ? createPublicKey(original) : original
  const { family } = getKeyManagementParameters(binding.alg)
  return new EncryptionKey(
    { ...binding, kid: checked.kid, kind: checked.kind },
    {
      encryption: use.encrypt ? publicHalf : undefined,
      decryption: use.decrypt && original.type !== 'public' ? original : undefined,
      crv: family === 'ecdh' ? publicHalf.export({ format: 'jwk' }).crv : undefined,
      modulusLength:
        family === 'rsa' ? Math.ceil((publicHalf.asymmetricKeyDetails?.modulusLength ?? 0) / 8) : undefined,
    },
  )
}

/** Reads what a key is for; the `alg` of a JWK for `dir` may be that of its content encryption (RFC 7520 §5.6.1). */
function readBinding(stated: unknown, options: ImportEncryptionKeyOptions): EncryptionBinding {
  const ofContent = isEncryptionAlgorithm(stated) ? stated : undefined
  const alg = agree('alg', ofContent === undefined ? stated : 'dir', options.alg)
  const enc = agree('enc', ofContent, options.enc)
  if (!isKeyManagementAlgorithm(alg)) {
    throw new TypeError(
      `alg: name the one algorithm that the key is for, one of ${KEY_MANAGEMENT_ALGORITHMS.join(', ')}.`,
    )
  }
  if (alg === 'dir' && !isEncryptionAlgorithm(enc)) {
    throw new TypeError(
      `enc: name the one content encryption that a key for dir is for, one of ${ENCRYPTION_ALGORITHMS.join(', ')}.`,
    )
  }
  if (alg !== 'dir' && enc !== undefined) throw new TypeError('enc: leave it out: only a key for dir is bound to one.')
  return { alg, enc: enc as ContentEncryptionAlgorithm | undefined }
}

function agree(name: string, stated: unknown, option: unknown): unknown {
  if (stated !== undefined && option !== undefined && stated !== option) {
    throw new TypeError(`${name}: the option and the JWK name different values: leave the option out or mend the JWK.`)
  }
  return option ?? stated
}

function importJwk(jwk: Jwk, binding: EncryptionBinding, kid: string | undefined): EncryptionKey {
  const { alg } = binding
  const { family } = getKeyManagementParameters(alg)
  const kty = { rsa: 'RSA', ecdh: 'EC', wrap: 'oct', dir: 'oct' }[family]
  if (jwk.kty !== kty) throw new TypeError(`kty: ${alg} needs a key of type ${kty}.`)
  const use = readEncryptionUse(jwk, family)
  // Checked above, and of no meaning for the algorithm by whose rules the rest is checked.
  const { use: _, key_ops: __, alg: ___, ...members } = jwk
  if (kty === 'oct') checkSecretLength(typeof jwk.k === 'string' ? decodeBase64url(jwk.k)?.length : undefined, binding)
  const checkedAs = kty === 'RSA' ? 'RS256' : kty === 'oct' ? 'HS256' : getCurve(jwk.crv, alg)
  return createEncryptionKey(
    importKey(members, { alg: checkedAs, ...(kid === undefined ? {} : { kid }) }),
    binding,
    use,
  )
}

function importPem(pem: string, binding: EncryptionBinding, kid: string | undefined): EncryptionKey {
  const { alg } = binding
  const { family } = getKeyManagementParameters(alg)
  if (family === 'wrap' || family === 'dir') {
    throw new TypeError(`${alg} takes a secret: give it as bytes or as a JWK, never as a string.`)
  }
  const key = peekAtPem(pem)
  const needed = family === 'rsa' ? 'rsa' : 'ec'
  if (key !== undefined && key.asymmetricKeyType !== needed) {
    throw new TypeError(`${alg} needs an ${needed.toUpperCase()} key.`)
  }
  const checkedAs = family === 'rsa' ? 'RS256' : key === undefined ? 'ES256' : getCurve(getCurveName(key), alg)
  return createEncryptionKey(
    importKey(pem, { alg: checkedAs, ...(kid === undefined ? {} : { kid }) }),
    binding,
    ALL_USES,
  )
}

function importSecret(bytes: Uint8Array, binding: EncryptionBinding, kid: string | undefined): EncryptionKey {
  const { family } = getKeyManagementParameters(binding.alg)
  if (family !== 'wrap' && family !== 'dir') {
    throw new TypeError(`${binding.alg} takes no secret: import its public or private key as PEM or JWK.`)
  }
  checkSecretLength(bytes.length, binding)
  return createEncryptionKey(
    importKey(bytes, { alg: 'HS256', ...(kid === undefined ? {} : { kid }) }),
    binding,
    ALL_USES,
  )
}

/** Checks the length of an AES key; of one that cannot be read, `importKey` says why. */
function checkSecretLength(length: number | undefined, { alg, enc }: EncryptionBinding): void {
  const needed = enc === undefined ? WRAPPING_KEY_LENGTH : getContentEncryptionParameters(enc).keyLength
  if (length !== undefined && length !== needed)
    throw new TypeError(`${enc ?? alg} needs a key of ${needed} bytes (RFC 7518): make one with generateEncryptionKey.`)
}

/** Reads the type of a PEM key, or nothing of what `importKey` will refuse to read. */
function peekAtPem(pem: string): KeyObject | undefined {
  try {
    return createPublicKey(pem)
  } catch {
    return undefined
  }
}

function getCurveName(key: KeyObject): string | undefined {
  try {
    return key.export({ format: 'jwk' }).crv
  } catch {
    return undefined
  }
}

function getCurve(crv: string | undefined, alg: KeyManagementAlgorithm): Algorithm {
  const checkedAs = CURVES.get(crv ?? '')
  if (checkedAs === undefined)
    throw new TypeError(`crv: ${alg} needs an EC key on one of the curves ${[...CURVES.keys()].join(', ')}.`)
  return checkedAs
}
