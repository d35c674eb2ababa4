import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { describe, test } from 'node:test'
import { exportPrivateJwk, exportPrivatePem, exportPublicJwk, exportPublicPem } from './export-key.ts'
import { generateKey } from './generate-key.ts'
import { importKey } from './import-key.ts'
import { createSignature, isSignatureValid } from './signature.ts'
import { TEST_KEYS } from './test/test-keys.ts'

const MESSAGE = Buffer.from('message')
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth', 'priv']

for (const { alg, signing, verification } of TEST_KEYS.filter(({ alg }) => !alg.startsWith('HS'))) {
  describe(alg, () => {
    test('what is exported and imported again signs and verifies as before', () => {
      const kid = { kid: signing.kid ?? '' }
      const signature = createSignature(importKey(exportPrivateJwk(signing)), MESSAGE)
      assert.ok(isSignatureValid(importKey(exportPublicJwk(signing)), MESSAGE, signature))
      assert.ok(
        isSignatureValid(
          importKey(exportPublicPem(verification), { alg, ...kid }),
          MESSAGE,
          createSignature(importKey(exportPrivatePem(signing), { alg, ...kid }), MESSAGE),
        ),
      )
      assert.deepEqual(exportPublicJwk(signing), exportPublicJwk(verification))
      assert.equal(exportPublicPem(signing), exportPublicPem(verification))
    })

    test('the public JWK states alg, kid and use, and has no private member', () => {
      const jwk = exportPublicJwk(signing)
      assert.deepEqual({ alg: jwk.alg, kid: jwk.kid, use: jwk.use }, { alg, kid: signing.kid, use: 'sig' })
      for (const name of PRIVATE_MEMBERS) assert.ok(!Object.hasOwn(jwk, name))
    })

    test('node:crypto reads the PEM as the same key', () => {
      const { kty, crv, x, y, n, e, pub } = exportPublicJwk(signing)
      const members = createPublicKey(exportPublicPem(signing)).export({ format: 'jwk' })
      for (const [name, value] of Object.entries({ kty, crv, x, y, n, e, pub }))
        assert.equal(members[name as 'n'], value)
      const privateMembers = createPrivateKey(exportPrivatePem(signing)).export({ format: 'jwk' })
      const { d, priv } = exportPrivateJwk(signing)
      assert.ok((d ?? priv) !== undefined)
      assert.deepEqual([privateMembers.d, privateMembers.priv], [d, priv])
    })

    test('a public key has nothing private to export', () => {
      assert.throws(() => exportPrivateJwk(verification), /^TypeError: exportPrivateJwk: /)
      assert.throws(() => exportPrivatePem(verification), /^TypeError: exportPrivatePem: /)
    })
  })
}

test('a secret is exported as a private JWK and in no other form', async () => {
  const key = await generateKey('HS256', { kid: 'a' })
  const jwk = exportPrivateJwk(key)
  assert.deepEqual({ ...jwk, k: '' }, { kty: 'oct', k: '', alg: 'HS256', kid: 'a' })
  assert.equal(Buffer.from(jwk.k ?? '', 'base64url').length, 32)
  assert.deepEqual(Object.keys(exportPrivateJwk(await generateKey('HS512'))), ['kty', 'k', 'alg'])
  for (const write of [exportPublicJwk, exportPublicPem, exportPrivatePem]) assert.throws(() => write(key), TypeError)
})

test('what is no key is not exported', () => {
  for (const write of [exportPublicJwk, exportPrivateJwk, exportPublicPem, exportPrivatePem]) {
    assert.throws(() => write({ alg: 'HS256', kid: 'a', kind: 'private' } as never), TypeError)
  }
})
