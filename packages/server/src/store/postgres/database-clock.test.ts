import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDatabaseClock } from './database-clock.ts'

/** A clock whose database is `ahead` of our monotonic clock; a question takes some time each way. */
function start(ahead = 1_800_000_000_000) {
  const time = { monotonic: 5000, ahead }
  const clock = createDatabaseClock(() => time.monotonic)
  function ask(there: number, back: number): void {
    const askedAt = time.monotonic
    time.monotonic += there
    const now = Math.floor(time.monotonic + time.ahead)
    time.monotonic += back
    clock.learn(now, askedAt, time.monotonic)
  }
  const wrongBy = () => Math.abs(clock.read() - (time.monotonic + time.ahead))
  return { time, clock, ask, wrongBy }
}

test('is never wrong by more than it says, whatever the way there and back took', () => {
  const { time, clock, ask, wrongBy } = start()
  for (const [there, back] of [
    [300, 2],
    [2, 300],
    [0, 4300],
    [1, 1],
    [4300, 0],
    [40, 3],
  ] as const) {
    ask(there, back)
    assert.ok(wrongBy() <= clock.uncertainty() + 0.01, `${wrongBy()} of ${clock.uncertainty()} ms`)
    time.monotonic += 700
    assert.ok(wrongBy() <= clock.uncertainty() + 0.01, `${wrongBy()} of ${clock.uncertainty()} ms`)
  }
})

test('an answer for which a database that stood still was waited for takes nothing away from a quick one', () => {
  const { time, clock, ask, wrongBy } = start()
  ask(1, 1)
  time.monotonic += 10_000
  ask(4300, 0)
  assert.ok(wrongBy() < 16, `${wrongBy()} ms`)
  assert.ok(clock.uncertainty() < 16, `${clock.uncertainty()} ms`)
})

test('a quick answer mends what a slow one has told', () => {
  const { ask, wrongBy } = start()
  ask(2000, 0)
  assert.ok(wrongBy() > 900)
  ask(1, 1)
  assert.ok(wrongBy() < 2, `${wrongBy()} ms`)
})

test('what was learnt is worth less with time: clocks drift', () => {
  const { time, clock, ask, wrongBy } = start()
  ask(1, 1)
  for (let second = 0; second < 600; second++) {
    time.monotonic += 1000
    time.ahead += 0.9
    assert.ok(wrongBy() <= clock.uncertainty())
  }
  assert.ok(clock.uncertainty() > 600)
  ask(1, 1)
  assert.ok(wrongBy() < 2, `${wrongBy()} ms`)
})

test('a clock that was set is followed with the next answer, whichever way', () => {
  const { time, ask, wrongBy } = start()
  for (const by of [3_600_000, -7_200_000, 50]) {
    ask(1, 1)
    time.ahead += by
    ask(3, 2)
    assert.ok(wrongBy() < 4, `${wrongBy()} ms after ${by}`)
  }
})

test('answers that come in another order than they were asked for do no harm', () => {
  const { clock } = start(1_000_000)
  clock.learn(1_005_010, 5000, 5020)
  clock.learn(1_005_005, 5000, 5011)
  assert.ok(Math.abs(clock.read() - 1_005_000) <= clock.uncertainty())
})

test('before any answer it is that of this machine, and says that this is worth nothing', () => {
  const clock = createDatabaseClock()
  assert.ok(Math.abs(clock.read() - Date.now()) < 1000)
  assert.deepEqual([clock.uncertainty(), clock.age()], [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY])
})
