import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { KeyTimes } from '../store/key-store.ts'
import { nextChange, signingAt, stateOf } from './key-ring.ts'

const retention = 50
const key = (activateAt: number, retireAt: number | null, revokedAt: number | null = null): KeyTimes => ({
  createdAt: 0,
  ...{ activateAt, retireAt, revokedAt },
})

test('a key is pending, active, retired and removed, each from a moment on', () => {
  const one = key(100, 200)
  const states = [99, 100, 199, 200, 249, 250].map((now) => stateOf(one, now, retention))
  assert.deepEqual(states, ['pending', 'active', 'active', 'retired', 'retired', 'removed'])
  assert.equal(stateOf(key(100, null), 1e12, retention), 'active')
  assert.equal(stateOf(key(100, 200, 150), 120, retention), 'revoked')
})

test('a ring without gaps has one key that signs at every moment, and it is active', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 0, max: 9000 }),
      (periods, now) => {
        const starts = periods.map((_, index) => periods.slice(0, index).reduce((sum, one) => sum + one, 0))
        const ring = starts.map((start, index) => key(start, starts[index + 1] ?? null))
        const active = ring.filter((one) => stateOf(one, now, retention) === 'active')
        assert.equal(active.length, 1)
        assert.equal(signingAt(ring, now), active[0])
      },
    ),
  )
})

test('a key that was made after the moment of a transition signs for it if no other does', () => {
  const made = key(105, null)
  assert.equal(signingAt([made], 100), made)
  assert.equal(signingAt([key(0, 90), made], 100), made)
  assert.equal(signingAt([key(0, 90)], 100), undefined)
})

test('the ring is looked at again when the next key signs and when one is removed', () => {
  const ring = [key(0, 100), key(100, null)]
  assert.deepEqual(
    [0, 99, 100, 149, 150].map((now) => nextChange(ring, now, retention)),
    [100, 100, 150, 150, Number.POSITIVE_INFINITY],
  )
})
