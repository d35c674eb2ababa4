/** Keys that must not become one, whoever offers them: each as it is given to `importKey`. */
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { encode } from '../forge-token.ts'
import { getTestKey } from '../test-keys.ts'

/** A key that is refused. */
export interface HostileKey {
  readonly category: string
  readonly name: string
  readonly source: unknown
  readonly alg: string
}

type Members = Readonly<Record<string, unknown>>
const jwkOf = (key: KeyObject): Members => ({ ...key.export({ format: 'jwk' }) })
const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString()

const rsa = jwkOf(getTestKey('RS256').native)
const rsaPublic = { kty: 'RSA', n: rsa.n, e: rsa.e }
const ec = jwkOf(getTestKey('ES256').native)
const ecPublic = { kty: 'EC', crv: 'P-256', x: ec.x, y: ec.y }
const ed = jwkOf(getTestKey('EdDSA').native)
const edPublic = { kty: 'OKP', crv: 'Ed25519', x: ed.x }
const modulus = Buffer.from(String(rsa.n), 'base64url')
const p384 = jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey)
const keys = (category: string, alg: string, sources: Readonly<Record<string, unknown>>): HostileKey[] =>
  Object.entries(sources).map(([name, source]) => ({ category, name: `${alg}: ${name}`, source, alg }))
const rsaOf = (modulusLength: number, publicExponent = 65_537): KeyObject =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent }).publicKey

const WEAK_RSA = ['RS256', 'PS512'].flatMap((alg) =>
  keys('weak RSA', alg, {
    '512 bits': jwkOf(rsaOf(512)),
    '1024 bits': jwkOf(rsaOf(1024)),
    '2047 bits': { ...rsaPublic, n: encode(Buffer.concat([Buffer.of((modulus[0] ?? 0) & 0x7f), modulus.subarray(1)])) },
    '1024 bits, as PEM': pemOf(rsaOf(1024)),
    'the exponent 3': jwkOf(rsaOf(2048, 3)),
    'the exponent 1': { ...rsaPublic, e: 'AQ' },
    'an exponent of 0': { ...rsaPublic, e: 'AA' },
    'the exponent 65536': { ...rsaPublic, e: 'AQAA' },
    'an exponent of 65 bits': { ...rsaPublic, e: encode(Buffer.concat([Buffer.alloc(8, 0xff), Buffer.of(0xff)])) },
    'an exponent as large as the modulus': { ...rsaPublic, e: rsa.n },
    'a modulus of 0': { ...rsaPublic, n: 'AA' },
    'a modulus with a leading zero': { ...rsaPublic, n: encode(Buffer.concat([Buffer.of(0), modulus])) },
    'a modulus of 17,000 bits': { ...rsaPublic, n: encode(Buffer.alloc(2125, 0xff)) },
    'no modulus': { kty: 'RSA', e: 'AQAB' },
    'an exponent that is a number': { ...rsaPublic, e: 65_537 },
    'a modulus with padding': { ...rsaPublic, n: `${rsa.n}==` },
    'a modulus in base64': { ...rsaPublic, n: modulus.toString('base64') },
    'more than two primes': { ...rsa, oth: [{ r: 'AQ', d: 'AQ', t: 'AQ' }] },
    'a private key without its primes': { ...rsaPublic, d: rsa.d },
    'a dp that belongs to another key': { ...rsa, dp: rsa.dq },
    'a d that belongs to another key': { ...rsa, d: encode(randomBytes(255)) },
    'primes that are exchanged': { ...rsa, p: rsa.q, q: rsa.p },
    'a key of the type RSASSA-PSS': pemOf(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey),
  }),
)

