import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../test/manual-clock.ts'
import { Watchers } from './watchers.ts'

function watch(marks: Parameters<Watchers['watch']>[0], expiresAt = 1_900_000_000) {
  const clock = new ManualClock()
  const watchers = new Watchers(clock)
  const ended: string[] = []
  watchers.watch(marks, expiresAt, () => ended.push('ended'))
  return { clock, watchers, ended }
}

test('a connection whose token names no key ends when any is revoked', () => {
  const { watchers, ended } = watch({ sub: 'user' })
  watchers.hear(['s', 'session', 0, 2_000_000_000])
  assert.deepEqual(ended, [])
  watchers.hear(['k', 'key', 0, 2_000_000_000])
  assert.deepEqual(ended, ['ended'])
})

test('a connection whose token names another key goes on', () => {
  const { watchers, ended } = watch({ sub: 'user', kid: 'other' })
  watchers.hear(['k', 'key', 0, 2_000_000_000])
  assert.deepEqual(ended, [])
})

test('a connection ends with its token, even if that lives for longer than a timer can wait', async () => {
  const { clock, ended } = watch({ sub: 'user' }, 1_800_000_000 + 30 * 86_400)
  await clock.advance(30 * 86_400_000 - 1000)
  assert.deepEqual(ended, [])
  await clock.advance(2000)
  assert.deepEqual(ended, ['ended'])
})
