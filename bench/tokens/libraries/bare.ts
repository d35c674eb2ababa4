// What node:crypto alone costs: keys imported, bytes decoded and encoded before, no token and no claims.
import {
  createHmac,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
  type RSAPSSKeyPairKeyObjectOptions,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto'
import { asDerSignature } from '../../der-signature.ts'
import type { Library } from '../library.ts'
import type { Subject } from '../subject.ts'

export const bare: Library = {
  name: 'bare node:crypto',
  createVerify(subject, tokens) {
    const inputs = tokens.map((token) => Buffer.from(token.slice(0, token.lastIndexOf('.'))))
    const signatures = tokens.map((token) => decodeSignature(subject, token.slice(token.lastIndexOf('.') + 1)))
    const check = createCheck(subject)
    return (index) => {
      if (!check(inputs[index % inputs.length] as Buffer, signatures[index % inputs.length] as Buffer)) {
        throw new Error('The signature is not that of the input.')
      }
      return true
    }
  },
  createSign(subject) {
    const inputs = subject.tokens.map((token) => Buffer.from(token.slice(0, token.lastIndexOf('.'))))
    const make = createMake(subject)
    return (index) => make(inputs[index % inputs.length] as Buffer)
  },
}

function createCheck({ alg, secret, pair }: Subject): (input: Buffer, signature: Buffer) => boolean {
  if (secret !== undefined) {
    const key = createSecretKey(secret)
    return (input, signature) => timingSafeEqual(createHmac('sha256', key).update(input).digest(), signature)
  }
  const key = alg === 'PS256' ? asPssKey(pair?.publicKey as KeyObject) : (pair?.publicKey as KeyObject)
  const hash = alg === 'EdDSA' ? null : 'sha256'
  return (input, signature) => verify(hash, input, key, signature)
}

function createMake({ alg, secret, pair }: Subject): (input: Buffer) => Buffer {
  if (secret !== undefined) {
    const key = createSecretKey(secret)
    return (input) => createHmac('sha256', key).update(input).digest()
  }
  const key = alg === 'PS256' ? generatePssPair().privateKey : (pair?.privateKey as KeyObject)
  const hash = alg === 'EdDSA' ? null : 'sha256'
  return (input) => sign(hash, input, key)
}

function decodeSignature({ alg }: Subject, segment: string): Buffer {
  const signature = Buffer.from(segment, 'base64url')
  return alg === 'ES256' ? asDerSignature(signature) : signature
}

/** A key that carries its PSS parameters needs no options at each call, which cost more than the check itself. */
function generatePssPair(): { privateKey: KeyObject; publicKey: KeyObject } {
  const parameters = { modulusLength: 2048, hashAlgorithm: 'sha256', mgf1HashAlgorithm: 'sha256', saltLength: 32 }
  // The types of Node take the salt length for a string.
  return generateKeyPairSync('rsa-pss', parameters as unknown as RSAPSSKeyPairKeyObjectOptions)
}

/** Puts the key, which ends both encodings at the same length, behind the algorithm of another one. */
function asPssKey(key: KeyObject): KeyObject {
  const bitStringLength = 275
  const pss = generatePssPair().publicKey.export({ type: 'spki', format: 'der' })
  const rsa = key.export({ type: 'spki', format: 'der' })
  const spki = Buffer.concat([pss.subarray(0, -bitStringLength), rsa.subarray(-bitStringLength)])
  return createPublicKey({ key: spki, type: 'spki', format: 'der' })
}
