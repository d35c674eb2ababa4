import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { weaknessOf } from './weak-secret.ts'

test('passes secrets that were made at random, in every usual spelling', () => {
  for (let count = 0; count < 2000; count++) {
    assert.equal(weaknessOf(randomBytes(48).toString('base64'), 'HS384'), undefined)
    assert.equal(weaknessOf(randomBytes(32).toString('hex'), 'HS512'), undefined)
    assert.equal(weaknessOf(randomBytes(32).toString('base64url'), 'HS256'), undefined)
  }
})

test('refuses a secret shorter than the hash, in bytes', () => {
  assert.match(
    weaknessOf('kV9w2Rz-5tQ8xLmN3pYc7BdFhJ1sGv6', 'HS256') ?? '',
    /at least 32 bytes long for HS256, and has 31/,
  )
  assert.match(weaknessOf('kV9w2Rz-5tQ8xLmN3pYc7BdFhJ1sGv6A', 'HS512') ?? '', /at least 64 bytes/)
  assert.match(weaknessOf('', 'HS256') ?? '', /has 0/)
})

test('refuses what tutorials print, one character over and over, and short texts repeated', () => {
  const weak = [
    'your-256-bit-secret-your-256-bit-secret',
    'a-string-secret-at-least-256-bits-long',
    'SuperSecretSuperSecretSuperSecret!',
    'please_change_me_please_change_me_now',
    'my-very-long-example-key-for-the-docs-1',
    'a'.repeat(64),
    '0123456789abcdef0123456789abcdef',
    'Xk7#Xk7#Xk7#Xk7#Xk7#Xk7#Xk7#Xk7#Xk7#',
    'kV9w2Rz-5tQ8xLmNkV9w2Rz-5tQ8xLmN',
  ]
  for (const secret of weak) {
    const weakness = weaknessOf(secret, 'HS256')
    assert.ok(weakness !== undefined, secret)
    assert.ok(!weakness.includes(secret))
  }
})
