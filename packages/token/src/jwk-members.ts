/**
 * Owns what a JWK must be before it becomes a key: the members of its type, each in its one spelling, and a stated use
 * that allows signatures (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2, RFC 9964 §3). Whether they are sound numbers is found later.
 */
import { type Algorithm, getAlgorithmParameters } from './algorithm.ts'
import { decodeBase64url } from './base64url.ts'
import type { KeyUse } from './bound-key.ts'
import type { Jwk } from './jwk.ts'

/** The members of a JWK that were checked, and no others. */
export type Members = Readonly<Record<string, string>>

/** What a JWK holds: a secret, or a public key and with a private one both. */
export type CheckedJwk =
  | { readonly secret: Uint8Array; readonly use: KeyUse }
  | { readonly secret?: never; readonly publicMembers: Members; readonly privateMembers: Members | undefined }

const KEY_TYPE = {
  hmac: 'oct',
  'rsa-pkcs1': 'RSA',
  'rsa-pss': 'RSA',
  ecdsa: 'EC',
  eddsa: 'OKP',
  'ml-dsa': 'AKP',
} as const
const ML_DSA_SEED_LENGTH = 32
const RSA_PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const

/** Checks the members of a JWK for one algorithm (RFC 7517 §4). @throws TypeError that names the member at fault */
export function checkJwk(jwk: Jwk, alg: Algorithm): CheckedJwk {
  const parameters = getAlgorithmParameters(alg)
  const kty = KEY_TYPE[parameters.family]
  if (readMember(jwk, 'kty') !== kty) throw new TypeError(`kty: ${alg} needs a key of type ${kty}.`)
  const isPrivate = Object.hasOwn(jwk, parameters.family === 'ml-dsa' ? 'priv' : 'd')
  checkUse(jwk, parameters.family === 'hmac' ? ['sign', 'verify'] : [isPrivate ? 'sign' : 'verify'])
  switch (parameters.family) {
    case 'hmac':
      return { secret: readBytes(jwk, 'k'), use: readUse(jwk) }
    case 'ecdsa':
      if (jwk.crv !== parameters.curve)
        throw new TypeError(`crv: ${alg} needs the curve ${parameters.curve} (RFC 7518 §3.4).`)
      for (const name of isPrivate ? ['x', 'y', 'd'] : ['x', 'y']) readBytes(jwk, name, parameters.size)
      return pickMembers(jwk, ['kty', 'crv', 'x', 'y'], isPrivate ? ['d'] : [])
    case 'eddsa':
      if (jwk.crv !== parameters.curve)
        throw new TypeError(`crv: ${alg} needs the curve ${parameters.curve} (RFC 8037 §3.1).`)
      for (const name of isPrivate ? ['x', 'd'] : ['x']) readBytes(jwk, name, 32)
      return pickMembers(jwk, ['kty', 'crv', 'x'], isPrivate ? ['d'] : [])
    case 'ml-dsa':
      if (jwk.alg !== alg) throw new TypeError('alg: a key of type AKP says its algorithm itself (RFC 9964 §3).')
      readBytes(jwk, 'pub', parameters.publicKeyLength)
      if (isPrivate) readBytes(jwk, 'priv', ML_DSA_SEED_LENGTH)
      return pickMembers(jwk, ['kty', 'alg', 'pub'], isPrivate ? ['priv'] : [])
    default:
      for (const name of isPrivate ? ['n', 'e', ...RSA_PRIVATE_MEMBERS] : ['n', 'e']) checkUnsigned(jwk, name)
      if (Object.hasOwn(jwk, 'oth')) throw new TypeError('oth: an RSA key of more than two primes is not supported.')
      return pickMembers(jwk, ['kty', 'n', 'e'], isPrivate ? RSA_PRIVATE_MEMBERS : [])
  }
}

/** Says that checked members are no key. The cause is left out: it could quote the key. @throws TypeError */
export function refuseNumbers(alg: Algorithm, { kty }: Members): never {
  throw new TypeError(`The JWK is not a key that ${alg} can use: its numbers are not those of a sound ${kty} key.`)
}

function pickMembers(jwk: Jwk, publicNames: readonly string[], privateNames: readonly string[]): CheckedJwk {
  const pick = (names: readonly string[]): Members =>
    Object.fromEntries(names.map((name) => [name, readMember(jwk, name)]))
  return {
    publicMembers: pick(publicNames),
    privateMembers: privateNames.length === 0 ? undefined : pick([...publicNames, ...privateNames]),
  }
}

/** Checks `use` and `key_ops`, where they are present, against what the key is for (RFC 7517 §4.2, §4.3). */
function checkUse(jwk: Jwk, operations: readonly string[]): void {
  if (jwk.use !== undefined && jwk.use !== 'sig')
    throw new TypeError('use: a key for signatures says "sig", or nothing.')
  const stated: unknown = jwk.key_ops
  if (stated === undefined) return
  if (
    !Array.isArray(stated) ||
    !stated.every((entry) => typeof entry === 'string') ||
    new Set(stated).size !== stated.length
  ) {
    throw new TypeError('key_ops: give an array of names, none of them twice.')
  }
  if (!operations.some((operation) => stated.includes(operation))) {
    throw new TypeError(
      `key_ops: this key needs ${operations.map((operation) => `"${operation}"`).join(' or ')} among them.`,
    )
  }
}

function readUse(jwk: Jwk): KeyUse {
  const may = (operation: string): boolean => jwk.key_ops?.includes(operation) ?? true
  return { sign: may('sign'), verify: may('verify') }
}

function readMember(jwk: Jwk, name: string): string {
  const value = Object.hasOwn(jwk, name) ? jwk[name] : undefined
  if (typeof value !== 'string' || value === '') throw new TypeError(`${name}: the JWK needs this member, as a string.`)
  return value
}

function readBytes(jwk: Jwk, name: string, length?: number): Uint8Array {
  const bytes = decodeBase64url(readMember(jwk, name))
  if (bytes === undefined)
    throw new TypeError(`${name}: this member is not base64url in its one spelling, without padding (RFC 7515 §2).`)
  if (length !== undefined && bytes.length !== length)
    throw new TypeError(`${name}: this member is ${length} bytes long, with its leading zeros.`)
  return bytes
}

function checkUnsigned(jwk: Jwk, name: string): void {
  if (readBytes(jwk, name)[0] === 0)
    throw new TypeError(`${name}: this number is written without leading zeros (RFC 7518 §2).`)
}
