import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeBase64url, decodeBase64urlInto } from './base64url.ts'
import { encodeBase64url } from './encode-base64url.ts'

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

/** What the decoder of node:buffer, which repairs everything, makes of a text, if written again it is the same text. */
const decodeByRoundTrip = (text: string): Uint8Array | undefined => {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? new Uint8Array(bytes) : undefined
}
const decode = (text: string): Uint8Array | undefined => {
  const bytes = decodeBase64url(text)
  return bytes && new Uint8Array(bytes)
}

test('reads a text if and only if it is what its bytes are written as, whatever the text', () => {
  const nearly = fc.string({ unit: fc.constantFrom(...'ABQgwzZ019-_+/=. \n\u0141\u00c1\u{1f98a}') })
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), nearly, fc.base64String()), (text) => {
      assert.deepEqual(decode(text), decodeByRoundTrip(text))
    }),
    { numRuns: 5000 },
  )
})

test('characters from all over the first plane are read or refused alike in every place of the last group', () => {
  for (const rest of ['QUJD', 'QUJDRA', 'QUJDREU', 'QUJDREVG']) {
    for (let at = Math.max(0, rest.length - 4); at < rest.length; at += 1) {
      for (let code = 0; code < 0x1_0000; code += code < 0x300 ? 1 : 0x41) {
        const text = rest.slice(0, at) + String.fromCharCode(code) + rest.slice(at + 1)
        assert.deepEqual(decode(text), decodeByRoundTrip(text), `${code} at ${at} of ${rest}`)
      }
    }
  }
})

test('reads part of a buffer into another part and touches nothing before it or after it', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat(7), (bytes, offset) => {
      const text = encodeBase64url(bytes)
      const buffer = Buffer.alloc(2 * text.length + 20, 0xee)
      buffer.write(text, 3, 'latin1')
      const target = 3 + text.length + offset
      const end = decodeBase64urlInto(buffer, target, buffer, 3, 3 + text.length)
      assert.equal(end, target + bytes.length)
      assert.deepEqual(new Uint8Array(buffer.subarray(target, end)), bytes)
      assert.ok(buffer.subarray(end).every((byte) => byte === 0xee))
      assert.ok(buffer.subarray(3 + text.length, target).every((byte) => byte === 0xee))
    }),
  )
})
