/**
 * Builds tokens with node:crypto alone, well-formed and otherwise, so that the tests do not trust the code under test.
 */
import { constants, createHmac, type KeyObject, sign } from 'node:crypto'
import type { Algorithm } from '../algorithm.ts'

/** Encodes text, bytes or JSON as base64url. */
export function encode(value: string | Uint8Array | object): string {
  if (typeof value === 'string' || value instanceof Uint8Array)
    return Buffer.from(value as string).toString('base64url')
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** Signs a header and a payload, each JSON, text or bytes, as the algorithm says; the header may say something else. */
export function forgeToken(
  header: string | Uint8Array | object,
  payload: string | Uint8Array | object,
  key: KeyObject,
  alg: Algorithm,
): string {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${forgeSignature(input, key, alg).toString('base64url')}`
}

/** Makes the signature of an algorithm (RFC 7518 §3). */
export function forgeSignature(input: string, key: KeyObject, alg: Algorithm): Buffer {
  const hash = `sha${alg.slice(2)}`
  switch (alg.slice(0, 2)) {
    case 'HS':
      return createHmac(hash, key).update(input).digest()
    case 'RS':
      return sign(hash, Buffer.from(input), key)
    case 'PS': {
      const saltLength = constants.RSA_PSS_SALTLEN_DIGEST
      return sign(hash, Buffer.from(input), { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength })
    }
    case 'ES':
      return sign(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
    default:
      return sign(null, Buffer.from(input), key)
  }
}
