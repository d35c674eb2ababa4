import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ALGORITHMS } from './algorithm.ts'
import { exportPrivateJwk } from './export-key.ts'
import { generateKey } from './generate-key.ts'
import { createSignature, isSignatureValid } from './signature.ts'
import { thumbprint } from './thumbprint.ts'

test('makes a private key, or a secret as long as the hash, for every algorithm', async () => {
  for (const alg of ALGORITHMS) {
    const key = await generateKey(alg, { modulusLength: 2048 })
    assert.equal(key.alg, alg)
    assert.equal(key.kind, alg.startsWith('HS') ? 'secret' : 'private')
    assert.equal(key.kid, key.kind === 'secret' ? undefined : thumbprint(key))
    assert.ok(isSignatureValid(key, Buffer.from('x'), createSignature(key, Buffer.from('x'))))
  }
})

test('makes an RSA key of 3072 bits unless told otherwise', async () => {
  const { n } = exportPrivateJwk(await generateKey('RS256'))
  assert.equal(Buffer.from(n ?? '', 'base64url').length, 384)
})

test('gives the key the kid that it is told', async () => {
  assert.equal((await generateKey('ES256', { kid: 'next' })).kid, 'next')
  await assert.rejects(generateKey('ES256', { kid: '../next' }), /^TypeError: kid: /)
})

test('refuses an unknown algorithm and a modulus that is too short', async () => {
  for (const alg of ['none', 'es256', 'HS1', '']) await assert.rejects(generateKey(alg as 'HS256'), TypeError)
  for (const modulusLength of [1024, 2047, 2048.5, 65_536, Number.NaN])
    await assert.rejects(generateKey('RS256', { modulusLength }), TypeError)
})
