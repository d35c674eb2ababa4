import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeToken } from './token-bytes.ts'

test('a token of ASCII is written before as many bytes as it has, and any other is not', () => {
  for (const token of ['', 'a', 'a.b.c', '\0\u007f', 'A'.repeat(9000)]) {
    const bytes = writeToken(token) ?? assert.fail(token)
    assert.equal(bytes.length, 2 * token.length)
    assert.equal(Buffer.from(bytes.subarray(0, token.length)).toString('latin1'), token)
  }
  for (const token of ['é', 'a.é.c', '\u0080', '\ud83d', '🦊', '€€..', 'a..\u{10ffff}'])
    assert.equal(writeToken(token), undefined)
})

test('each token has bytes of its own', () => {
  assert.notEqual(writeToken('a.b.c')?.buffer, writeToken('a.b.c')?.buffer)
})
