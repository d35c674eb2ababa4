import assert from 'node:assert/strict'
import { test } from 'node:test'
import library from 'rate-limiter-flexible'
import { createBoundedMemory } from './bounded-memory.ts'

test('keeps twenty thousand keys, however many come, and lets go of those counted longest ago', async () => {
  const memory = createBoundedMemory(library, { times: 5, window: 600 })
  await memory.penalty('first')
  await memory.penalty('second')
  for (let turn = 0; turn < 19_998; turn++) await memory.penalty(`flood-${turn}`)
  await memory.penalty('first')
  await memory.penalty('one more')
  assert.equal((await memory.get('first'))?.consumedPoints, 2)
  assert.equal(await memory.get('second'), null)
})
