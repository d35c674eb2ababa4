/** Makes the fixtures of the portable tests, in Node, by node:crypto. */
import { createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import { type Algorithm, getAlgorithmParameters } from '../../algorithm.ts'
import { derInteger, derOctetString, derOid, derSequence } from '../../der.ts'
import { exportPrivateJwk, exportPublicJwk } from '../../export-key.ts'
import type { Jwk } from '../../jwk.ts'
import type { Key } from '../../key.ts'
import { CERTIFICATE } from '../certificate.ts'
import { HOSTILE_KEYS, HOSTILE_TOKENS, UNUSUAL_TOKENS } from '../corpus/corpus.ts'
import { AUDIENCE, type Entry, ISSUER, NOW } from '../corpus/corpus-entry.ts'
import { getTestKey, TEST_KEYS, type TestKey } from '../test-keys.ts'
import type { FixtureKey, FixturePem, Fixtures, FixtureToken, HostilePem } from './fixtures.ts'

/** Creates everything that Node makes for the portable tests. */
export function createFixtures(): Fixtures {
  return {
    keys: TEST_KEYS.map(toFixtureKey),
    tokens: [
      ...HOSTILE_TOKENS.map((entry) => toFixtureToken(entry, 'hostile')),
      ...UNUSUAL_TOKENS.map((entry) => toFixtureToken(entry, 'unusual but valid')),
    ],
    hostileKeys: HOSTILE_KEYS.map(({ category, name, source, alg }) => ({
      title: `hostile: ${category}: key: ${name}`,
      source: source instanceof Uint8Array ? new Uint8Array(source) : source,
      alg,
    })),
    otherPems: listOtherPems(),
    hostilePems: listHostilePems(),
    foreignKeys: listForeignKeys(),
  }
}

function toFixtureKey({ alg, native, signing, verification }: TestKey): FixtureKey {
  const isSecret = signing.kind === 'secret'
  const publicKey = isSecret ? undefined : createPublicKey(native)
  return {
    alg,
    kid: signing.kid,
    privateJwk: exportPrivateJwk(signing),
    publicJwk: isSecret ? exportPrivateJwk(signing) : exportPublicJwk(verification),
    privatePem: isSecret ? undefined : writePrivatePem(alg, native),
    publicPem: publicKey && writePem(publicKey, 'spki'),
    otherPrivateJwk: isSecret ? {} : { ...generateAnother(native).export({ format: 'jwk' }) },
  }
}

/** Of ML-DSA by the seed alone, which every library reads; node:crypto writes the expanded key beside it. */
function writePrivatePem(alg: Algorithm, native: KeyObject): string {
  const parameters = getAlgorithmParameters(alg)
  if (parameters.family !== 'ml-dsa') return writePem(native, 'pkcs8')
  const seed = Buffer.from(String(native.export({ format: 'jwk' }).priv), 'base64url')
  const identifier = derSequence(derOid(ML_DSA_OID[parameters.keyType]))
  const der = derSequence(
    derInteger(Uint8Array.of(0)),
    identifier,
    derOctetString(Buffer.concat([Buffer.of(0x80, 32), seed])),
  )
  return `-----BEGIN PRIVATE KEY-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END PRIVATE KEY-----\n`
}

const ML_DSA_OID = {
  'ml-dsa-44': '608648016503040311',
  'ml-dsa-65': '608648016503040312',
  'ml-dsa-87': '608648016503040313',
} as const
const anotherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey

function generateAnother({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): KeyObject {
  if (asymmetricKeyType === 'rsa') return anotherRsa
  if (asymmetricKeyType === 'ed25519') return generateKeyPairSync('ed25519').privateKey
  if (asymmetricKeyType !== 'ec') return generateKeyPairSync(asymmetricKeyType as 'ml-dsa-44').privateKey
  return generateKeyPairSync('ec', { namedCurve: asymmetricKeyDetails?.namedCurve ?? '' }).privateKey
}

function toFixtureToken(
  { category, name, token, code, options = {}, kid }: Entry & { kid?: string },
  kind: string,
): FixtureToken {
  const { verification } = getTestKey('ES256')
  const { keys = [verification], now, ...rest } = options
  const usual = { algorithms: ['ES256'], issuer: ISSUER, audience: AUDIENCE }
  const jwks = keys.map(toJwk)
  return {
    title: `${kind}: ${category}: ${name}`,
    token,
    code,
    // An option that an entry sets to undefined is left out.
    options: Object.fromEntries(Object.entries({ ...usual, ...rest }).filter(([, value]) => value !== undefined)),
    keys: kid === undefined ? jwks : jwks.map((jwk) => ({ ...jwk, kid })),
    now: now === undefined ? NOW : now(),
  }
}

function toJwk(key: Key): Jwk {
  return key.kind === 'secret' ? exportPrivateJwk(key) : exportPublicJwk(key)
}

function writePem(key: KeyObject, type: 'spki' | 'pkcs8' | 'pkcs1' | 'sec1'): string {
  return key.export({ type: type as 'spki', format: 'pem' }).toString()
}

function listOtherPems(): readonly FixturePem[] {
  const rsa = getTestKey('RS256').native
  const ec = getTestKey('ES256').native
  const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n'
  return [
    { title: 'PKCS#1, private', pem: writePem(rsa, 'pkcs1'), alg: 'PS512' },
    { title: 'PKCS#1, public', pem: writePem(createPublicKey(rsa), 'pkcs1'), alg: 'RS256' },
    { title: 'SEC1', pem: writePem(ec, 'sec1'), alg: 'ES256' },
    { title: 'SEC1 behind its curve', pem: `${parameters}${writePem(ec, 'sec1')}`, alg: 'ES256' },
    { title: 'a certificate', pem: CERTIFICATE, alg: 'ES256' },
  ]
}

function listHostilePems(): readonly HostilePem[] {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const one = writePem(pair.publicKey, 'spki')
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const row = (title: string, pem: string, alg: Algorithm, words = ''): HostilePem => ({ title, pem, alg, words })
  const encrypted = pair.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
  return [
    row('of another curve', one, 'ES384'),
    row('of an EC key for EdDSA', one, 'EdDSA'),
    row('of an EC key for RS256', one, 'RS256'),
    row('of an EC key for HS256', one, 'HS256', 'RFC 8725 §2.1'),
    row('of an RSA key for ES256', writePem(createPublicKey(getTestKey('RS256').native), 'spki'), 'ES256'),
    row('of Ed448', writePem(generateKeyPairSync('ed448').publicKey, 'spki'), 'EdDSA'),
    row('of X25519', writePem(generateKeyPairSync('x25519').publicKey, 'spki'), 'EdDSA'),
    row('of secp256k1', writePem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey, 'spki'), 'ES256'),
    row('of RSASSA-PSS', writePem(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey, 'spki'), 'PS256'),
    row('of RSA with 1024 bits', writePem(weak.publicKey, 'spki'), 'RS256', 'has 1024 bits'),
    row('of a private RSA key with 1024 bits', writePem(weak.privateKey, 'pkcs8'), 'PS256', 'has 1024 bits'),
    row(
      'of RSA with the exponent 3',
      writePem(generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).publicKey, 'spki'),
      'RS256',
      'weak public exponent',
    ),
    row('that is encrypted', encrypted.toString(), 'ES256', 'encrypted: decrypt it first'),
    row('that is cut off', one.slice(0, -20), 'ES256', 'no whole PEM block'),
    row('that is cut within', one.replace(/\n.{10}/, '\n'), 'ES256', 'does not hold'),
    row('of two keys', one + one, 'ES256', 'more than one block'),
    row('of another kind', one.replaceAll('PUBLIC KEY', 'DH PARAMETERS'), 'ES256', 'not supported'),
    row(
      'of a public key under the label of a private one',
      one.replaceAll('PUBLIC', 'PRIVATE'),
      'ES256',
      'does not hold',
    ),
    row(
      'of a private key under the label of a public one',
      writePem(pair.privateKey, 'pkcs8').replaceAll('PRIVATE', 'PUBLIC'),
      'ES256',
      'does not hold',
    ),
    row('with headers', one.replace('\n', '\nProc-Type: 4,ENCRYPTED\n\n'), 'ES256', 'decrypt it first'),
    row('that is empty', '', 'ES256', 'no whole PEM block'),
    row('of no base64', '-----BEGIN PUBLIC KEY-----\n%%%%\n-----END PUBLIC KEY-----', 'ES256', 'does not hold'),
  ]
}

