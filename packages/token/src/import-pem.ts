/**
 * Owns what a PEM text must be before it becomes a key: one block of a known label, not encrypted (RFC 7468). The label
 * decides which half it is; no content is guessed at.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { Algorithm } from './algorithm.ts'
import { createAsymmetricKey } from './create-key.ts'
import type { Key } from './key.ts'

const CREATE: Readonly<Record<string, (pem: string) => KeyObject>> = {
  'PUBLIC KEY': createPublicKey,
  'RSA PUBLIC KEY': createPublicKey,
  CERTIFICATE: createPublicKey,
  'PRIVATE KEY': createPrivateKey,
  'RSA PRIVATE KEY': createPrivateKey,
  'EC PRIVATE KEY': createPrivateKey,
}

/**
 * Imports a PEM text for one algorithm: SPKI, PKCS#1 or X.509 for a public key, PKCS#8, PKCS#1 or SEC1 for a private
 * one (RFC 7468).
 *
 * Of a certificate only the key is used: its dates, names and chain are not checked.
 *
 * @throws TypeError if it is not one key that fits the algorithm
 */
export function importPem(pem: string, alg: Algorithm, kid: string | undefined): Key {
  const { label, block } = findBlock(pem)
  const create = Object.hasOwn(CREATE, label) ? CREATE[label] : undefined
  if (create === undefined) throw new TypeError(refuseLabel(label))
  let key: KeyObject
  try {
    key = create(block)
  } catch {
    // The cause is left out: it could quote the key.
    throw new TypeError(
      `The PEM block "${label}" does not hold a key that can be read. (If it is encrypted, decrypt it first.)`,
    )
  }
  return createAsymmetricKey(key, alg, kid)
}

const NO_BLOCK =
  'The string holds no whole PEM block. (A secret is given as bytes: new TextEncoder().encode(secret). ' +
  'A JWK is given as an object: JSON.parse(jwk).)'

/** Finds the one block of a PEM text; OpenSSL writes the curve of an EC key as a block of its own before it. */
function findBlock(pem: string): { label: string; block: string } {
  const blocks = [...pem.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g)].filter(
    ([, label]) => label !== 'EC PARAMETERS',
  )
  const [first] = blocks
  if (first === undefined) throw new TypeError(NO_BLOCK)
  if (blocks.length > 1) throw new TypeError('The PEM text holds more than one block: give one key at a time.')
  return { label: first[1] ?? '', block: first[0] }
}

function refuseLabel(label: string): string {
  if (label === 'ENCRYPTED PRIVATE KEY') return 'The PEM block is encrypted: decrypt it first.'
  return `The PEM block is of a kind that is not supported: give one of ${Object.keys(CREATE).join(', ')}.`
}
