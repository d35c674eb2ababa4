/** Owns what each portable test stands on: the library under test, honest keys in it, and tokens made without it. */
import type { Algorithm } from '../../algorithm.ts'
import type { BoundKey } from '../../bound-key.ts'
import type { Jwk } from '../../jwk.ts'
import type { FixtureKey, Fixtures } from './fixtures.ts'
import type { Subject } from './subject.ts'

/** An honest key of the library under test. */
export interface SceneKey extends FixtureKey {
  /** The private key or the secret; it can be exported. */
  readonly signing: BoundKey
  /** The public key, or the secret. */
  readonly verification: BoundKey
}

/** What each test is given. */
export interface Scene {
  readonly subject: Subject
  readonly fixtures: Fixtures
  readonly keys: readonly SceneKey[]
  /** Gets the honest key of an algorithm. */
  readonly getKey: (alg: Algorithm) => SceneKey
}

/** Imports the honest keys into a library. */
export async function createScene(subject: Subject, fixtures: Fixtures): Promise<Scene> {
  const keys: SceneKey[] = []
  for (const key of fixtures.keys) {
    if (await isMissing(subject, key)) continue
    const options = { alg: key.alg, ...(key.kid === undefined ? {} : { kid: key.kid }), extractable: true }
    const signing = await subject.importKey(key.privateJwk, options)
    const verification = key.kid === undefined ? signing : await subject.importKey(key.publicJwk, options)
    keys.push({ ...key, signing, verification })
  }
  const getKey = (alg: Algorithm): SceneKey => {
    const key = keys.find((candidate) => candidate.alg === alg)
    if (key === undefined) throw new Error(`There is no key for ${alg}.`)
    return key
  }
  return { subject, fixtures, keys, getKey }
}

/** Tells whether the runtime has not got an algorithm, and the library says so; only ML-DSA may be missing. */
async function isMissing(subject: Subject, { alg, publicJwk }: FixtureKey): Promise<boolean> {
  if (!alg.startsWith('ML-DSA')) return false
  try {
    await subject.importKey(publicJwk)
    return false
  } catch (error) {
    if (error instanceof TypeError && /does not have this algorithm/.test(error.message)) return true
    throw error
  }
}

/** Encodes text, bytes or JSON as base64url. */
export function encode(value: string | Uint8Array | object): string {
  const text = typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value)
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** Decodes base64url that is known to be sound. */
export function decode(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0))
}

/** Signs a header and a payload, each as JSON, text or bytes, with Web Crypto alone; the header may say anything. */
export async function forge(
  { alg, privateJwk }: { readonly alg: Algorithm; readonly privateJwk: Jwk },
  header: string | Uint8Array | object,
  payload: string | Uint8Array | object,
): Promise<string> {
  const { subtle } = globalThis.crypto
  const input = `${encode(header)}.${encode(payload)}`
  const algorithm = nameAlgorithm(alg)
  const { alg: own, kid: _, ...members } = privateJwk
  const jwk = members.kty === 'AKP' ? { ...members, alg: own } : members
  const key = await subtle.importKey('jwk', jwk as object, algorithm, false, ['sign'])
  return `${input}.${encode(new Uint8Array(await subtle.sign(algorithm, key, new TextEncoder().encode(input))))}`
}

interface WebAlgorithm {
  readonly name: string
  readonly hash?: string
  readonly namedCurve?: string
  readonly saltLength?: number
}

function nameAlgorithm(alg: Algorithm): WebAlgorithm {
  const bits = alg.slice(2)
  const hash = `SHA-${bits}`
  switch (alg.slice(0, 2)) {
    case 'HS':
      return { name: 'HMAC', hash }
    case 'RS':
      return { name: 'RSASSA-PKCS1-v1_5', hash }
    case 'PS':
      return { name: 'RSA-PSS', hash, saltLength: Number(bits) / 8 }
    case 'ES':
      return { name: 'ECDSA', hash, namedCurve: bits === '512' ? 'P-521' : `P-${bits}` }
    case 'ML':
      return { name: alg }
    default:
      return { name: 'Ed25519' }
  }
}
