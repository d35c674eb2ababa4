import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProtectedHeader } from './protected-header.ts'
import { ProvenHeaders } from './proven-headers.ts'

const header = (kid: string): ProtectedHeader => ({ alg: 'ES256', kid })

test('finds the header that a token begins with, whole segments only', () => {
  const proven = new ProvenHeaders()
  proven.add('abc.payload.signature', header('a'))
  assert.deepEqual(proven.find('abc.other.other')?.protectedHeader, header('a'))
  for (const token of ['abcd.payload.signature', 'ab.payload.signature', 'abc', 'abC.payload', ' abc.payload', ''])
    assert.equal(proven.find(token), undefined, token)
})

test('keeps no more than eight, and the last ones', () => {
  const proven = new ProvenHeaders()
  for (let index = 0; index < 1000; index += 1) proven.add(`h${index}.p.s`, header(`${index}`))
  const kept = Array.from({ length: 1000 }, (_, index) => index).filter((index) => proven.find(`h${index}.p.s`))
  assert.deepEqual(kept, [992, 993, 994, 995, 996, 997, 998, 999])
})

test('keeps a header once, however often it is proven', () => {
  const proven = new ProvenHeaders()
  proven.add('a.p.s', header('a'))
  for (let index = 0; index < 100; index += 1) proven.add('b.p.s', header('b'))
  assert.deepEqual(proven.find('a.x.y')?.protectedHeader, header('a'))
})
