import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { fitTrend, judgeGrowth, type Sample } from './trend.ts'

/** Numbers between -1 and 1 that look random and are the same each time (Park and Miller). */
function noiseFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48271) % 2147483647
    return (state / 2147483647) * 2 - 1
  }
}

function sampleEach(seconds: number, count: number, valueAt: (at: number) => number): Sample[] {
  return Array.from({ length: count }, (_, index) => ({ at: index * seconds, value: valueAt(index * seconds) }))
}

test('finds the slope of a line, with no error', () => {
  fc.assert(
    fc.property(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 10, max: 200 }), (slope, count) => {
      const trend = fitTrend(sampleEach(5, count, (at) => 100 + slope * at))
      assert.ok(Math.abs(trend.slope - slope) < 1e-9)
      assert.ok(trend.margin < 1e-9)
    }),
  )
})

test('has the slope within its margin nineteen times of twenty, when samples are independent', () => {
  const noise = noiseFrom(7)
  const trials = Array.from({ length: 400 }, () => fitTrend(sampleEach(5, 60, (at) => 80 + 0.01 * at + 3 * noise())))
  const covered = trials.filter(({ slope, margin }) => Math.abs(slope - 0.01) <= margin).length
  assert.ok(covered >= 365 && covered <= 392, `${covered} of 400`)
})

test('does not take the swing of a sawtooth for growth', () => {
  const trend = fitTrend(sampleEach(5, 60, (at) => 80 + (at % 35)))
  assert.match(judgeGrowth(trend), /^no growth that can be told from noise/)
})

test('wants ten samples', () => {
  assert.throws(() => fitTrend(sampleEach(5, 9, () => 1)), RangeError)
})

describe('says of a trend', () => {
  test('that something grows, when even the least of its margin does', () => {
    assert.equal(judgeGrowth({ slope: 0.003, margin: 0.001 }), 'grows: by 7.2 MB an hour at least')
  })

  test('that nothing can be told, and how much it may be, when the margin holds zero', () => {
    assert.equal(
      judgeGrowth({ slope: 0.001, margin: 0.001 }),
      'no growth that can be told from noise; if any, 7.2 MB an hour at most',
    )
  })

  test('that something shrinks', () => {
    assert.equal(judgeGrowth({ slope: -0.003, margin: 0.001 }), 'shrinks: by 7.2 MB an hour at least')
  })
})
