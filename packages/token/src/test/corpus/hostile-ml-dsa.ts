/** Tokens and keys of ML-DSA that must not pass (RFC 9964 §3 to §5, FIPS 204 §7.2). */
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { derInteger, derOctetString, derOid, derSequence } from '../../der.ts'
import { encode, forgeSignature, forgeToken } from '../forge-token.ts'
import { getTestKey, HAS_ML_DSA, KID } from '../test-keys.ts'
import { CLAIMS, type Entry, HONEST_PAYLOAD } from './corpus-entry.ts'
import type { HostileKey } from './hostile-keys.ts'

const NAMES = HAS_ML_DSA ? (['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'] as const) : []

const SIGNATURES: readonly Entry[] = NAMES.flatMap((alg) => {
  const { native, verification } = getTestKey(alg)
  const input = `${encode({ alg, kid: KID })}.${HONEST_PAYLOAD}`
  const signature = forgeSignature(input, native, alg)
  const signText = (text: Uint8Array, context: string): Buffer =>
    sign(null, text, { key: native, context: Buffer.from(context) })
  const changes: Record<string, Buffer> = {
    'the first bit of c changed': Buffer.from(signature).fill((signature[0] ?? 0) ^ 0x80, 0, 1),
    'a z of zeros': Buffer.from(signature).fill(0, 64, 1000),
    'a z of ones': Buffer.from(signature).fill(0xff, 64, 1000),
    'hints of zeros': Buffer.from(signature).fill(0, signature.length - 60),
    'more hints than there may be': Buffer.from(signature).fill(0xff, signature.length - 1),
    'zeros alone': Buffer.alloc(signature.length),
    'ones alone': Buffer.alloc(signature.length, 0xff),
    'a context': signText(Buffer.from(input), 'JWT'),
    'the signature of another token': forgeSignature(`${input}A`, native, alg),
    'a signature over the hash of the token': signText(createHash('sha512').update(input).digest(), ''),
  }
  return Object.entries(changes).map(([name, changed]) => ({
    category: 'ML-DSA',
    name: `${alg} with ${name}`,
    token: `${input}.${encode(changed)}`,
    code: 'signature_invalid' as const,
    options: { keys: [verification], algorithms: [alg] },
  }))
})

const NAMED_ANOTHER: readonly Entry[] = NAMES.flatMap((alg) =>
  NAMES.filter((other) => other !== alg).map((other) => ({
    category: 'ML-DSA',
    name: `${alg} under the name of ${other}, which is allowed too`,
    token: forgeToken({ alg: other, kid: KID }, CLAIMS, getTestKey(alg).native, alg),
    code: 'key_not_found' as const,
    options: { keys: [getTestKey(alg).verification], algorithms: NAMES },
  })),
)

/** Tokens under keys of ML-DSA, none of which is signed as it says. */
export const HOSTILE_ML_DSA_TOKENS: readonly Entry[] = [...SIGNATURES, ...NAMED_ANOTHER]

/** Writes a private key by its expanded form alone, which FIPS 204 knows and JOSE does not. */
function writeExpandedPem(key: KeyObject, oid: string): string {
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' })
  // It ends in the seed and the expanded key, each an OCTET STRING: 32 and 2560 bytes.
  const expanded = derOctetString(derOctetString(pkcs8.subarray(-2560)))
  const der = derSequence(derInteger(Uint8Array.of(0)), derSequence(derOid(oid)), expanded)
  return `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----`
}

const pemOf = (key: KeyObject): string => createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()

