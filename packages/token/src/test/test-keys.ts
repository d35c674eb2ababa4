/** One key for each algorithm, as node:crypto has it and as this package has it; made once a test file. */
import { createSecretKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { ALGORITHMS, type Algorithm } from '../algorithm.ts'
import { importKey } from '../import-key.ts'
import type { Key } from '../key.ts'

/** A key in the hands of the test and of the code under test. */
export interface TestKey {
  readonly alg: Algorithm
  /** What node:crypto signs with. */
  readonly native: KeyObject
  /** The private key or the secret. */
  readonly signing: Key
  /** The public key, or the secret. */
  readonly verification: Key
}

const CURVES: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }
const ML_DSA_KEY_TYPE: Readonly<Record<string, 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87'>> = {
  'ML-DSA-44': 'ml-dsa-44',
  'ML-DSA-65': 'ml-dsa-65',
  'ML-DSA-87': 'ml-dsa-87',
}
/** Whether this Node has ML-DSA; Node 22 has not. */
export const HAS_ML_DSA: boolean = hasMlDsa()
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey

/** The kid of every key here that is not a secret. */
export const KID = 'test-key'

/** Makes a key for an algorithm; RSA keys are all the same one, since making one takes long. */
function createTestKey(alg: Algorithm): TestKey {
  if (alg.startsWith('HS')) {
    const secret = randomBytes(Number(alg.slice(2)) / 8)
    const key = importKey(secret, { alg })
    return { alg, native: createSecretKey(secret), signing: key, verification: key }
  }
  const native = createNativeKey(alg)
  const jwk = native.export({ format: 'jwk' })
  const { kty, alg: ownAlg, crv, x, y, n, e, pub } = jwk
  const publicJwk = Object.fromEntries(
    Object.entries({ kty, alg: ownAlg, crv, x, y, n, e, pub }).filter(([, value]) => value !== undefined),
  )
  return {
    alg,
    native,
    signing: importKey({ ...jwk }, { alg, kid: KID }),
    verification: importKey(publicJwk, { alg, kid: KID }),
  }
}

/** One test key for each algorithm that this Node has. */
export const TEST_KEYS: readonly TestKey[] = ALGORITHMS.filter((alg) => HAS_ML_DSA || !alg.startsWith('ML-DSA')).map(
  createTestKey,
)

/** Gets the test key of an algorithm. */
export function getTestKey(alg: Algorithm): TestKey {
  const key = TEST_KEYS.find((candidate) => candidate.alg === alg)
  if (key === undefined) throw new Error('There is no such test key.')
  return key
}

function createNativeKey(alg: Algorithm): KeyObject {
  const namedCurve = CURVES[alg]
  if (namedCurve !== undefined) return generateKeyPairSync('ec', { namedCurve }).privateKey
  if (ML_DSA_KEY_TYPE[alg] !== undefined) return generateKeyPairSync(ML_DSA_KEY_TYPE[alg]).privateKey
  return alg.startsWith('Ed') ? generateKeyPairSync('ed25519').privateKey : rsa
}

function hasMlDsa(): boolean {
  try {
    return generateKeyPairSync('ml-dsa-44').privateKey.type === 'private'
  } catch {
    return false
  }
}
