import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  formatRevocationCursor,
  parseRevocationBatch,
  parseRevocationChanges,
  parseRevocationCursor,
  parseRevocationHeartbeat,
  parseRevocationSnapshot,
  RevocationFormatError,
} from './revocations.ts'

const snapshot = { v: 1, iss: 'https://issuer.example', epoch: 'e7f3', seq: 3, now: 1795384201.25, max_ttl: 600 }
const entries = [
  ['s', 'session-1', 0, 1795384800],
  ['j', 'token-1', 0, 1795384800],
  ['u', 'user-1', 1795384201, 1795384860],
  ['c', 'client-1', 1795384201, 1795384860],
  ['k', 'key-1', 0, 1797976201],
  ['g', '', 1795384201, 1795384860],
]

describe('the revocation feed', () => {
  test('has snapshots, events, heartbeats and changes', () => {
    assert.deepEqual(parseRevocationSnapshot({ ...snapshot, entries, more: 'ignored' }), { ...snapshot, entries })
    assert.deepEqual(parseRevocationBatch({ p: 2, e: entries }), { p: 2, e: entries })
    assert.deepEqual(parseRevocationHeartbeat({ seq: 3, now: 1.5 }), { seq: 3, now: 1.5 })
    const changes = { epoch: 'e7f3', p: 2, seq: 3, now: 1.5, e: entries, more: false }
    assert.deepEqual(parseRevocationChanges(changes), changes)
    assert.deepEqual(parseRevocationChanges({ reset: 'gap' }), { reset: 'gap' })
  })

  test('has places that read as they are written', () => {
    assert.deepEqual(parseRevocationCursor('e7f3:1042'), { epoch: 'e7f3', seq: 1042 })
    assert.equal(formatRevocationCursor({ epoch: 'e7f3', seq: 1042 }), 'e7f3:1042')
    for (const id of ['', 'e7f3', ':1', 'e7f3:', 'e7f3:-1', 'e7f3:1.5', 'e7f3:1:2', `e:${'9'.repeat(16)}`])
      assert.equal(parseRevocationCursor(id), undefined, id)
  })

  const badEntries: unknown[] = [
    null,
    'text',
    ['s', 'session-1', 0],
    ['x', 'of a kind to come', 0, 1],
    ['s', 7, 0, 1],
    ['s', '', 0, 1],
    ['s', 'session-1', 1, 1],
    ['u', 'user-1', 0, 1],
    ['u', 'user-1', 1.5, 1],
    ['g', 'value', 1, 1],
    ['s', 'session-1', 0, -1],
    ['s', 'session-1', 0, Number.NaN],
    ['s', 'x'.repeat(1025), 0, 1],
  ]
  for (const entry of badEntries) {
    test(`is refused whole for an entry such as ${JSON.stringify(entry).slice(0, 40)}`, () => {
      assert.throws(() => parseRevocationBatch({ p: 0, e: [entries[0], entry] }), RevocationFormatError)
      assert.throws(() => parseRevocationSnapshot({ ...snapshot, entries: [entry] }), RevocationFormatError)
    })
  }

  for (const change of [
    { v: 2 },
    { iss: 1 },
    { epoch: 'a b' },
    { epoch: '' },
    { seq: -1 },
    { seq: '3' },
    { now: null },
    { max_ttl: 1.5 },
    { entries: {} },
  ]) {
    test(`is refused for a snapshot with ${JSON.stringify(change)}`, () => {
      assert.throws(() => parseRevocationSnapshot({ ...snapshot, entries, ...change }), RevocationFormatError)
    })
  }

  test('is refused for what is no object', () => {
    for (const value of [null, undefined, 'x', 1]) {
      assert.throws(() => parseRevocationSnapshot(value), RevocationFormatError)
      assert.throws(() => parseRevocationBatch(value), RevocationFormatError)
      assert.throws(() => parseRevocationHeartbeat(value), RevocationFormatError)
      assert.throws(() => parseRevocationChanges(value), RevocationFormatError)
    }
    assert.throws(() => parseRevocationHeartbeat({ seq: 1 }), RevocationFormatError)
    assert.throws(() => parseRevocationChanges({ seq: 1 }), RevocationFormatError)
  })
})
