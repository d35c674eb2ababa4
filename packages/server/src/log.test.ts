import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { describeError, withoutSecrets } from './log.ts'

test('strikes out what has the form of a secret, and leaves the rest to be read', () => {
  const struck = {
    'connect to postgres://ada:pass@word@db:5432/x failed': 'connect to postgres://[struck out]@db:5432/x failed',
    'redis://:secret@127.0.0.1:6379': 'redis://[struck out]@127.0.0.1:6379',
    'token (eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln) expired': 'token ([struck out]) expired',
    'jwe eyJhbGciOiJkaXIifQ..iv.text.tag, at x.y.eyJhbGciOiJub25lIn0.e30.c2ln': 'jwe [struck out], at x.y.[struck out]',
    'no rt1.AAAA-bb_c here, no st1.AAAA either': 'no [struck out] here, no [struck out] either',
    'client cs1_abc-def': 'client [struck out]',
    'header Bearer abc.def~x, or basic YTpi=': 'header Bearer [struck out], or basic [struck out]',
  }
  for (const [text, expected] of Object.entries(struck)) assert.equal(withoutSecrets(text), expected)
  for (const text of ['PostgreSQL: password authentication failed for user "x"', 'connect ECONNREFUSED 127.0.0.1:1'])
    assert.equal(withoutSecrets(text), text)
})

test('strikes out of a long text in a time that grows no faster than the text', () => {
  for (const part of ['://', 'eyJ-', 'eyJ.', '@://', 'rt1.', 'Bearer ', 'cs1_']) {
    const began = performance.now()
    withoutSecrets(part.repeat(200_000))
    assert.ok(performance.now() - began < 1000, part)
  }
})

test('says of an error its type, message, stack, code and causes, and none of its other members', () => {
  const cause = Object.assign(new TypeError('below'), { code: 'E_BELOW' })
  const error = Object.assign(new Error('above', { cause }), { config: { password: 'MARKED' }, detail: 'MARKED' })
  const described = describeError(error) as { type: string; message: string; cause: { type: string; code: string } }
  assert.deepEqual([described.type, described.message], ['Error', 'above'])
  assert.deepEqual([described.cause.type, described.cause.code], ['TypeError', 'E_BELOW'])
  assert.ok(!inspect(described, { depth: 9 }).includes('MARKED'))
  assert.deepEqual([describeError('MARKED'), describeError(undefined)], [{ type: 'string' }, undefined])
})

test('goes no deeper than five causes', () => {
  const circle = new Error('a circle')
  circle.cause = circle
  assert.equal(inspect(describeError(circle), { depth: 20 }).match(/type: 'Error'/g)?.length, 5)
})
