/** Tokens that try to be accepted without the signature of the issuer, or with a choice that is not theirs to make. */
import { createSecretKey, type KeyObject } from 'node:crypto'
import { ALGORITHMS, type Algorithm } from '../../algorithm.ts'
import { exportPublicJwk, exportPublicPem } from '../../export-key.ts'
import { encode, forgeSignature, forgeToken } from '../forge-token.ts'
import { getTestKey, KID, TEST_KEYS } from '../test-keys.ts'
import {
  ATTACKER,
  ATTACKER_JWK,
  CLAIMS,
  type Entry,
  HEADER,
  HONEST_HEADER,
  HONEST_PAYLOAD,
  HONEST_SIGNATURE,
  sign,
  unsigned,
  withHeader,
} from './corpus-entry.ts'

const ES256 = getTestKey('ES256')
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const honest = Buffer.from(HONEST_SIGNATURE, 'base64url')
const r = honest.subarray(0, 32)
const s = honest.subarray(32)
const number = (value: bigint, size = 32): Buffer => Buffer.from(value.toString(16).padStart(2 * size, '0'), 'hex')
const signed = (signature: Uint8Array): string => `${HONEST_HEADER}.${HONEST_PAYLOAD}.${encode(signature)}`

const UNSECURED: readonly Entry[] = [
  ...['none', 'None', 'NONE', 'noNe', 'nonE', 'NonE', 'none ', '\tnone', 'none\n', 'n\u{43e}ne', 'no\u{308}ne', 'n0ne'],
  ...[
    'nonе',
    'ＮＯＮＥ',
    'none\u200d',
    'none;ES256',
    'ES256,none',
    'none|ES256',
    '',
    ' ',
    '0',
    'false',
    'plain',
    'NULL',
  ],
].map((alg) => ({
  category: 'alg none',
  name: `alg ${JSON.stringify(alg)} and no signature`,
  token: unsigned({ ...HEADER, alg }),
  code: 'algorithm_not_allowed',
}))

const ALG_OF_A_TYPE: readonly Entry[] = [null, true, 0, 256, ['ES256'], ['none'], {}, { alg: 'ES256' }, [null]].map(
  (alg) => ({
    category: 'alg none',
    name: `alg of a wrong type: ${JSON.stringify(alg)}`,
    token: unsigned({ ...HEADER, alg }, HONEST_SIGNATURE),
    code: 'header_invalid',
  }),
)

