/**
 * Owns what a secret or a key may be given as, and which algorithms it permits. A text or bytes that hold a PEM block
 * are a key, and everything else is a secret; a public key in any other form is refused as a secret by `importKey`, so
 * that neither can be taken for the other (RFC 8725 §2.1).
 */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { isKeyObject, isUint8Array } from 'node:util/types'
import { importKey } from '../import-key.ts'
import type { Key } from '../key.ts'
import { ALGORITHMS, type Algorithm } from './algorithm.ts'

/** A secret or a key: a text, bytes or a KeyObject. A PEM text is a key; any other text is a secret. */
export type Secret = string | Uint8Array | KeyObject

/** A secret or a key that can be imported for some algorithms. */
export interface KeySource {
  readonly isSecret: boolean
  /** Every algorithm that the type and the length of the key permit. */
  readonly algorithms: readonly Algorithm[]
  /** Imports the key for one of them, under a name, and checks it. @throws TypeError if it is weak or misshapen */
  importFor(alg: Algorithm, kid?: string): Key
  /** Says why an algorithm is not among those permitted. */
  explainMisfit(alg: Algorithm): string
}

/** Keys are checked when they are imported, which for a private one takes longer than a signature: once is enough. */
const MOST_TEXTS = 100
/** Of one text under several names; strangers can make names up. */
const MOST_NAMES = 10
const ofTexts = new Map<string, KeySource>()
const ofKeyObjects = new WeakMap<KeyObject, KeySource>()

/** Reads a secret or a key as a program gives it. @throws TypeError if it is neither */
export function readKeySource(secret: unknown, argument: string): KeySource {
  if (typeof secret === 'string') return remember(secret)
  if (isKeyObject(secret)) {
    const known = ofKeyObjects.get(secret) ?? fromKeyObject(secret)
    ofKeyObjects.set(secret, known)
    return known
  }
  if (isUint8Array(secret)) {
    const text = Buffer.from(secret).toString('latin1')
    return isPem(text) ? remember(text) : fromSecret(secret)
  }
  throw new TypeError(
    `${argument} is not valid key material: give a secret as a string or bytes, a key as PEM, or a KeyObject. ` +
      'For an encrypted key or a JWK, createPrivateKey and createPublicKey of node:crypto make a KeyObject.',
  )
}

function remember(text: string): KeySource {
  const known = ofTexts.get(text)
  if (known !== undefined) return known
  const source = isPem(text) ? fromPem(text) : fromSecret(Buffer.from(text))
  const [oldest] = ofTexts.keys()
  if (ofTexts.size >= MOST_TEXTS && oldest !== undefined) ofTexts.delete(oldest)
  ofTexts.set(text, source)
  return source
}

function isPem(text: string): boolean {
  return /-----BEGIN [A-Z0-9 ]+-----/.test(text)
}

function fromKeyObject(key: KeyObject): KeySource {
  if (key.type === 'secret') return fromSecret(key.export())
  const type = key.type === 'public' ? 'spki' : 'pkcs8'
  return fromKey(key.export({ type, format: 'pem' }) as string, listAlgorithms(key))
}

function fromSecret(bytes: Uint8Array): KeySource {
  const algorithms = SECRET_ALGORITHMS.filter((alg) => bytes.length >= getSecretLength(alg))
  const explainMisfit = (alg: Algorithm): string =>
    alg.startsWith('HS')
      ? `The secret is too short: ${alg} needs at least ${getSecretLength(alg)} bytes (RFC 7518 §3.2). Make one with ` +
        `node -p "crypto.randomBytes(64).toString('hex')", and see docs/migrating-to-token.md for those signed in.`
      : `The key is a secret, or a PEM text that was cut off: ${alg} needs a public or private key.`
  return { ...fromKey(bytes, algorithms), isSecret: true, explainMisfit }
}

const SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const

function getSecretLength(alg: Algorithm): number {
  return Number(alg.slice(2)) / 8
}

function fromPem(pem: string): KeySource {
  let algorithms: readonly Algorithm[]
  try {
    algorithms = listAlgorithms(createPublicKey(pem))
  } catch {
    // importFor says what is wrong with it.
    algorithms = ALGORITHMS.filter((alg) => !alg.startsWith('HS'))
  }
  return fromKey(pem, algorithms)
}

function fromKey(material: string | Uint8Array, algorithms: readonly Algorithm[]): KeySource {
  const imported = new Map<string, Key>()
  const importFor = (alg: Algorithm, kid?: string): Key => {
    const name = `${alg} ${kid ?? ''}`
    const known = imported.get(name)
    if (known !== undefined) return known
    const key = importKey(material, { alg, ...(kid !== undefined && { kid }) })
    if (imported.size >= MOST_NAMES) imported.clear()
    imported.set(name, key)
    return key
  }
  const explainMisfit = (alg: Algorithm): string =>
    algorithms.length === 0
      ? 'Keys of this type or curve are not supported: RSA, EC on P-256, P-384 and P-521, and Ed25519 are.'
      : `The key is not one for ${alg}: its type permits ${algorithms.join(', ')}.`
  return { isSecret: false, algorithms, importFor, explainMisfit }
}

const ALGORITHM_OF_CURVE: Readonly<Record<string, Algorithm>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
}

function listAlgorithms({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): readonly Algorithm[] {
  const ofCurve = ALGORITHM_OF_CURVE[asymmetricKeyDetails?.namedCurve ?? '']
  if (asymmetricKeyType === 'ec' && ofCurve !== undefined) return [ofCurve]
  if (asymmetricKeyType === 'ed25519') return ['EdDSA', 'Ed25519']
  if (asymmetricKeyType === 'rsa') return ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
  return []
}
