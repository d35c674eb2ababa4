/** What only node:crypto reads, or says so. The rules for all keys are among the portable tests. */
import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import { describe, test } from 'node:test'
import { runInNewContext } from 'node:vm'
import { exportPublicPem } from './export-key.ts'
import { importKey } from './import-key.ts'
import { CERTIFICATE } from './test/certificate.ts'
import { getTestKey } from './test/test-keys.ts'

describe('a PEM text', () => {
  const pem = (key: KeyObject, type: 'spki' | 'pkcs8' | 'pkcs1' | 'sec1'): string =>
    key.export({ type: type as 'spki', format: 'pem' }).toString()
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const rsa = getTestKey('RS256').native
  const CERTIFIED_KEY = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEiG90+o5cxXi8yQIFsdOp//wlYvVG
TmulRcnr6fyNshZkY7CiTwzb6NLupE15wJXdYXrNPh5lVOmJsqgixDVkpQ==
-----END PUBLIC KEY-----`

  test('is a public or a private key by its label: SPKI, PKCS#1, PKCS#8, SEC1', () => {
    assert.equal(importKey(pem(ec.publicKey, 'spki'), { alg: 'ES256' }).kind, 'public')
    assert.equal(importKey(pem(ec.privateKey, 'pkcs8'), { alg: 'ES256' }).kind, 'private')
    assert.equal(importKey(pem(ec.privateKey, 'sec1'), { alg: 'ES256' }).kind, 'private')
    assert.equal(importKey(pem(rsa, 'pkcs1'), { alg: 'PS512' }).kind, 'private')
    assert.equal(importKey(pem(rsa, 'pkcs8'), { alg: 'RS256' }).kind, 'private')
  })

  test('that is an X.509 certificate gives the public key in it', () => {
    const key = importKey(CERTIFICATE, { alg: 'ES256' })
    assert.equal(key.kind, 'public')
    assert.equal(exportPublicPem(key).trim(), CERTIFIED_KEY)
    assert.throws(() => importKey(Buffer.from(CERTIFICATE), { alg: 'HS256' }), /cannot be a secret/)
    assert.throws(() => importKey(new X509Certificate(CERTIFICATE).raw, { alg: 'HS256' }), /cannot be a secret/)
  })

  test('may stand after other words, and after the block that names its curve', () => {
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n'
    assert.equal(importKey(`key:\n${parameters}${pem(ec.privateKey, 'sec1')}`, { alg: 'ES256' }).kind, 'private')
  })

  test('needs an algorithm that its key fits', () => {
    assert.throws(() => importKey(pem(ec.publicKey, 'spki')), /^TypeError: alg: /)
    assert.throws(() => importKey(pem(ec.publicKey, 'spki'), { alg: 'ES384' }), /P-384/)
    assert.throws(() => importKey(pem(ec.publicKey, 'spki'), { alg: 'EdDSA' }), /Ed25519/)
    assert.throws(() => importKey(pem(ec.publicKey, 'spki'), { alg: 'RS256' }), /RSA/)
    assert.throws(() => importKey(pem(generateKeyPairSync('ed448').publicKey, 'spki'), { alg: 'EdDSA' }), /Ed25519/)
    assert.throws(() => importKey(pem(generateKeyPairSync('x25519').publicKey, 'spki'), { alg: 'EdDSA' }), /Ed25519/)
    assert.throws(
      () => importKey(pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey, 'spki'), { alg: 'ES256' }),
      /P-256/,
    )
    assert.throws(
      () => importKey(pem(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey, 'spki'), { alg: 'PS256' }),
      /rsaEncryption/,
    )
  })

  test('is refused if it is encrypted, cut off, of another kind, or more than one', () => {
    const encrypted = rsa.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString()
    const legacy = rsa.export({ type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString()
    const one = pem(ec.publicKey, 'spki')
    assert.throws(() => importKey(encrypted, { alg: 'RS256' }), /encrypted: decrypt it first/)
    assert.throws(() => importKey(legacy, { alg: 'RS256' }), /decrypt it first/)
    assert.throws(() => importKey(one.slice(0, -20), { alg: 'ES256' }), /no whole PEM block/)
    assert.throws(() => importKey(one + one, { alg: 'ES256' }), /more than one/)
    assert.throws(() => importKey(one.replaceAll('PUBLIC KEY', 'DH PARAMETERS'), { alg: 'ES256' }), /not supported/)
    assert.throws(
      () => importKey(one.replaceAll('PUBLIC KEY', 'PRIVATE KEY'), { alg: 'ES256' }),
      /cannot? be read|does not hold/,
    )
    assert.throws(() => importKey(CERTIFICATE.replace('MIIB', 'MIIC'), { alg: 'ES256' }), /does not hold/)
    assert.throws(() => importKey(CERTIFICATE + one, { alg: 'ES256' }), /more than one/)
    assert.throws(() => importKey('', { alg: 'ES256' }), /no whole PEM block/)
  })

  test('of RSA is refused below 2048 bits', () => {
    assert.throws(
      () => importKey(pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey, 'pkcs8'), { alg: 'RS256' }),
      /1024 bits/,
    )
    assert.throws(
      () =>
        importKey(pem(generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).publicKey, 'spki'), {
          alg: 'RS256',
        }),
      /exponent/,
    )
  })
})

test('bytes are a secret, also from another realm', () => {
  const bytes: Uint8Array = runInNewContext('new Uint8Array(32)')
  assert.equal(importKey(bytes, { alg: 'HS256', kid: 'a' }).kind, 'secret')
})
