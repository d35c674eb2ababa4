import { encodeBase64url } from './encode-base64url.ts'
import { checkContent, composeHeader, type SignCompactOptionsOf, writeStrictJson } from './jws-content.ts'
import { isKey, type Key } from './key.ts'
import { getScratch } from './scratch.ts'
import { createSignature } from './signature.ts'
import { createSignatureInPool } from './thread-pool-signature.ts'

/** What `signCompact` is told. */
export type SignCompactOptions = SignCompactOptionsOf<Key>

/**
 * Signs bytes as a compact JWS (RFC 7515 §5.1). Sign a JWT with `createSigner`.
 *
 * @example const jws = signCompact(new TextEncoder().encode('hello'), { key })
 * @throws TypeError if the key can only verify, or the header says what it must not
 */
export function signCompact(payload: Uint8Array, options: SignCompactOptions): string {
  checkContent(payload, options, isKey)
  const { key, protectedHeader = {} } = options
  return signSegments(encodeHeader(key, protectedHeader), payload, key)
}

/**
 * Encodes the protected header of a key: `alg`, `kid` if there is one, and the rest (RFC 7515 §4.1).
 *
 * @throws TypeError if it is not JSON
 */
export function encodeHeader(key: Key, rest: Readonly<Record<string, unknown>>): string {
  return encodeBase64url(encodeStrictJson(composeHeader(key, rest), 'protectedHeader'))
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
  return writeStrictJson(value, argument, toUtf8)
}

function toUtf8(text: string): Buffer {
  return Buffer.from(text, 'utf8')
}
