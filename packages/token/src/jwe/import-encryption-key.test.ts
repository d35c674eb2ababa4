import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { importKey } from '../import-key.ts'
import type { Jwk } from '../jwk.ts'
import { getKeyMaterial, isKey } from '../key.ts'
import { KEY_MANAGEMENT_ALGORITHMS } from './encryption-algorithm.ts'
import { isEncryptionKey } from './encryption-key.ts'
import {
  encryptCompact,
  exportPrivateEncryptionJwk,
  exportPublicEncryptionJwk,
  generateEncryptionKey,
  importEncryptionKey,
} from './jwe.ts'

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ecJwk: Jwk = { ...ec.privateKey.export({ format: 'jwk' }) }
const ecPublicJwk: Jwk = { ...ec.publicKey.export({ format: 'jwk' }) }
const rsaJwk: Jwk = { ...rsa.privateKey.export({ format: 'jwk' }) }
const rsaPublicJwk: Jwk = { ...rsa.publicKey.export({ format: 'jwk' }) }
const secret: Jwk = { kty: 'oct', k: randomBytes(32).toString('base64url') }
const ECDH = { alg: 'ECDH-ES+A256KW' } as const
const RSA = { alg: 'RSA-OAEP-256' } as const

describe('a key is imported', () => {
  test('from a JWK, PEM and bytes, bound to its algorithm, with the thumbprint as its kid', () => {
    const pem = ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const fromJwk = importEncryptionKey(ecJwk, ECDH)
    const fromPem = importEncryptionKey(pem, ECDH)
    assert.deepEqual({ ...fromJwk }, { ...fromPem })
    assert.equal(fromJwk.kid, importKey(ecJwk, { alg: 'ES256' }).kid)
    assert.equal(fromJwk.kind, 'private')
    assert.equal(importEncryptionKey(rsaPublicJwk, RSA).kind, 'public')
    const spki = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString()
    assert.equal(importEncryptionKey(spki, RSA).kind, 'public')
    assert.deepEqual(
      { ...importEncryptionKey(randomBytes(32), { alg: 'A256KW', kid: 'k' }) },
      {
        alg: 'A256KW',
        enc: undefined,
        kid: 'k',
        kind: 'secret',
      },
    )
  })

  test('for dir only with the one content encryption that it is for, by option or by the alg of its JWK', () => {
    assert.equal(importEncryptionKey(randomBytes(32), { alg: 'dir', enc: 'A256GCM' }).enc, 'A256GCM')
    assert.equal(importEncryptionKey({ ...secret, alg: 'A128CBC-HS256' }).alg, 'dir')
    assert.throws(() => importEncryptionKey(randomBytes(32), { alg: 'dir' }), /^TypeError: enc: name/)
    assert.throws(
      () => importEncryptionKey({ ...secret, alg: 'A256GCM' }, { enc: 'A128CBC-HS256' }),
      /^TypeError: enc:/,
    )
    assert.throws(() => importEncryptionKey(ecJwk, { ...ECDH, enc: 'A256GCM' }), /^TypeError: enc: leave it out/)
  })

  for (const alg of KEY_MANAGEMENT_ALGORITHMS) {
    test(`${alg}: what is generated can be exported and imported again`, async () => {
      const key = await generateEncryptionKey(alg, { kid: 'k', ...(alg === 'dir' ? { enc: 'A256CBC-HS512' } : {}) })
      assert.deepEqual({ ...importEncryptionKey(exportPrivateEncryptionJwk(key)) }, { ...key })
      if (key.kind === 'secret') {
        assert.throws(() => exportPublicEncryptionJwk(key), /no public half/)
        return
      }
      const jwk = exportPublicEncryptionJwk(key)
      assert.deepEqual({ ...importEncryptionKey(jwk) }, { ...key, kind: 'public' })
      assert.equal(jwk.d, undefined)
      assert.throws(() => exportPrivateEncryptionJwk(importEncryptionKey(jwk)), /is public/)
    })
  }

  test('with key_ops that allow one side only, and keeps to it', async () => {
    const wrapOnly = importEncryptionKey({ ...secret, alg: 'A256KW', key_ops: ['wrapKey'] })
    assert.deepEqual(exportPrivateEncryptionJwk(wrapOnly).key_ops, ['wrapKey'])
    const unwrapOnly = importEncryptionKey({ ...secret, alg: 'A256KW', key_ops: ['unwrapKey'] })
    assert.deepEqual(exportPrivateEncryptionJwk(unwrapOnly).key_ops, ['unwrapKey'])
    await assert.rejects(encryptCompact(Buffer.from('x'), { key: unwrapOnly, enc: 'A256GCM' }), /may only decrypt/)
    assert.equal(importEncryptionKey({ ...ecPublicJwk, key_ops: [] }, ECDH).kind, 'public')
    assert.equal(importEncryptionKey({ ...ecJwk, key_ops: ['deriveBits'], use: 'enc' }, ECDH).kind, 'private')
  })
})

