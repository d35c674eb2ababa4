import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode } from './decode.ts'
import { sign } from './sign.ts'

const secret = 'x'.repeat(32)
const token = sign({ id: 1, exp: 2_000_000_000, iat: 1_700_000_000 }, secret)
const payload = { id: 1, exp: 2_000_000_000, iat: 1_700_000_000 }

test('gives the payload, whoever signed it', () => {
  assert.deepEqual(decode(token), payload)
  assert.deepEqual(decode(token.replace(/[^.]+$/, 'AAAA'), { json: true }), payload)
  assert.deepEqual(decode(token.replace(/[^.]+$/, '')), payload)
})

test('gives all parts when complete is true', () => {
  const signature = token.split('.')[2]
  assert.deepEqual(decode(token, { complete: true }), { header: { alg: 'HS256', typ: 'JWT' }, payload, signature })
})

test('gives null for what is no JWT', () => {
  const others: unknown[] = [undefined, null, '', 'a', 'a.b', 'a.b.c', `${token}.e30`, 7, {}, token.replace('.', '. ')]
  for (const other of others) assert.equal(decode(other as string), null)
})

test('gives an object that the caller may change', () => {
  const mine = decode(token)
  if (mine !== null) delete mine.exp
  assert.deepEqual(decode(token), payload)
})
