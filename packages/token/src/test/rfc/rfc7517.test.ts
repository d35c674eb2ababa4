import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { exportPrivateJwk, exportPublicJwk } from '../../export-key.ts'
import { importKey } from '../../import-key.ts'
import { importJwkSet } from '../../jwk-set.ts'
import { RFC7517_EC, RFC7517_RSA, RFC7517_SECRETS, withoutPrivateMembers } from './rfc-keys.ts'

describe('RFC 7517 appendix A', () => {
  test('A.1: of the public keys the RSA key is imported, and the one for encryption is skipped', () => {
    const { keys, skipped } = importJwkSet({
      keys: [withoutPrivateMembers(RFC7517_EC), withoutPrivateMembers(RFC7517_RSA)],
    })
    assert.deepEqual(
      keys.map(({ alg, kid, kind }) => ({ alg, kid, kind })),
      [{ alg: 'RS256', kid: '2011-04-29', kind: 'public' }],
    )
    assert.equal(skipped.length, 1)
    assert.deepEqual({ index: skipped[0]?.index, kid: skipped[0]?.kid }, { index: 0, kid: '1' })
  })

  test('A.1: the key for encryption is refused by its use, once it has an algorithm', () => {
    assert.throws(() => importKey(withoutPrivateMembers(RFC7517_EC), { alg: 'ES256' }), /^TypeError: use: /)
  })

  test('A.2: the private keys are imported and exported as they were', () => {
    assert.deepEqual(exportPrivateJwk(importKey(RFC7517_RSA)), RFC7517_RSA)
    const { use: _, ...ec } = RFC7517_EC
    assert.deepEqual(exportPrivateJwk(importKey(ec, { alg: 'ES256' })), { ...ec, alg: 'ES256' })
  })

  test('A.2: no member of the private half is exported as public', () => {
    assert.deepEqual(exportPublicJwk(importKey(RFC7517_RSA)), { ...withoutPrivateMembers(RFC7517_RSA), use: 'sig' })
  })

  test('A.2: private keys in a JWK Set are skipped', () => {
    assert.deepEqual(importJwkSet({ keys: [RFC7517_EC, RFC7517_RSA] }).keys, [])
  })

  test('A.3: secrets in a JWK Set are skipped', () => {
    const { keys, skipped } = importJwkSet({ keys: RFC7517_SECRETS })
    assert.deepEqual(keys, [])
    assert.equal(skipped.length, 2)
  })

  test('A.3: the key for wrapping is no key for signatures', () => {
    const [wrapping] = RFC7517_SECRETS
    assert.throws(() => importKey(wrapping ?? {}), /^TypeError: alg: /)
  })
})