describe('a key is refused', () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
  const small = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).publicKey.export({
    format: 'jwk',
  })
  const secp = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey
  const x25519 = generateKeyPairSync('x25519').publicKey
  const offCurve = { ...ecPublicJwk, y: ecPublicJwk.x }
  const padded = { ...ecPublicJwk, x: `${ecPublicJwk.x}=` }
  const cases: [name: string, source: unknown, options: object][] = [
    ['without an algorithm', ecJwk, {}],
    ['for RSAES-PKCS1-v1_5', rsaJwk, { alg: 'RSA1_5' }],
    ['for RSAES-OAEP with SHA-1', rsaJwk, { alg: 'RSA-OAEP' }],
    ['for a password', Buffer.from('a password that is long enough, or is it?'), { alg: 'PBES2-HS256+A128KW' }],
    ['for a signature algorithm', ecJwk, { alg: 'ES256' }],
    ['for A128KW', { kty: 'oct', k: 'GawgguFyGrWKav7AX4VKUg' }, { alg: 'A128KW' }],
    ['for another algorithm than the JWK says', { ...ecJwk, alg: 'ECDH-ES' }, ECDH],
    ['of another type', rsaJwk, ECDH],
    ['EC where RSA is needed', ecJwk, RSA],
    ['as PEM of another type', rsa.publicKey.export({ type: 'spki', format: 'pem' }), ECDH],
    ['EC PEM where RSA is needed', ec.publicKey.export({ type: 'spki', format: 'pem' }), RSA],
    ['as PEM that is none', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', ECDH],
    ['as text that is a secret', 'a'.repeat(32), { alg: 'A256KW' }],
    ['as bytes where a public key is needed', randomBytes(32), ECDH],
    ['RSA of 1024 bits', weak, RSA],
    ['RSA with the exponent 3', small, RSA],
    ['on secp256k1', secp.export({ format: 'jwk' }), ECDH],
    ['on secp256k1, as PEM', secp.export({ type: 'spki', format: 'pem' }), ECDH],
    ['on X25519', x25519.export({ format: 'jwk' }), ECDH],
    ['off its curve', offCurve, ECDH],
    ['not in its one spelling', padded, ECDH],
    [
      'whose private half belongs to another',
      { ...ecJwk, ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }) },
      ECDH,
    ],
    ['with a kid that is no plain name', ecJwk, { ...ECDH, kid: '../../etc/passwd' }],
    ['with another kid than the JWK says', { ...ecJwk, kid: 'a' }, { ...ECDH, kid: 'b' }],
    ['for signatures by its use', { ...ecJwk, use: 'sig' }, ECDH],
    ['for signatures by its key_ops', { ...ecJwk, key_ops: ['sign'] }, ECDH],
    ['with key_ops twice', { ...ecJwk, key_ops: ['deriveBits', 'deriveBits'] }, ECDH],
    ['with key_ops that is no list', { ...ecJwk, key_ops: 'deriveBits' }, ECDH],
    ['RSA public with key_ops of its private half', { ...rsaPublicJwk, key_ops: ['unwrapKey'] }, RSA],
    ['a secret with key_ops of signatures', { ...secret, key_ops: ['sign', 'verify'] }, { alg: 'A256KW' }],
    ['a secret of 16 bytes', randomBytes(16), { alg: 'A256KW' }],
    ['a secret of 64 bytes for A256KW', randomBytes(64), { alg: 'A256KW' }],
    ['a secret of 32 bytes for A256CBC-HS512', randomBytes(32), { alg: 'dir', enc: 'A256CBC-HS512' }],
    ['a short JWK secret', { kty: 'oct', k: 'AAAA' }, { alg: 'A256KW' }],
    ['a JWK secret with padding', { kty: 'oct', k: `${secret.k}=` }, { alg: 'A256KW' }],
    ['a JWK without its members', { kty: 'oct' }, { alg: 'A256KW' }],
    ['null', null, ECDH],
    ['an array', [ecJwk], ECDH],
    ['a key for signatures', importKey(ecJwk, { alg: 'ES256' }), ECDH],
  ]
  for (const [name, source, options] of cases) {
    test(name, () => {
      assert.throws(() => importEncryptionKey(source as Jwk, options), TypeError)
    })
  }

  test('when one is generated for what does not exist', async () => {
    await assert.rejects(generateEncryptionKey('RSA1_5' as 'dir'), /^TypeError: alg:/)
    await assert.rejects(generateEncryptionKey('dir'), /^TypeError: enc:/)
    await assert.rejects(generateEncryptionKey('ECDH-ES', { enc: 'A256GCM' }), /^TypeError: enc:/)
    await assert.rejects(generateEncryptionKey('A256KW', { enc: 'A256GCM' }), /^TypeError: enc:/)
    await assert.rejects(generateEncryptionKey('RSA-OAEP-256', { modulusLength: 1024 }), /^TypeError: modulusLength:/)
  })
})

test('a key for encryption is no key for signatures, and the other way round', () => {
  const encryptionKey = importEncryptionKey(ecJwk, ECDH)
  const signatureKey = importKey(ecJwk, { alg: 'ES256' })
  assert.equal(isKey(encryptionKey), false)
  assert.equal(isEncryptionKey(signatureKey), false)
  assert.throws(() => getKeyMaterial(encryptionKey as never), TypeError)
})

test('nothing that prints a key shows its material', () => {
  for (const [key, marks] of [
    [importEncryptionKey(ecJwk, ECDH), [ecJwk.d, ecJwk.x]],
    [importEncryptionKey(secret, { alg: 'A256KW' }), [secret.k]],
  ] as const) {
    const text = `${inspect(key, { depth: 20, showHidden: true })}${JSON.stringify(key)}${String(key)}`
    for (const mark of marks) assert.ok(!text.includes(String(mark)))
    assert.throws(() => Object.assign(key, { alg: 'dir' }), TypeError)
  }
})
