import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exportJwkSet } from './jwk-set.ts'
import { signCompact } from './sign-compact.ts'
import { getTestKey, KID, TEST_KEYS } from './test/test-keys.ts'
import { verifyCompact } from './verify-compact.ts'

const { signing, verification } = getTestKey('ES256')
const payload = Uint8Array.of(0, 255, 10, 46)

test('returns the payload, the header and the key of a JWS that is no JWT, for every algorithm', () => {
  for (const { alg, signing: key, verification: keys } of TEST_KEYS) {
    const verified = verifyCompact(signCompact(payload, { key, protectedHeader: { typ: 'x', cty: 'y' } }), {
      keys,
      algorithms: [alg],
    })
    assert.deepEqual(verified.payload, payload)
    assert.deepEqual(verified.protectedHeader, {
      alg,
      ...(key.kid === undefined ? {} : { kid: KID }),
      typ: 'x',
      cty: 'y',
    })
    assert.equal(verified.key, keys)
  }
})

test('takes an empty payload', () => {
  assert.deepEqual(
    verifyCompact(signCompact(new Uint8Array(), { key: signing }), { keys: verification, algorithms: ['ES256'] })
      .payload,
    new Uint8Array(),
  )
})

test('takes keys, a JWK Set, or a function, and then returns a promise', async () => {
  const jws = signCompact(payload, { key: signing })
  for (const keys of [verification, [verification], exportJwkSet([signing])])
    assert.deepEqual(verifyCompact(jws, { keys, algorithms: ['ES256'] }).payload, payload)
  assert.deepEqual((await verifyCompact(jws, { keys: () => verification, algorithms: ['ES256'] })).payload, payload)
  await assert.rejects(verifyCompact('x', { keys: () => verification, algorithms: ['ES256'] }), {
    code: 'token_malformed',
  })
  await assert.rejects(verifyCompact(jws, { keys: () => undefined, algorithms: ['ES256'] }), { code: 'key_not_found' })
})

test('refuses a JWS that is longer than the limit, which can be raised', () => {
  const jws = signCompact(new Uint8Array(9000), { key: signing })
  assert.throws(() => verifyCompact(jws, { keys: verification, algorithms: ['ES256'] }), { code: 'token_too_large' })
  assert.equal(
    verifyCompact(jws, { keys: verification, algorithms: ['ES256'], maxTokenLength: 20_000 }).payload.length,
    9000,
  )
})

test('lists every bad option at once', () => {
  assert.throws(
    () => verifyCompact('x', { keys: {}, algorithms: [], maxTokenLength: 0, audience: 'a' } as never),
    (error) =>
      error instanceof TypeError &&
      ['keys', 'algorithms', 'maxTokenLength', 'audience'].every((path) => error.message.includes(`\n  ${path}: `)),
  )
})

test('signs no header that the key decides or no verifier honours, and nothing but bytes', () => {
  for (const name of ['alg', 'kid', 'crit', 'b64', 'zip'])
    assert.throws(
      () => signCompact(payload, { key: signing, protectedHeader: { [name]: 'x' } }),
      new RegExp(`protectedHeader.${name}`),
    )
  assert.throws(() => signCompact('text' as never, { key: signing }), /^TypeError: payload: /)
  assert.throws(() => signCompact(payload, { key: verification }), /can verify signatures but not make them/)
  assert.throws(() => signCompact(payload, { key: {} as never }), /^TypeError: key: /)
})
