import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createVerifier } from '../../create-verifier.ts'
import { decodeUnverified } from '../../decode-unverified.ts'
import { importKey } from '../../import-key.ts'
import { RFC7515_A1 } from './rfc-keys.ts'

const CLAIMS = { iss: 'joe', exp: 1_300_819_380, 'http://example.com/is_root': true }
const SECTION_3_1 =
  'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const SECTION_6_1 =
  'eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.'

const options = {
  keys: importKey(RFC7515_A1, { alg: 'HS256' }),
  algorithms: ['HS256'],
  issuer: 'joe',
  dangerouslyAllowAnyAudience: true,
  clockTolerance: 0,
} as const

test('RFC 7519 §3.1: the example is accepted before its expiry', () => {
  assert.deepEqual(createVerifier({ ...options, typ: 'JWT', now: () => CLAIMS.exp - 1 })(SECTION_3_1), CLAIMS)
})

test('RFC 7519 §4.1.4: the example is refused at and after its expiry', () => {
  for (const now of [CLAIMS.exp, CLAIMS.exp + 1]) {
    assert.throws(() => createVerifier({ ...options, now: () => now })(SECTION_3_1), {
      code: 'token_expired',
      claim: 'exp',
    })
  }
})

test('RFC 7519 §6.1: the unsecured example is refused, and can still be decoded for display', () => {
  assert.throws(() => createVerifier({ ...options, now: () => CLAIMS.exp - 1 })(SECTION_6_1), {
    code: 'algorithm_not_allowed',
  })
  assert.deepEqual(decodeUnverified(SECTION_6_1).claims, CLAIMS)
  assert.deepEqual(decodeUnverified(SECTION_6_1).protectedHeader, { alg: 'none' })
})
