/**
 * Owns the last gate before a key exists: whatever it was imported from, its type, size and halves are checked here
 * against the algorithm that it is bound to (RFC 7518 §3, RFC 8725 §3.5).
 */
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { type Algorithm, type AlgorithmParameters, getAlgorithmParameters } from './algorithm.ts'
import { decodeBase64url } from './base64url.ts'
import type { KeyUse } from './bound-key.ts'
import { checkEd25519PublicKey } from './ed25519-public-key.ts'
import { createHmacPads } from './hmac.ts'
import { Key } from './key.ts'
import { checkKeyId } from './key-id.ts'
import { checkRsaPublicKey, checkSecretLength } from './key-strength.ts'
import { checkMlDsaSeed } from './ml-dsa.ts'
import { checkRsaPrivateMembers } from './rsa-private-members.ts'
import { createRsaPssKey } from './rsa-pss-key.ts'
import { computeThumbprint } from './thumbprint.ts'

/**
 * Creates a key from a public or private key object (RFC 7518 §3.1).
 *
 * @throws TypeError if the key does not fit its algorithm
 */
export function createAsymmetricKey(
  original: KeyObject,
  alg: Algorithm,
  kid: string | undefined,
  publicKey: KeyObject = original.type === 'public' ? original : createPublicKey(original),
): Key {
  checkKeyId(kid)
  const parameters = getAlgorithmParameters(alg)
  checkPublicKey(publicKey, alg, parameters)
  if (original.type === 'private') checkHalves(original, publicKey, parameters)
  const privateKey = original.type === 'private' ? original : undefined
  return new Key(
    alg,
    kid ?? computeThumbprint(publicKey.export({ format: 'jwk' })),
    privateKey ? 'private' : 'public',
    {
      parameters,
      original,
      signing: privateKey && prepare(privateKey, parameters),
      verification: prepare(publicKey, parameters),
      signatureLength: getSignatureLength(publicKey, parameters),
    },
  )
}

/** Creates a key from a secret (RFC 7518 §3.2). @throws TypeError if the secret is shorter than the hash */
export function createHmacKey(original: KeyObject, alg: Algorithm, kid: string | undefined, use: KeyUse): Key {
  checkKeyId(kid)
  const parameters = checkSecretLength(original.symmetricKeySize ?? 0, alg, getAlgorithmParameters(alg))
  return new Key(alg, kid, 'secret', {
    parameters,
    original,
    signing: use.sign ? original : undefined,
    verification: use.verify ? original : undefined,
    hmacPads: createHmacPads(original, parameters),
    signatureLength: parameters.size,
  })
}

function checkPublicKey(publicKey: KeyObject, alg: Algorithm, parameters: AlgorithmParameters): void {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = publicKey
  switch (parameters.family) {
    case 'hmac':
      throw new TypeError(`${alg} signs with a secret: a public or private key cannot be one (RFC 8725 §2.1).`)
    case 'ecdsa':
      if (type !== 'ec' || details.namedCurve !== parameters.namedCurve) {
        throw new TypeError(`${alg} needs an EC key on the curve ${parameters.curve} (RFC 7518 §3.4).`)
      }
      return
    case 'eddsa':
      if (type !== 'ed25519') throw new TypeError(`${alg} needs an Ed25519 key (RFC 8037 §3.1).`)
      checkEd25519PublicKey(exportBytes(publicKey, 'x'))
      return
    case 'ml-dsa':
      if (type !== parameters.keyType) throw new TypeError(`${alg} needs a key of that parameter set (RFC 9964 §5).`)
      return
    default:
      if (type !== 'rsa')
        throw new TypeError(`${alg} needs an RSA key of the general type rsaEncryption (RFC 7518 §3.3).`)
      checkRsaPublicKey(exportBytes(publicKey, 'n'), exportBytes(publicKey, 'e'))
  }
}

function exportBytes(publicKey: KeyObject, member: 'n' | 'e' | 'x'): Uint8Array {
  return decodeBase64url(publicKey.export({ format: 'jwk' })[member] ?? '') ?? new Uint8Array()
}

/**
 * Signs and verifies once: a private half that belongs to another public half would sign tokens that nobody accepts.
 */
function checkHalves(privateKey: KeyObject, publicKey: KeyObject, parameters: AlgorithmParameters): void {
  if (parameters.family === 'ml-dsa') checkMlDsaSeed(privateKey)
  if (privateKey.asymmetricKeyType === 'rsa') checkRsaPrivateMembers(privateKey.export({ format: 'jwk' }))
  if (!canVerifyOwnSignature(privateKey, publicKey, parameters)) {
    throw new TypeError('The private half of the key does not belong to its public half.')
  }
}

function canVerifyOwnSignature(privateKey: KeyObject, publicKey: KeyObject, parameters: AlgorithmParameters): boolean {
  const probe = Buffer.from('countersign')
  const hash = 'hash' in parameters ? parameters.hash : null
  try {
    return verify(hash, probe, publicKey, sign(hash, probe, privateKey))
  } catch {
    return false
  }
}

function prepare(key: KeyObject, parameters: AlgorithmParameters): KeyObject {
  return parameters.family === 'rsa-pss' ? createRsaPssKey(key, parameters) : key
}

function getSignatureLength(publicKey: KeyObject, parameters: AlgorithmParameters): number {
  switch (parameters.family) {
    case 'hmac':
      return parameters.size
    case 'ecdsa':
      return 2 * parameters.size
    case 'eddsa':
      return 64
    case 'ml-dsa':
      return parameters.signatureLength
    default:
      return Math.ceil((publicKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
  }
}
