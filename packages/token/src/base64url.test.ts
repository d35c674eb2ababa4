import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeBase64url, encodeBase64url } from './base64url.ts'

test('reads back whatever bytes it wrote (RFC 7515 §2)', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      assert.deepEqual(new Uint8Array(decodeBase64url(encodeBase64url(bytes)) ?? []), bytes)
    }),
  )
})

test('no two texts are the same bytes (RFC 4648 §3.5)', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'AQgwB8_-+/= \n') }), (text) => {
      const bytes = decodeBase64url(text)
      assert.ok(bytes === undefined || encodeBase64url(bytes) === text)
    }),
  )
})

test('refuses padding, white space, another alphabet, a lone character and bits that are left over', () => {
  for (const text of [
    'QQ==',
    'QQ=',
    ' QQ',
    'QQ\n',
    'Q Q',
    '+_8A',
    '/_8A',
    'Q',
    'QQQQQ',
    'QR',
    'QUJ',
    'é',
    'QQ\0',
    'ＱＱ',
  ]) {
    assert.equal(decodeBase64url(text), undefined, JSON.stringify(text))
  }
})

test('the empty text is no bytes', () => {
  assert.equal(decodeBase64url('')?.length, 0)
})
