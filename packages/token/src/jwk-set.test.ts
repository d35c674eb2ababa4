import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import type { Algorithm } from './algorithm.ts'
import { exportPrivateJwk, exportPublicJwk } from './export-key.ts'
import { generateKey } from './generate-key.ts'
import type { Jwk } from './jwk.ts'
import { exportJwkSet, importJwkSet } from './jwk-set.ts'
import { getTestKey } from './test/test-keys.ts'

const es256 = exportPublicJwk(await generateKey('ES256', { kid: 'es' }))
const rsa = exportPublicJwk(getTestKey('RS256').signing)
const withoutAlg = ({ alg: _, ...jwk }: Jwk): Jwk => jwk
const reasonFor = (jwk: unknown, algorithms?: readonly Algorithm[]): string => {
  const { keys, skipped } = importJwkSet({ keys: [jwk] }, algorithms === undefined ? {} : { algorithms })
  assert.equal(keys.length, 0)
  return skipped[0]?.reason ?? ''
}

test('holds the public halves of the keys that were exported, and nothing private', async () => {
  const keys = [await generateKey('ES256'), getTestKey('PS256').signing, getTestKey('EdDSA').verification]
  const set = exportJwkSet(keys.map((key) => key).slice(0, 2))
  assert.deepEqual(set, { keys: keys.slice(0, 2).map(exportPublicJwk) })
  assert.ok(!/"(d|p|q|dp|dq|qi|k|priv)":/.test(JSON.stringify(set)))
  const { keys: imported, skipped } = importJwkSet(JSON.parse(JSON.stringify(set)))
  assert.deepEqual(skipped, [])
  assert.deepEqual(
    imported.map(({ alg, kid, kind }) => ({ alg, kid, kind })),
    keys.slice(0, 2).map(({ alg, kid }) => ({ alg, kid, kind: 'public' })),
  )
})

test('is not exported with a secret in it, or with two keys of one kid', () => {
  assert.throws(() => exportJwkSet([getTestKey('HS256').signing]), /has no public half/)
  assert.throws(() => exportJwkSet([getTestKey('ES256').signing, getTestKey('EdDSA').signing]), /same kid/)
})

test('skips what does not belong in it or cannot be used, each with its reason, and keeps the rest', () => {
  const weak = {
    ...generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' }),
    alg: 'RS256',
  }
  const bad: unknown[] = [
    exportPrivateJwk(getTestKey('ES384').signing),
    exportPrivateJwk(getTestKey('HS256').signing),
    { ...es256, k: 'AQAB' },
    { ...es256, use: 'enc' },
    { ...es256, key_ops: ['sign'] },
    { ...es256, alg: 'ES384' },
    { ...es256, alg: 'ECDH-ES' },
    { ...es256, kty: 'XYZ' },
    { ...es256, kid: '../etc' },
    { ...rsa, alg: 'RSA-OAEP' },
    withoutAlg(rsa),
    weak,
    null,
    'key',
    [],
    {},
  ]
  const { keys, skipped } = importJwkSet({ keys: [...bad, es256] })
  assert.deepEqual(
    keys.map((key) => key.kid),
    ['es'],
  )
  assert.deepEqual(
    skipped.map(({ index }) => index),
    bad.map((_, index) => index),
  )
  for (const { reason } of skipped) assert.ok(reason.length > 10)
  assert.equal(skipped[3]?.kid, 'es')
  assert.equal(Object.hasOwn(skipped[8] ?? {}, 'kid'), false)
})

test('skips the second of two keys with the same kid and algorithm', () => {
  assert.match(importJwkSet({ keys: [es256, es256] }).skipped[0]?.reason ?? '', /same kid and alg/)
  assert.equal(importJwkSet({ keys: [rsa, { ...rsa, alg: 'PS256' }] }).keys.length, 2)
})

test('binds a key without alg to the one algorithm asked for that fits it, and skips it otherwise', () => {
  assert.equal(importJwkSet({ keys: [withoutAlg(rsa)] }, { algorithms: ['PS256', 'ES256'] }).keys[0]?.alg, 'PS256')
  assert.equal(importJwkSet({ keys: [withoutAlg(es256)] }, { algorithms: ['RS256', 'ES256'] }).keys[0]?.alg, 'ES256')
  assert.match(reasonFor(withoutAlg(rsa), ['RS256', 'PS256']), /more than one/)
  assert.match(reasonFor(withoutAlg(rsa), ['ES256', 'EdDSA']), /none of those/)
})

test('names a secret as the reason, even one that lacks its k', () => {
  assert.match(reasonFor({ kty: 'oct', alg: 'HS256' }), /secret/)
  assert.match(reasonFor({ kty: 'RSA', k: 'AQAB' }), /secret/)
})

test('skips private keys by any private member, and a key of type AKP that does not say its algorithm', () => {
  const { signing, verification } = getTestKey('ML-DSA-44')
  const publicJwk = exportPublicJwk(verification)
  assert.equal(importJwkSet({ keys: [publicJwk] }, { algorithms: ['ML-DSA-44'] }).keys.length, 1)
  assert.match(reasonFor(exportPrivateJwk(signing)), /^A private key does not belong/)
  for (const stray of [{ priv: 'AAAA' }, { priv: null }, { d: 'AAAA' }])
    for (const jwk of [publicJwk, es256])
      assert.match(reasonFor({ ...jwk, ...stray }), /^A private key does not belong/)
  assert.match(reasonFor(withoutAlg(publicJwk)), /none of those/)
  assert.match(reasonFor(withoutAlg(publicJwk), ['ML-DSA-44']), /none of those/)
  assert.match(reasonFor({ ...publicJwk, alg: 'ML-DSA-65' }), /^pub: this member is 1952 bytes long/)
  assert.match(reasonFor({ ...publicJwk, alg: 'ML-DSA' }), /^alg: this algorithm is not supported/)
})

test('skips keys of algorithms that were not asked for', () => {
  assert.match(reasonFor(rsa, ['ES256']), /not one of the algorithms/)
})

test('is an object with an array of keys, and nothing else is', () => {
  for (const set of [undefined, null, [], [es256], 'x', {}, { keys: {} }, { keys: 'x' }, es256])
    assert.throws(() => importJwkSet(set), TypeError)
  assert.deepEqual(importJwkSet({ keys: [] }), { keys: [], skipped: [] })
})