function listForeignKeys(): Fixtures['foreignKeys'] {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const rsa = createPublicKey(getTestKey('RS256').native)
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const forms: Readonly<Record<string, string | Buffer>> = {
    'PEM of a public key': writePem(publicKey, 'spki'),
    'PEM behind white space': ` \n${writePem(publicKey, 'spki')}`,
    'PEM behind other words': `prefix ${writePem(rsa, 'pkcs1')}`,
    'PEM of a private key': writePem(privateKey, 'pkcs8'),
    'PEM of a certificate': CERTIFICATE,
    'DER of a public EC key': spki,
    'DER of a public RSA key': rsa.export({ type: 'spki', format: 'der' }),
    'DER of PKCS#1': rsa.export({ type: 'pkcs1', format: 'der' }),
    'DER of PKCS#8': privateKey.export({ type: 'pkcs8', format: 'der' }),
    'DER of SEC1': privateKey.export({ type: 'sec1', format: 'der' }),
    'DER of a certificate': new X509Certificate(CERTIFICATE).raw,
    'base64 of DER': spki.toString('base64'),
    'base64url of DER': spki.toString('base64url'),
    'base64 of DER in lines': `${spki.toString('base64').replace(/.{64}/g, '$&\n')}\n`,
    'hexadecimal digits of DER': spki.toString('hex'),
    'a JWK': JSON.stringify(publicKey.export({ format: 'jwk' })),
    'a JWK Set': JSON.stringify({ keys: [rsa.export({ format: 'jwk' })] }, undefined, 2),
    'a key of OpenSSH': 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7 someone@example.com',
    'an EC key of OpenSSH': 'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBB',
  }
  return Object.entries(forms).map(([title, form]) => ({ title, bytes: new Uint8Array(Buffer.from(form as string)) }))
}
