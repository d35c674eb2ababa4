import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EventReader } from '../test/event-reader.ts'
import { createEventStream } from './event-stream.ts'

const entry = (value: string) => ['s', value, 0, 2_000_000_000] as const

test('a reader that takes nothing for more than a second is told to begin anew, and let go', async () => {
  let now = 0
  let ends = 0
  const { body, reader } = createEventStream(
    () => {
      ends += 1
    },
    () => now,
  )
  for (let seq = 1; seq <= 4; seq += 1) {
    reader.revoked([entry(`session-${seq}`)], seq - 1, { epoch: 'e', seq })
    now += 400
  }
  assert.equal(ends, 1)
  const events = new EventReader(body)
  const seen: string[] = []
  for (let event = await events.next(); event !== undefined; event = await events.next()) seen.push(event.event)
  assert.deepEqual(seen, ['rev', 'rev', 'rev', 'reset'])
})

test('a reader that has a megabyte to take is let go, and its memory with it', async () => {
  let isOver = false
  const { body, reader } = createEventStream(
    () => {
      isOver = true
    },
    () => 0,
  )
  let seq = 0
  for (; !isOver && seq < 5000; seq += 1) {
    const entries = Array.from({ length: 10 }, (_, index) => entry(`${seq}-${index}-${'x'.repeat(50)}`))
    reader.revoked(entries, seq, { epoch: 'e', seq: seq + 1 })
  }
  assert.ok(seq < 2000, String(seq))
  reader.revoked([entry('late')], seq, { epoch: 'e', seq: seq + 1 })
  await body.cancel()
})

test('a reader that keeps up is never let go', async () => {
  let now = 0
  let isOver = false
  const { body, reader } = createEventStream(
    () => {
      isOver = true
    },
    () => now,
  )
  const events = new EventReader(body)
  for (let beat = 0; beat < 100; beat += 1) {
    reader.heartbeat(beat, beat)
    assert.deepEqual((await events.next())?.data, { seq: beat, now: beat })
    now += 900
  }
  assert.equal(isOver, false)
  await events.close()
  assert.equal(isOver, true)
})
