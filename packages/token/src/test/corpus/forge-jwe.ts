/**
 * Builds JWEs with node:crypto alone, well-formed and otherwise, so that the tests trust neither the code under test nor
 * the library beneath it.
 */
import {
  constants,
  createCipheriv,
  createHash,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
  randomBytes,
} from 'node:crypto'
import { encode } from '../forge-token.ts'

/** What a forged JWE is made of; `enc` says how it is encrypted, whatever the header says. */
export interface JweParts {
  readonly header: object | string | Uint8Array
  readonly enc: string
  readonly cek: Uint8Array
  readonly plaintext: string | Uint8Array
  readonly encryptedKey?: Uint8Array
  readonly iv?: Uint8Array
}

const CBC: Readonly<Record<string, { cipher: string; hash: string; half: number }>> = {
  'A128CBC-HS256': { cipher: 'aes-128-cbc', hash: 'sha256', half: 16 },
  'A192CBC-HS384': { cipher: 'aes-192-cbc', hash: 'sha384', half: 24 },
  'A256CBC-HS512': { cipher: 'aes-256-cbc', hash: 'sha512', half: 32 },
}

/** Makes a content encryption key of the length that an algorithm needs. */
export function makeCek(enc: string): Buffer {
  return randomBytes(2 * (CBC[enc]?.half ?? 0) || Number(enc.slice(1, 4)) / 8)
}

/** Makes a compact JWE (RFC 7516 §7.1). */
export function forgeJwe({ header, enc, cek, plaintext, encryptedKey = Buffer.alloc(0), ...rest }: JweParts): string {
  const encodedHeader = encode(header)
  const iv = rest.iv ?? randomBytes(CBC[enc] === undefined ? 12 : 16)
  const { ciphertext, tag } = encryptContent(enc, cek, iv, Buffer.from(plaintext), Buffer.from(encodedHeader))
  return [encodedHeader, encode(encryptedKey), encode(iv), encode(ciphertext), encode(tag)].join('.')
}

/** Encrypts content with additional data (RFC 7518 §5.2, §5.3). */
export function encryptContent(
  enc: string,
  cek: Uint8Array,
  iv: Uint8Array,
  plaintext: Uint8Array,
  additional: Uint8Array,
): { ciphertext: Buffer; tag: Buffer } {
  const cbc = CBC[enc]
  if (cbc === undefined) {
    const gcm = createCipheriv(cek.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm', cek, iv)
    gcm.setAAD(additional)
    const ciphertext = Buffer.concat([gcm.update(plaintext), gcm.final()])
    return { ciphertext, tag: gcm.getAuthTag() }
  }
  const cipher = createCipheriv(cbc.cipher, cek.subarray(cbc.half), iv)
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
  const bits = Buffer.alloc(8)
  bits.writeBigUInt64BE(BigInt(additional.length * 8))
  const mac = createHmac(cbc.hash, cek.subarray(0, cbc.half)).update(additional).update(iv).update(ciphertext)
  return { ciphertext, tag: mac.update(bits).digest().subarray(0, cbc.half) }
}

/** Wraps a key with AES (RFC 3394 §2.2.1). */
export function wrapKey(wrappingKey: Uint8Array, cek: Uint8Array): Buffer {
  const cipher = createCipheriv(`id-aes${wrappingKey.length * 8}-wrap`, wrappingKey, Buffer.alloc(8, 0xa6))
  return Buffer.concat([cipher.update(cek), cipher.final()])
}

/** Encrypts a key with RSAES-OAEP and a hash, or with RSAES-PKCS1-v1_5 (RFC 7518 §4.2, §4.3). */
export function encryptKeyWithRsa(publicKey: KeyObject, cek: Uint8Array, hash: 'sha1' | 'sha256' | 'pkcs1'): Buffer {
  if (hash === 'pkcs1') return publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, cek)
  return publicEncrypt({ key: publicKey, oaepHash: hash, padding: constants.RSA_PKCS1_OAEP_PADDING }, cek)
}

/** Derives a key as ECDH-ES does (RFC 7518 §4.6.2). */
export function deriveKey(
  pair: { publicKey: KeyObject; privateKey: KeyObject },
  name: string,
  length: number,
  parties: { apu?: unknown; apv?: unknown } = {},
): Buffer {
  const uint32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return bytes
  }
  const prefixed = (bytes: Buffer): Buffer => Buffer.concat([uint32(bytes.length), bytes])
  const parts = [
    Buffer.from(name),
    ...[parties.apu, parties.apv].map((info) => Buffer.from(typeof info === 'string' ? info : '', 'base64url')),
  ]
  const otherInfo = Buffer.concat([...parts.map(prefixed), uint32(length * 8)])
  const secret = diffieHellman(pair)
  const rounds = Array.from({ length: Math.ceil(length / 32) }, (_, index) =>
    createHash('sha256')
      .update(uint32(index + 1))
      .update(secret)
      .update(otherInfo)
      .digest(),
  )
  return Buffer.concat(rounds).subarray(0, length)
}

/** Encrypts to a public EC key as ECDH-ES, with or without key wrap, and with further header parameters. */
export function forgeEcdhJwe(
  recipient: KeyObject,
  alg: string,
  enc: string,
  plaintext: string | Uint8Array,
  more: Readonly<Record<string, unknown>> = {},
): string {
  const namedCurve = recipient.asymmetricKeyDetails?.namedCurve ?? ''
  const { privateKey } = generateKeyPairSync('ec', { namedCurve })
  const epk = createPublicKey(privateKey).export({ format: 'jwk' })
  const pair = { publicKey: recipient, privateKey }
  const cek = makeCek(enc)
  const header = { alg, enc, epk, ...more }
  if (alg === 'ECDH-ES') {
    return forgeJwe({ header, enc, cek: deriveKey(pair, enc, cek.length, more), plaintext })
  }
  const wrappingKey = deriveKey(pair, alg, Number(alg.slice(-5, -2)) / 8, more)
  return forgeJwe({ header, enc, cek, plaintext, encryptedKey: wrapKey(wrappingKey, cek) })
}
