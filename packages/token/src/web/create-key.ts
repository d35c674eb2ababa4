/**
 * Owns the last gate before a key exists where there is Web Crypto: whatever it was imported from, its size and halves are
 * checked here against the algorithm that it is bound to (RFC 7518 §3, RFC 8725 §3.5).
 */
import { type Algorithm, type AlgorithmParameters, getAlgorithmParameters, type HmacParameters } from '../algorithm.ts'
import { decodeBase64url } from '../base64url.ts'
import type { KeyUse } from '../bound-key.ts'
import { checkEd25519PublicKey } from '../ed25519-public-key.ts'
import type { Members } from '../jwk-members.ts'
import { checkKeyId } from '../key-id.ts'
import { checkRsaPublicKey } from '../key-strength.ts'
import { Key } from './key.ts'
import { getSubtle, type NativeKey, toNativeAlgorithm } from './subtle.ts'
import { computeThumbprint } from './thumbprint.ts'
import { toUtf8 } from './token-bytes.ts'

/** The two halves of a key, as Web Crypto holds them. */
export interface NativeHalves {
  readonly publicKey: NativeKey
  readonly privateKey: NativeKey | undefined
}

/**
 * Creates a key from its halves (RFC 7518 §3.1). Its public half is checked before Web Crypto is asked for them.
 *
 * @throws TypeError if its name is none, its public half does not fit its algorithm, or its halves not each other
 */
export async function createAsymmetricKey(
  publicMembers: Members,
  alg: Algorithm,
  kid: string | undefined,
  getHalves: () => Promise<NativeHalves>,
): Promise<Key> {
  checkKeyId(kid)
  const parameters = getAlgorithmParameters(alg)
  checkPublicMembers(publicMembers, parameters)
  const { publicKey, privateKey } = await getHalves()
  if (privateKey !== undefined && !(await canVerifyOwnSignature(publicKey, privateKey, parameters)))
    throw new TypeError('The private half of the key does not belong to its public half.')
  return new Key(alg, kid ?? (await computeThumbprint(publicMembers)), privateKey ? 'private' : 'public', {
    parameters,
    algorithm: toNativeAlgorithm(parameters),
    signing: privateKey,
    verification: publicKey,
    publicMembers,
    signatureLength: getSignatureLength(publicMembers, parameters),
  })
}

/** Creates a key from a secret whose length was checked (RFC 7518 §3.2). */
export function createHmacKey(
  native: NativeKey,
  parameters: HmacParameters,
  alg: Algorithm,
  kid: string | undefined,
  use: KeyUse,
): Key {
  return new Key(alg, kid, 'secret', {
    parameters,
    algorithm: toNativeAlgorithm(parameters),
    signing: use.sign ? native : undefined,
    verification: use.verify ? native : undefined,
    publicMembers: undefined,
    signatureLength: parameters.size,
  })
}

function checkPublicMembers(members: Members, parameters: AlgorithmParameters): void {
  if (parameters.family === 'eddsa') checkEd25519PublicKey(readMember(members, 'x'))
  if (parameters.family === 'rsa-pkcs1' || parameters.family === 'rsa-pss')
    checkRsaPublicKey(readMember(members, 'n'), readMember(members, 'e'))
}

function readMember(members: Members, name: string): Uint8Array {
  return decodeBase64url(members[name] ?? '') ?? new Uint8Array()
}

async function canVerifyOwnSignature(
  publicKey: NativeKey,
  privateKey: NativeKey,
  parameters: AlgorithmParameters,
): Promise<boolean> {
  const algorithm = toNativeAlgorithm(parameters)
  const probe = toUtf8('countersign')
  try {
    return await getSubtle().verify(algorithm, publicKey, await getSubtle().sign(algorithm, privateKey, probe), probe)
  } catch {
    return false
  }
}

function getSignatureLength(publicMembers: Members, parameters: AlgorithmParameters): number {
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
      return readMember(publicMembers, 'n').length
  }
}