const zero = encode(Buffer.alloc(32))
const CURVES = [
  ...keys('wrong curve', 'ES256', {
    'P-384': p384,
    'P-384 under the name of P-256': { ...p384, crv: 'P-256' },
    secp256k1: jwkOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey),
    'secp256k1 under the name of P-256': {
      ...jwkOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey),
      crv: 'P-256',
    },
    'secp256k1, as PEM': pemOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey),
    'P-521, as PEM': pemOf(generateKeyPairSync('ec', { namedCurve: 'P-521' }).publicKey),
    'prime192v1, as PEM': pemOf(generateKeyPairSync('ec', { namedCurve: 'prime192v1' }).publicKey),
    'another spelling of the curve': { ...ecPublic, crv: 'p-256' },
    'the name of OpenSSL for the curve': { ...ecPublic, crv: 'prime256v1' },
    'no curve': { kty: 'EC', x: ec.x, y: ec.y },
    'a point off the curve': { ...ecPublic, y: ec.x },
    'x and y exchanged': { ...ecPublic, x: ec.y, y: ec.x },
    'the point (0, 0)': { ...ecPublic, x: zero, y: zero },
    'a coordinate of all ones': { ...ecPublic, x: encode(Buffer.alloc(32, 0xff)) },
    'a coordinate of 31 bytes': { ...ecPublic, x: encode(Buffer.from(String(ec.x), 'base64url').subarray(1)) },
    'a coordinate of 33 bytes': {
      ...ecPublic,
      x: encode(Buffer.concat([Buffer.of(0), Buffer.from(String(ec.x), 'base64url')])),
    },
    'no y': { kty: 'EC', crv: 'P-256', x: ec.x },
    'a y that is null': { ...ecPublic, y: null },
    'the private number 0': { ...ec, d: zero },
    'the order as the private number': {
      ...ec,
      d: encode(Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')),
    },
    'another private number': { ...ec, d: encode(Buffer.alloc(32, 1)) },
    'an RSA key': rsaPublic,
    'an Ed25519 key': edPublic,
  }),
  ...keys('Ed25519', 'EdDSA', {
    ...Object.fromEntries(
      [
        '0100000000000000000000000000000000000000000000000000000000000000',
        'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
        '0000000000000000000000000000000000000000000000000000000000000000',
        '0000000000000000000000000000000000000000000000000000000000000080',
        '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
        '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
        'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
        'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
      ].map((point) => [
        `the point of small order ${point.slice(0, 8)}…${point.slice(-2)}`,
        { ...edPublic, x: encode(Buffer.from(point, 'hex')) },
      ]),
    ),
    'a coordinate that is the prime': { ...edPublic, x: encode(Buffer.from(`ed${'ff'.repeat(30)}7f`, 'hex')) },
    'a coordinate above the prime': { ...edPublic, x: encode(Buffer.from(`ee${'ff'.repeat(30)}7f`, 'hex')) },
    'bytes that are no point': { ...edPublic, x: encode(Buffer.from(`02${'00'.repeat(31)}`, 'hex')) },
    '31 bytes': { ...edPublic, x: encode(Buffer.alloc(31, 1)) },
    '33 bytes': { ...edPublic, x: encode(Buffer.alloc(33, 1)) },
    Ed448: jwkOf(generateKeyPairSync('ed448').publicKey),
    X25519: jwkOf(generateKeyPairSync('x25519').publicKey),
    'X25519 under the name of Ed25519, as PEM': pemOf(generateKeyPairSync('x25519').publicKey),
    'a private half of another key': { ...ed, d: encode(Buffer.alloc(32, 1)) },
  }),
]

