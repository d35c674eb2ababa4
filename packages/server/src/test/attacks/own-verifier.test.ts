/** Tokens that were signed with the right key and are still not for our own endpoints. */
import assert from 'node:assert/strict'
import { createPrivateKey, type JsonWebKey, sign } from 'node:crypto'
import { test } from 'node:test'
import {
  createSigner,
  exportPrivateJwk,
  importKey,
  type JwtClaims,
  type Key,
  type SignerOptions,
} from '@countersign/token'
import { openKeys } from '../../tokens/keys.ts'
import { createSeal } from '../../tokens/seal.ts'
import { claimsOf, issuer, startTestServer } from '../test-server.ts'

const signingSecret = 'kV9w2Rz-5tQ8xLmN3pYc7BdFhJ1sGv6A'

test('our own endpoints take access tokens of this issuer for one of its audiences, and nothing else', async (t) => {
  const audience = ['https://api.example.com', 'https://admin.example.com']
  const { call, signUp, clock } = startTestServer(t, { signingAlgorithm: 'HS256', signingSecret, audience })
  const { accessToken } = await signUp()
  const { iat: _, exp: __, ...claims } = claimsOf(accessToken) as JwtClaims
  const key = importKey(new TextEncoder().encode(signingSecret), { alg: 'HS256' })
  const right = { key, lifetime: 60, typ: 'at+jwt', now: () => clock.now / 1000 } satisfies SignerOptions
  const statusOf = async (change: object, options: object = {}) =>
    (await call('GET', '/api/auth/me', { token: createSigner({ ...right, ...options })({ ...claims, ...change }) }))
      .status

  assert.equal(await statusOf({}), 200, 'the token that the others differ from')
  for (const aud of [...audience, issuer]) assert.equal(await statusOf({ aud }), 200, aud)
  for (const typ of ['JWT', 'logout+jwt', 'dpop+jwt', 'secevent+jwt'])
    assert.equal(await statusOf({}, { typ }), 401, typ)
  assert.equal(await statusOf({ aud: 'https://other.example.com' }), 401)
  assert.equal(await statusOf({ aud: undefined }), 401)
  assert.equal(await statusOf({ iss: 'https://evil.example.com' }), 401)
  assert.equal(await statusOf({ exp: clock.now / 1000 - 6 }), 401)
  for (const name of ['sid', 'sub', 'jti']) assert.equal(await statusOf({ [name]: undefined }), 401, name)
  assert.equal(await statusOf({ sub: 'usr_someone_else' }), 401)
  assert.equal(await statusOf({ sid: 'another' }), 401)
})

test('our own endpoints refuse a token that names no key, which may be signed with one that was revoked', async (t) => {
  const { call, signUp, store } = startTestServer(t)
  const { accessToken } = await signUp()
  const [key] = await openKeys(store, createSeal(new Uint8Array(32).fill(7)))
  const privateKey = createPrivateKey({ key: exportPrivateJwk(key?.key as Key) as JsonWebKey, format: 'jwk' })
  const me = async (header: object) => {
    const signed = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${accessToken.split('.')[1]}`
    const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    return (await call('GET', '/api/auth/me', { token: `${signed}.${signature.toString('base64url')}` })).status
  }
  const named = { alg: 'ES256', typ: 'at+jwt', kid: key?.kid }
  const { kid: _, ...unnamed } = named
  assert.equal(await me(named), 200, 'the token that the other differs from')
  await store.revoke({ kind: 'key', kid: key?.kid ?? '' }, { actor: 'test', reason: 'stolen' })
  assert.equal(await me(named), 401)
  assert.equal(await me(unnamed), 401)
})