function listKeys(): readonly HostileKey[] {
  const native = getTestKey('ML-DSA-44').native
  const jwk = { ...native.export({ format: 'jwk' }) }
  const { priv, ...publicJwk } = jwk
  const pub = Buffer.from(String(jwk.pub), 'base64url')
  const other = { ...getTestKey('ML-DSA-65').native.export({ format: 'jwk' }) }
  const sources: Readonly<Record<string, unknown>> = {
    'a pub of 1311 bytes': { ...publicJwk, pub: encode(pub.subarray(1)) },
    'a pub of 1313 bytes': { ...publicJwk, pub: encode(Buffer.concat([pub, Buffer.of(0)])) },
    'an empty pub': { ...publicJwk, pub: '' },
    'no pub': { kty: 'AKP', alg: 'ML-DSA-44' },
    'no pub, but priv': { kty: 'AKP', alg: 'ML-DSA-44', priv },
    'a pub that is a number': { ...publicJwk, pub: 5 },
    'a pub with padding': { ...publicJwk, pub: `${jwk.pub}==` },
    'a pub in base64': { ...publicJwk, pub: Buffer.from(pub).fill(0xff, 0, 3).toString('base64') },
    'a pub of ML-DSA-65': { ...publicJwk, pub: other.pub },
    'a priv of 31 bytes': { ...jwk, priv: encode(randomBytes(31)) },
    'a priv of 33 bytes': { ...jwk, priv: encode(randomBytes(33)) },
    'an empty priv': { ...jwk, priv: '' },
    'a priv that is null': { ...jwk, priv: null },
    'the expanded key as priv': {
      ...jwk,
      priv: encode(native.export({ type: 'pkcs8', format: 'der' }).subarray(-2560)),
    },
    'a priv of another key': { ...jwk, priv: encode(randomBytes(32)) },
    'no alg': { kty: 'AKP', pub: jwk.pub },
    'no alg, but priv': { kty: 'AKP', pub: jwk.pub, priv },
    'the alg of another parameter set': { ...publicJwk, alg: 'ML-DSA-65' },
    'a key of another parameter set': { ...other },
    'another spelling of alg': { ...publicJwk, alg: 'ml-dsa-44' },
    'an alg that is no name': { ...publicJwk, alg: ['ML-DSA-44'] },
    'the kty of Edwards curves': { ...publicJwk, kty: 'OKP' },
    'another spelling of kty': { ...publicJwk, kty: 'akp' },
    'no kty': { ...publicJwk, kty: undefined },
    'a use that is encryption': { ...publicJwk, use: 'enc' },
    'a public key that may only sign': { ...publicJwk, key_ops: ['sign'] },
    'a private key that may only verify': { ...jwk, key_ops: ['verify'] },
    'an EC key': { ...getTestKey('ES256').native.export({ format: 'jwk' }), alg: 'ML-DSA-44' },
    'a secret': randomBytes(64),
    'its public key as bytes': Buffer.from(pub),
    'a PEM of ML-DSA-65': pemOf(getTestKey('ML-DSA-65').native),
    'a PEM of Ed25519': pemOf(getTestKey('EdDSA').native),
    'a PEM of ML-KEM': pemOf(generateKeyPairSync('ml-kem-768').privateKey),
    'a private key without its seed': writeExpandedPem(native, '608648016503040311'),
  }
  return [
    ...Object.entries(sources).map(([name, source]) => ({
      category: 'ML-DSA',
      name: `ML-DSA-44: ${name}`,
      source,
      alg: 'ML-DSA-44',
    })),
    ...['ES256', 'EdDSA', 'RS256', 'HS256'].flatMap((alg) => [
      { category: 'ML-DSA', name: `${alg}: a key of ML-DSA-44`, source: publicJwk, alg },
      { category: 'ML-DSA', name: `${alg}: a key of ML-DSA-44 that says so`, source: { ...publicJwk, alg }, alg },
      { category: 'ML-DSA', name: `${alg}: a PEM of ML-DSA-44`, source: pemOf(native), alg },
    ]),
  ]
}

/** Keys that are none of ML-DSA-44, and keys of ML-DSA where another algorithm belongs. */
export const HOSTILE_ML_DSA_KEYS: readonly HostileKey[] = HAS_ML_DSA ? listKeys() : []
