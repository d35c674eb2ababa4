/** Tokens that were signed with the right key and are still not for our own endpoints. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSigner, importKey, type JwtClaims, type SignerOptions } from '@countersign/token'
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