const INHERITED_ALG: readonly Entry[] = [
  ...['constructor', 'toString', 'hasOwnProperty', 'valueOf', '__proto__', 'prototype', 'isPrototypeOf'],
  ...['HS1', 'HS128', 'RS1', 'ES1', 'ES128', 'ES256K', 'ES224', 'PS1', 'Ed448', 'ed25519', 'EDDSA', 'es256', 'ES256 '],
  ...['ES-256', 'ECDSA', 'SHA256', 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256', 'HS2048', 'ML-DSA-1'],
].map((alg) => ({
  category: 'alg none',
  name: `alg ${alg}, which does not exist or is not spelt so`,
  token: withHeader({ alg }),
  code: 'algorithm_not_allowed',
}))

/** Forms in which somebody may hold a public key, each of which has been taken for a secret somewhere. */
function writePublicKey(alg: Algorithm): Readonly<Record<string, string | Buffer>> {
  const { verification } = getTestKey(alg)
  const pem = exportPublicPem(verification)
  const body = pem.split('\n').slice(1, -2).join('')
  return {
    'its PEM': pem,
    'its PEM with CRLF': pem.replaceAll('\n', '\r\n'),
    'its PEM behind a blank': ` ${pem}`,
    'its PEM behind other text': `key: ${pem}`,
    'the base64 of its PEM': body,
    'its DER': Buffer.from(body, 'base64'),
    'its JWK': JSON.stringify(exportPublicJwk(verification)),
    'its modulus or coordinate': String(exportPublicJwk(verification).n ?? exportPublicJwk(verification).x),
  }
}

const CONFUSED: readonly Entry[] = (['RS256', 'PS256', 'ES256', 'EdDSA'] as const).flatMap((alg) =>
  Object.entries(writePublicKey(alg)).map(([form, secret]) => ({
    category: 'key confusion',
    name: `HS256 with ${form} as the secret, where the key is for ${alg}`,
    token: forgeToken({ alg: 'HS256', kid: KID }, CLAIMS, createSecretKey(Buffer.from(secret)), 'HS256'),
    // Every algorithm is allowed, and keys for each are there: the secrets are others.
    code: 'signature_invalid',
    options: { keys: TEST_KEYS.map(({ verification }) => verification), algorithms: ALGORITHMS },
  })),
)

const SECRETS: readonly Entry[] = (['HS256', 'HS384', 'HS512'] as const).flatMap((alg) =>
  ['', '\0', 'undefined', 'null', '[object Object]', 'secret'].map((secret) => ({
    category: 'empty secret',
    name: `${alg} with the secret ${JSON.stringify(secret)}, and a kid that nobody has`,
    token: forgeToken({ alg, kid: 'unknown' }, CLAIMS, createSecretKey(Buffer.from(secret)), alg),
    code: 'key_not_found',
    options: { keys: [ES256.verification, getTestKey('RS256').verification], algorithms: [alg, 'ES256', 'RS256'] },
  })),
)

const OTHER_ALGORITHMS: readonly Entry[] = TEST_KEYS.filter(({ alg }) => alg !== 'ES256').flatMap(({ alg, native }) => [
  {
    category: 'two sources of alg',
    name: `a sound ${alg} token, which is not allowed`,
    token: forgeToken({ alg, kid: KID }, CLAIMS, native, alg),
    code: 'algorithm_not_allowed' as const,
  },
  {
    category: 'two sources of alg',
    name: `an ${alg} signature under the name ES256`,
    token: forgeToken({ alg: 'ES256', kid: KID }, CLAIMS, native, alg),
    code: 'signature_invalid' as const,
  },
  {
    category: 'two sources of alg',
    name: `${alg} is allowed, but the key is bound to ES256`,
    token: forgeToken({ alg, kid: KID }, CLAIMS, native, alg),
    code: 'key_not_found' as const,
    options: { algorithms: ['ES256', alg] as const },
  },
])

const BROUGHT: readonly Entry[] = (
  [
    ['embedded jwk', 'jwk', ATTACKER_JWK],
    ['embedded jwk', 'jwk', { ...ATTACKER_JWK, kid: KID, alg: 'ES256', use: 'sig' }],
    ['embedded jwk', 'jwk', { keys: [ATTACKER_JWK] }],
    ['embedded jwk', 'jwk', { kty: 'oct', k: 'AAAA' }],
    ['embedded jwk', 'jwk', JSON.stringify(ATTACKER_JWK)],
    ['embedded jwk', 'key', ATTACKER_JWK],
    ['jku and x5u', 'jku', 'https://attacker.example/jwks.json'],
    ['jku and x5u', 'jku', 'http://127.0.0.1:1/jwks.json'],
    ['jku and x5u', 'jku', 'http://169.254.169.254/latest/meta-data/'],
    ['jku and x5u', 'jku', 'https://issuer.example@attacker.example/'],
    ['jku and x5u', 'jku', 'file:///etc/passwd'],
    ['jku and x5u', 'jku', `data:application/json,${JSON.stringify({ keys: [ATTACKER_JWK] })}`],
    ['jku and x5u', 'x5u', 'https://attacker.example/cert.pem'],
    ['jku and x5u', 'x5u', 'gopher://127.0.0.1/'],
    ['x5c', 'x5c', [Buffer.from('certificate').toString('base64')]],
    ['x5c', 'x5c', 'certificate'],
    ['x5c', 'x5t', 'AAAA'],
    ['x5c', 'x5t#S256', encode(Buffer.alloc(32))],
  ] as const
).flatMap(([category, parameter, value]) => [
  {
    category,
    name: `${parameter}: ${describeValue(value)}, signed with the key of the attacker`,
    token: withHeader({ [parameter]: value }, ATTACKER),
    code: 'signature_invalid' as const,
  },
  {
    category,
    name: `${parameter}: ${describeValue(value)}, and no kid`,
    token: sign({ alg: 'ES256', [parameter]: value }, CLAIMS, ATTACKER),
    code: 'signature_invalid' as const,
  },
])

/** Names a value by its members, which stay the same while the key of the attacker does not. */
function describeValue(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return String(value).replace(/\{.*/, '{…}').slice(0, 50)
  return `an object of ${Object.keys(value).join(', ')}`
}

const CRITICAL: readonly Entry[] = [
  ...[['exp'], ['b64'], ['alg'], ['http://example.com/UNDEFINED'], [], [''], [null], 'b64', {}, null, true, 0].map(
    (crit) => ({ crit, b64: true, 'http://example.com/UNDEFINED': true }),
  ),
  ...[true, false, 'false', 0, null].map((b64) => ({ b64 })),
  { crit: ['b64'], b64: false },
  { crit: ['zip'], zip: 'DEF' },
  ...['DEF', 'GZ', '', null].map((zip) => ({ zip })),
].map((parameters) => ({
  category: 'crit and b64',
  name: JSON.stringify(parameters),
  token: withHeader(parameters),
  code: 'header_unsupported',
}))

/** Writes r and s as DER, as other standards do. */
function writeDer(halves: readonly Buffer[]): Buffer {
  const integers = halves.map((half) => {
    const value = (half[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), half]) : half
    return Buffer.concat([Buffer.of(2, value.length), value])
  })
  const length = integers.reduce((sum, { length }) => sum + length, 0)
  return Buffer.concat([Buffer.of(0x30, length), ...integers])
}

const ECDSA: readonly Entry[] = (
  [
    ['r = s = 0', Buffer.alloc(64)],
    ['r = 0', Buffer.concat([Buffer.alloc(32), s])],
    ['s = 0', Buffer.concat([r, Buffer.alloc(32)])],
    ['r = s = n', Buffer.concat([number(ORDER), number(ORDER)])],
    ['r = n', Buffer.concat([number(ORDER), s])],
    ['s = n', Buffer.concat([r, number(ORDER)])],
    ['r = n, s = 0', Buffer.concat([number(ORDER), Buffer.alloc(32)])],
    ['r = n + 1', Buffer.concat([number(ORDER + 1n), s])],
    ['s = n + 1', Buffer.concat([r, number(ORDER + 1n)])],
    ['r = s = 1', Buffer.concat([number(1n), number(1n)])],
    ['r = 1, s = 0', Buffer.concat([number(1n), Buffer.alloc(32)])],
    ['r = s = n - 1', Buffer.concat([number(ORDER - 1n), number(ORDER - 1n)])],
    ['r = s = 2^256 - 1', Buffer.alloc(64, 0xff)],
    ['r and s exchanged', Buffer.concat([s, r])],
    ['r twice', Buffer.concat([r, r])],
    ['-r', Buffer.concat([number(ORDER - BigInt(`0x${r.toString('hex')}`)), s])],
    ['r + n where it does not fit, cut', Buffer.concat([r.subarray(1), Buffer.of(0), s])],
  ] as const
).map(([name, signature]) => ({
  category: 'r = s = 0',
  name: `ES256 with ${name}`,
  token: signed(signature),
  code: 'signature_invalid',
}))

const DER: readonly Entry[] = (
  [
    ['DER', writeDer([r, s])],
    ['DER of 64 bytes, padded', Buffer.concat([writeDer([r, s]), Buffer.alloc(64)]).subarray(0, 64)],
    ['DER with a long length', Buffer.concat([Buffer.of(0x30, 0x81), writeDer([r, s]).subarray(1)])],
    ['DER with trailing bytes', Buffer.concat([writeDer([r, s]), Buffer.of(0, 0)])],
    ['an OCTET STRING', Buffer.concat([Buffer.of(4, 64), r, s])],
    ['halves of 33 bytes', Buffer.concat([Buffer.of(0), r, Buffer.of(0), s])],
    ['halves of 48 bytes', Buffer.concat([Buffer.alloc(16), r, Buffer.alloc(16), s])],
    ['a recovery byte before', Buffer.concat([Buffer.of(27), r, s])],
    ['a recovery byte behind', Buffer.concat([r, s, Buffer.of(27)])],
    ['its hexadecimal digits', Buffer.from(honest.toString('hex'))],
    ['its base64url again', Buffer.from(HONEST_SIGNATURE)],
  ] as const
).map(([name, signature]) => ({
  category: 'DER',
  name: `ES256 with ${name}`,
  token: signed(signature),
  code: 'signature_invalid',
}))

/** Ed25519 with S + L, which has the same residue and must not be accepted (RFC 8032 §5.1.7). */
function addOrder(signature: Buffer): Buffer {
  const ORDER_L = 2n ** 252n + 27742317777372353535851937790883648493n
  const half = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + ORDER_L
  return Buffer.concat([signature.subarray(0, 32), number(half).reverse()])
}

const EDWARDS: readonly Entry[] = (['EdDSA', 'Ed25519'] as const).flatMap((alg) => {
  const { native, verification } = getTestKey(alg)
  const input = `${encode({ alg, kid: KID })}.${HONEST_PAYLOAD}`
  const signature = forgeSignature(input, native, alg)
  const changes: Record<string, Buffer> = {
    'S + L': addOrder(signature),
    'S = 0': Buffer.concat([signature.subarray(0, 32), Buffer.alloc(32)]),
    'the identity as R, and S = 0': Buffer.concat([Buffer.of(1), Buffer.alloc(63)]),
    'R with its sign bit changed': Buffer.from(signature).fill((signature[31] ?? 0) ^ 0x80, 31, 32),
    'the high bit of S': Buffer.from(signature).fill((signature[63] ?? 0) | 0x80, 63),
    'R and S exchanged': Buffer.concat([signature.subarray(32), signature.subarray(0, 32)]),
  }
  return Object.entries(changes).map(([name, changed]) => ({
    category: 'Ed25519',
    name: `${alg} with ${name}`,
    token: `${input}.${encode(changed)}`,
    code: 'signature_invalid' as const,
    options: { keys: [verification], algorithms: [alg] },
  }))
})

const CUT: readonly Entry[] = TEST_KEYS.flatMap(({ alg, native, verification }) => {
  const kid = verification.kid === undefined ? {} : { kid: KID }
  const input = `${encode({ alg, ...kid })}.${HONEST_PAYLOAD}`
  const signature = forgeSignature(input, native, alg)
  const changes: Record<string, Uint8Array> = {
    'without a signature': Buffer.alloc(0),
    'with one byte of it': signature.subarray(0, 1),
    'with its first half': signature.subarray(0, signature.length / 2),
    'with one byte less': signature.subarray(0, -1),
    'with one byte more': Buffer.concat([signature, Buffer.of(0)]),
    'with a zero before it': Buffer.concat([Buffer.of(0), signature]),
    'with it twice': Buffer.concat([signature, signature]),
  }
  return Object.entries(changes).map(([name, changed]) => ({
    category: 'cut signature',
    name: `${alg} ${name}`,
    token: `${input}.${encode(changed)}`,
    code: 'signature_invalid' as const,
    options: { keys: [verification], algorithms: [alg], maxTokenLength: 20_000 },
  }))
})

/** Signs until the signature starts with a zero, which some libraries do without (RFC 8017 §8.2.2 step 1). */
function forgeWithLeadingZero(alg: 'RS256' | 'PS256'): readonly [input: string, signature: Buffer] {
  for (let jti = 0; ; jti += 1) {
    const input = `${encode({ alg, kid: KID })}.${encode({ ...CLAIMS, jti: `${jti}` })}`
    const signature = forgeSignature(input, getTestKey(alg).native, alg)
    if (signature[0] === 0) return [input, signature]
  }
}

const LEADING_ZERO: readonly Entry[] = (['RS256', 'PS256'] as const).map((alg) => {
  const [input, signature] = forgeWithLeadingZero(alg)
  return {
    category: 'cut signature',
    name: `${alg} without the zero that it starts with`,
    token: `${input}.${encode(signature.subarray(1))}`,
    code: 'signature_invalid',
    options: { keys: [getTestKey(alg).verification], algorithms: [alg] },
  }
})

const reuse = (header: object, claims: object, key: KeyObject): string => sign(header, claims, key)
const KEY_OF_ANOTHER: readonly Entry[] = [
  {
    category: 'kid across issuers',
    name: 'the kid of the issuer, signed by the key of another issuer',
    token: reuse(HEADER, CLAIMS, ATTACKER),
    code: 'signature_invalid',
  },
  {
    category: 'kid across issuers',
    name: 'the kid of another issuer, who claims to be this one',
    token: reuse({ ...HEADER, kid: 'attacker' }, CLAIMS, ATTACKER),
    code: 'key_not_found',
  },
  {
    category: 'kid across issuers',
    name: 'the key of this issuer, in the name of another',
    token: sign(HEADER, { ...CLAIMS, iss: 'https://attacker.example' }),
    code: 'issuer_mismatch',
  },
]

/** What is signed wrongly, by nobody, or by somebody else. */
export const HOSTILE_SIGNATURES: readonly Entry[] = [
  ...[UNSECURED, ALG_OF_A_TYPE, INHERITED_ALG, CONFUSED, SECRETS, OTHER_ALGORITHMS, BROUGHT, CRITICAL],
  ...[ECDSA, DER, EDWARDS, CUT, LEADING_ZERO, KEY_OF_ANOTHER],
].flat() as Entry[]
