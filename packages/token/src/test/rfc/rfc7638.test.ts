import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importKey } from '../../import-key.ts'
import { thumbprint } from '../../thumbprint.ts'
import { RFC7517_RSA, withoutPrivateMembers } from './rfc-keys.ts'

const THUMBPRINT = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'

test('RFC 7638 §3.1: the thumbprint of the example is the published one, for JWK and key, public and private', () => {
  assert.equal(thumbprint(withoutPrivateMembers(RFC7517_RSA)), THUMBPRINT)
  assert.equal(thumbprint(RFC7517_RSA), THUMBPRINT)
  assert.equal(thumbprint(importKey(RFC7517_RSA)), THUMBPRINT)
  assert.equal(thumbprint(importKey(withoutPrivateMembers(RFC7517_RSA), { alg: 'RS256' })), THUMBPRINT)
})

test('RFC 7638 §3.1: the thumbprint is the kid of a key that has none', () => {
  const { kid: _, ...jwk } = RFC7517_RSA
  assert.equal(importKey(jwk).kid, THUMBPRINT)
  assert.equal(importKey({ ...jwk, alg: 'PS256' }).kid, THUMBPRINT)
})

test('RFC 7638 §7: a secret has no thumbprint', () => {
  assert.throws(() => thumbprint({ kty: 'oct', k: 'AQAB' }), TypeError)
  assert.throws(() => thumbprint(importKey(new Uint8Array(32), { alg: 'HS256' })), /^TypeError: A thumbprint is/)
})
