import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { encodeRefreshToken, hashRid, looksLikeRefreshToken, parseRefreshToken, toPepper } from './refresh-token.ts'

const peppers = {
  current: 2,
  byId: new Map([
    [1, toPepper(new Uint8Array(32).fill(1))],
    [2, toPepper(new Uint8Array(32).fill(2))],
  ]),
}
const token = { pepperId: 2, rid: new Uint8Array(16).fill(9), gen: 5, att: 1 }
const text = encodeRefreshToken(token, 'first-party', peppers)

test('is read back as it was written, for every generation and attempt', () => {
  const counter = fc.integer({ min: 0, max: 2 ** 31 })
  const rid = fc.uint8Array({ minLength: 16, maxLength: 16 })
  fc.assert(
    fc.property(counter, counter, rid, fc.constantFrom(1, 2), (gen, att, rid, pepperId) => {
      const written = { pepperId, rid, gen, att }
      assert.deepEqual(parseRefreshToken(encodeRefreshToken(written, 'app', peppers), 'app', peppers), written)
    }),
  )
})

test('is the same text for the same place, so that a retry gets the same answer', () => {
  assert.equal(encodeRefreshToken(token, 'first-party', peppers), text)
  assert.match(text, /^rt1\.[\w-]+$/)
  assert.ok(text.length < 64)
})

describe('is refused', () => {
  test('for another client', () => assert.equal(parseRefreshToken(text, 'other', peppers), undefined))

  test('with another pepper, or one that is gone', () => {
    const other = { current: 2, byId: new Map([[2, toPepper(new Uint8Array(32).fill(3))]]) }
    assert.equal(parseRefreshToken(text, 'first-party', other), undefined)
    assert.equal(parseRefreshToken(text, 'first-party', { current: 1, byId: new Map() }), undefined)
  })

  test('with any character changed, added or left out', () => {
    for (let index = 0; index < text.length; index++) {
      for (const other of ['A', 'z', '_', '.', '=', ' ']) {
        const changed = text.slice(0, index) + other + text.slice(index + 1)
        if (changed !== text) assert.equal(parseRefreshToken(changed, 'first-party', peppers), undefined, changed)
        assert.equal(
          parseRefreshToken(text.slice(0, index) + other + text.slice(index), 'first-party', peppers),
          undefined,
        )
      }
      assert.equal(parseRefreshToken(text.slice(0, index), 'first-party', peppers), undefined)
    }
  })

  test('whatever a stranger makes up', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        assert.equal(
          parseRefreshToken(`rt1.${Buffer.from(bytes).toString('base64url')}`, 'first-party', peppers),
          undefined,
        )
      }),
    )
    assert.equal(parseRefreshToken(`rt1.${'A'.repeat(1_000_000)}`, 'first-party', peppers), undefined)
  })
})

test('tells its own kind from an access token', () => {
  assert.ok(looksLikeRefreshToken(text))
  assert.ok(!looksLikeRefreshToken('eyJhbGciOiJFUzI1NiJ9.e30.AAAA'))
})

test('leaves the store a name from which it cannot be made', () => {
  assert.equal(hashRid(token.rid).length, 32)
  assert.notDeepEqual(hashRid(token.rid), hashRid(new Uint8Array(16)))
})
