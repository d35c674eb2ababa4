import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createGate } from './gate.ts'

test('lets four through at a time under one key, the others in turn, and does not hold up other keys', async () => {
  const gate = createGate()
  const inside: number[] = []
  const leaves: (() => void)[] = []
  const entering = Array.from({ length: 6 }, async (_, turn) => {
    const leave = await gate.enter('a')
    inside.push(turn)
    if (leave !== undefined) leaves.push(leave)
  })
  await Promise.all(entering.slice(0, 4))
  assert.deepEqual(inside, [0, 1, 2, 3])
  assert.ok(await gate.enter('b'))
  leaves.shift()?.()
  await entering[4]
  assert.deepEqual(inside, [0, 1, 2, 3, 4])
  leaves.shift()?.()
  await entering[5]
  assert.deepEqual(inside, [0, 1, 2, 3, 4, 5])
})

test('turns away whoever comes when a hundred wait', async () => {
  const gate = createGate()
  const first = await gate.enter('a')
  const others = Array.from({ length: 103 }, () => gate.enter('a'))
  assert.equal(await gate.enter('a'), undefined)
  first?.()
  for (const entered of others) (await entered)?.()
  assert.ok(await gate.enter('a'))
})
