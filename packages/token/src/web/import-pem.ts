/**
 * Owns PEM where there is Web Crypto, which reads SubjectPublicKeyInfo and PKCS#8 and no other form. What it read goes the
 * way of a JWK, so that the same is refused.
 */
import { type Algorithm, getAlgorithmParameters } from '../algorithm.ts'
import { findPemBlock, refuseContent } from '../pem-block.ts'
import { importJwk } from './import-jwk.ts'
import type { Key } from './key.ts'
import { awaitNative, exportMembers, getSubtle, toNativeAlgorithm } from './subtle.ts'

/** A form that Web Crypto reads, and the command that makes it of one that it does not. */
interface Reader {
  readonly format: 'spki' | 'pkcs8'
  readonly convertBy?: string
}

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['PUBLIC KEY', { format: 'spki' }],
  ['PRIVATE KEY', { format: 'pkcs8' }],
  ['RSA PUBLIC KEY', { format: 'spki', convertBy: 'openssl rsa -RSAPublicKey_in -pubout' }],
  ['RSA PRIVATE KEY', { format: 'pkcs8', convertBy: 'openssl pkcs8 -topk8 -nocrypt' }],
  ['EC PRIVATE KEY', { format: 'pkcs8', convertBy: 'openssl pkcs8 -topk8 -nocrypt' }],
  ['CERTIFICATE', { format: 'spki', convertBy: 'openssl x509 -pubkey -noout' }],
])

/**
 * Imports a PEM text for one algorithm: SubjectPublicKeyInfo for a public key, PKCS#8 for a private one (RFC 7468 §10,
 * §13).
 *
 * @throws TypeError if it is not one key that fits the algorithm, or in a form that Web Crypto does not read
 */
export async function importPem(
  pem: string,
  alg: Algorithm,
  kid: string | undefined,
  extractable: boolean,
): Promise<Key> {
  const { label, text, reader } = findPemBlock(pem, READERS)
  if (reader.convertBy !== undefined)
    throw new TypeError(`Web Crypto does not read the PEM block "${label}": convert it with ${reader.convertBy}.`)
  const parameters = getAlgorithmParameters(alg)
  if (parameters.family === 'hmac')
    throw new TypeError(`${alg} signs with a secret: a public or private key cannot be one (RFC 8725 §2.1).`)
  const usage = reader.format === 'spki' ? 'verify' : 'sign'
  const bytes = decodeBlock(text, label)
  const refuse = (): never => refuseContent(label, `a key that Web Crypto can read for ${alg}`)
  const algorithm = toNativeAlgorithm(parameters)
  const native = await awaitNative(alg, getSubtle().importKey(reader.format, bytes, algorithm, true, [usage]), refuse)
  return importJwk(await exportMembers(native), alg, kid, extractable)
}

function decodeBlock(text: string, label: string): Uint8Array<ArrayBuffer> {
  const body = text.split(/-----[A-Z0-9 ]+-----/)[1] ?? ''
  try {
    return Uint8Array.from(atob(body), (character) => character.charCodeAt(0))
  } catch {
    return refuseContent(label)
  }
}
