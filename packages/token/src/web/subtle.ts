/** Owns the way to Web Crypto: where it is, what its algorithms are called there, and what its refusals mean here. */
import type { AlgorithmParameters } from '../algorithm.ts'
import type { Members } from '../jwk-members.ts'

/** A key as Web Crypto holds it. */
export type NativeKey = InstanceType<typeof CryptoKey>

/** An algorithm as Web Crypto names it; each of its functions reads the members that it needs. */
export interface NativeAlgorithm {
  readonly name: string
  readonly hash?: string
  readonly namedCurve?: string
  readonly saltLength?: number
}

const HASH = { sha256: 'SHA-256', sha384: 'SHA-384', sha512: 'SHA-512' } as const

/** Gets Web Crypto. @throws TypeError if the runtime has none, or hides it */
export function getSubtle(): typeof crypto.subtle {
  const subtle: typeof crypto.subtle | undefined = globalThis.crypto?.subtle
  if (subtle === undefined)
    throw new TypeError('There is no Web Crypto here: a page has it only if it was loaded from https or localhost.')
  return subtle
}

/** Names an algorithm and a hash as Web Crypto does (RFC 7518 §3, RFC 8037 §3.1, RFC 9964 §5). */
export function toNativeAlgorithm(parameters: AlgorithmParameters): NativeAlgorithm {
  switch (parameters.family) {
    case 'hmac':
      return { name: 'HMAC', hash: HASH[parameters.hash] }
    case 'rsa-pkcs1':
      return { name: 'RSASSA-PKCS1-v1_5', hash: HASH[parameters.hash] }
    case 'rsa-pss':
      return { name: 'RSA-PSS', hash: HASH[parameters.hash], saltLength: parameters.size }
    case 'ecdsa':
      return { name: 'ECDSA', hash: HASH[parameters.hash], namedCurve: parameters.curve }
    case 'eddsa':
      return { name: parameters.curve }
    case 'ml-dsa':
      return { name: parameters.keyType.toUpperCase() }
  }
}

/** Hashes bytes. */
export async function digest(hash: keyof typeof HASH, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await getSubtle().digest(HASH[hash], bytes))
}

/**
 * Hashes bytes with SHAKE256 to 64 bytes: cSHAKE256 of no name and no customization is that (NIST SP 800-185 §3.3).
 *
 * @throws TypeError if this runtime has not got it
 */
export async function digestShake256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const algorithm = { name: 'cSHAKE256', outputLength: 512 }
  return new Uint8Array(await awaitNative('SHAKE256', getSubtle().digest(algorithm, bytes), refuseHash))
}

function refuseHash(): never {
  throw new TypeError('SHAKE256: the Web Crypto of this runtime cannot compute this hash.')
}

/** Exports the members that make a key what it is, and nothing that is said about it. */
export async function exportMembers(native: NativeKey): Promise<Members> {
  const { alg, ext: _, key_ops: __, ...members } = await getSubtle().exportKey('jwk', native)
  // Of a key of type AKP the algorithm is a part (RFC 9964 §3).
  return (members.kty === 'AKP' ? { ...members, alg } : members) as Members
}

/**
 * Waits for what Web Crypto imports, makes or computes. The cause of a refusal is left out: it could quote the key.
 *
 * @throws TypeError if this runtime has not got the algorithm; else what `refuse` throws
 */
export async function awaitNative<Result>(name: string, result: Promise<Result>, refuse: () => never): Promise<Result> {
  try {
    return await result
  } catch (error) {
    if (error instanceof Error && error.name === 'NotSupportedError')
      throw new TypeError(`${name}: the Web Crypto of this runtime does not have this algorithm.`)
    return refuse()
  }
}