const publicPem = pemOf(createPublicKey(getTestKey('RS256').native))
const privatePem = getTestKey('ES256').native.export({ type: 'pkcs8', format: 'pem' }).toString()
const der = Buffer.from(publicPem.split('\n').slice(1, -2).join(''), 'base64')
const SECRETS = [
  ...keys('weak secret', 'HS256', {
    'no bytes': Buffer.alloc(0),
    'one byte': Buffer.of(1),
    secret: Buffer.from('secret'),
    'your-256-bit-secret': Buffer.from('your-256-bit-secret'),
    '31 bytes': randomBytes(31),
    'a JWK of no bytes': { kty: 'oct', k: '' },
    'a JWK of 31 bytes': { kty: 'oct', k: encode(randomBytes(31)) },
    'a JWK without k': { kty: 'oct' },
    'a JWK with a k that is a number': { kty: 'oct', k: 5 },
    'a JWK with padding': { kty: 'oct', k: `${encode(randomBytes(32))}=` },
    'a JWK for encryption': { kty: 'oct', k: encode(randomBytes(32)), use: 'enc' },
    'a JWK that may only encrypt': { kty: 'oct', k: encode(randomBytes(32)), key_ops: ['encrypt'] },
    'a JWK of another alg': { kty: 'oct', k: encode(randomBytes(64)), alg: 'HS512' },
    'a string, which might be anything': 'a-secret-that-is-long-enough-to-be-taken-for-one',
  }),
  ...keys('weak secret', 'HS384', { '47 bytes': randomBytes(47) }),
  ...keys('weak secret', 'HS512', { '63 bytes': randomBytes(63) }),
  ...keys('key confusion', 'HS256', {
    'a public key as PEM': publicPem,
    'a public key as PEM, in bytes': Buffer.from(publicPem),
    'a public key as PEM behind a blank (CVE-2026-34950)': Buffer.from(` \n${publicPem}`),
    'a public key as PEM behind other text': Buffer.from(`key=${publicPem}`),
    'a public key as PEM with CRLF': Buffer.from(publicPem.replaceAll('\n', '\r\n')),
    'a public key as DER': der,
    'a public key as base64 of DER': Buffer.from(der.toString('base64')),
    'a public key as hexadecimal digits of DER': Buffer.from(der.toString('hex')),
    'a public key as a JWK': rsaPublic,
    'a public key as a JWK, in bytes': Buffer.from(JSON.stringify(rsaPublic)),
    'a public key as a JWK with spaces, in bytes': Buffer.from(JSON.stringify(rsaPublic, null, 2)),
    'a public key of PKCS#1': Buffer.from(createPublicKey(publicPem).export({ type: 'pkcs1', format: 'pem' })),
    'a private key as PEM, in bytes': Buffer.from(privatePem),
    'a public key of OpenSSH': Buffer.from('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBKyfN3bJ4F5b0oQ2Vb user@host'),
    'a certificate': Buffer.from('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'),
    'an RSA JWK that says it is HS256 (CVE-2026-44699)': { ...rsaPublic, alg: 'HS256' },
    'an oct JWK with the members of RSA': { ...rsaPublic, kty: 'oct' },
  }),
  ...keys('key confusion', 'RS256', {
    'a secret': randomBytes(64),
    'a secret as a JWK': { kty: 'oct', k: encode(randomBytes(64)) },
    'an EC key': ecPublic,
    'an EC key as PEM': privatePem,
    'a JWK of another alg': { ...rsaPublic, alg: 'PS256' },
    'a JWK for encryption': { ...rsaPublic, use: 'enc' },
    'a JWK that may only decrypt': { ...rsaPublic, key_ops: ['decrypt'] },
    'two PEM blocks': `${publicPem}${publicPem}`,
    'a cut PEM block': publicPem.slice(0, -30),
    'an encrypted private key': getTestKey('RS256').native.export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'x',
    }),
    'a public key under the label of a private one': publicPem.replaceAll('PUBLIC', 'PRIVATE'),
    'a private key under the label of a public one': privatePem.replaceAll('PRIVATE', 'PUBLIC'),
  }),
]

const UNBOUND = [
  ...['none', 'None', '', 'HS1', 'RSA1_5', 'dir', 'ES256K', 'constructor', '__proto__'].map((alg) => ({
    category: 'alg none',
    name: `a key for ${JSON.stringify(alg)}`,
    source: ecPublic,
    alg,
  })),
  ...[null, undefined, 5, [], [ecPublic], true, Symbol('key')].map((source) => ({
    category: 'key confusion',
    name: `no key: ${String(source).slice(0, 20)} (${typeof source})`,
    source,
    alg: 'ES256',
  })),
  ...['../../etc/passwd', 'a b', '', 'a'.repeat(129), 'a\n', 5].map((kid) => ({
    category: 'kid injection',
    name: `a key named ${JSON.stringify(kid).slice(0, 30)}`,
    source: { ...ecPublic, kid },
    alg: 'ES256',
  })),
]

/** Every key that is refused. */
export const HOSTILE_KEYS: readonly HostileKey[] = [...WEAK_RSA, ...CURVES, ...SECRETS, ...UNBOUND]
