import { isUint8Array } from 'node:util/types'
import { encodeBase64url } from './base64url.ts'
import { checkWrittenJson, JsonRefusal } from './json-object.ts'
import { isKey, type Key } from './key.ts'
import { getScratch } from './scratch.ts'
import { createSignature } from './signature.ts'
import { createSignatureInPool } from './thread-pool-signature.ts'

/** What `signCompact` is told. */
export interface SignCompactOptions {
  /** A private key or a secret. */
  readonly key: Key
  /**
   * Header parameters besides `alg` and `kid`, which the key decides.
   * @default {}
   */
  readonly protectedHeader?: Readonly<Record<string, unknown>>
}

/** Parameters that the key decides, or that no verifier of this package honours. */
const REFUSED_PARAMETERS = ['alg', 'kid', 'crit', 'b64', 'zip']

/**
 * Signs bytes as a compact JWS (RFC 7515 §5.1). Sign a JWT with `createSigner`.
 *
 * @example const jws = signCompact(new TextEncoder().encode('hello'), { key })
 * @throws TypeError if the key can only verify, or the header says what it must not
 */
export function signCompact(payload: Uint8Array, options: SignCompactOptions): string {
  const { key, protectedHeader = {} } = options
  if (!isKey(key)) throw new TypeError('key: give a key made by importKey or generateKey.')
  if (!isUint8Array(payload)) throw new TypeError('payload: give bytes, as a Uint8Array.')
  for (const name of REFUSED_PARAMETERS) {
    if (Object.hasOwn(protectedHeader, name))
      throw new TypeError(`protectedHeader.${name}: leave it out: the key decides it, or it is never honoured.`)
  }
  return signSegments(encodeHeader(key, protectedHeader), payload, key)
}

/**
 * Encodes the protected header of a key: `alg`, `kid` if there is one, and the rest (RFC 7515 §4.1).
 *
 * @throws TypeError if it is not JSON
 */
export function encodeHeader(key: Key, rest: Readonly<Record<string, unknown>>): string {
  const header = { alg: key.alg, ...(key.kid === undefined ? {} : { kid: key.kid }), ...rest }
  return encodeBase64url(encodeStrictJson(header, 'protectedHeader'))
}

/** Signs an encoded header and a payload (RFC 7515 §5.1 steps 5 to 8). */
export function signSegments(header: string, payload: Uint8Array, key: Key): string {
  const signingInput = `${header}.${encodeBase64url(payload)}`
  const scratch = getScratch(signingInput.length)
  const bytes = scratch.subarray(0, scratch.write(signingInput, 0, 'latin1'))
  return `${signingInput}.${encodeBase64url(createSignature(key, bytes))}`
}

/** Signs what `signSegments` signs, on the thread pool. */
export async function signSegmentsInPool(header: string, payload: Uint8Array, key: Key): Promise<string> {
  const signingInput = `${header}.${encodeBase64url(payload)}`
  const signature = await createSignatureInPool(key, Buffer.from(signingInput, 'latin1'))
  return `${signingInput}.${encodeBase64url(signature)}`
}

/** Writes JSON that a verifier of this package accepts. @throws TypeError that names the argument */
export function encodeStrictJson(value: object, argument: string): Uint8Array {
  const text: unknown = JSON.stringify(value)
  if (typeof text !== 'string' || !text.startsWith('{'))
    throw new TypeError(`${argument}: give an object without toJSON.`)
  const bytes = Buffer.from(text, 'utf8')
  try {
    checkWrittenJson(bytes, text)
  } catch (error) {
    if (error instanceof JsonRefusal) throw new TypeError(`${argument}: the JSON of it ${error.message}.`)
    throw error
  }
  return bytes
}
