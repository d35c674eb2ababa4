import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTimeSpan } from './time-span.ts'

const spans: readonly (readonly [written: unknown, seconds: number])[] = [
  [60, 60],
  [0, 0],
  [-10, -10],
  ['15m', 900],
  ['2 days', 172_800],
  ['1 day', 86_400],
  ['10h', 36_000],
  ['7d', 604_800],
  ['1w', 604_800],
  ['1y', 31_557_600],
  ['1.5h', 5400],
  ['.5h', 1800],
  ['-10s', -10],
  ['60000ms', 60],
  ['20 Minutes', 1200],
  ['1 hr', 3600],
]

for (const [written, seconds] of spans) {
  test(`takes ${JSON.stringify(written)} for ${seconds} seconds`, () => {
    assert.equal(parseTimeSpan(written, 'expiresIn'), seconds)
  })
}

test('refuses a text without a unit, which would be milliseconds', () => {
  for (const written of ['3600', '0', '-1', '1.5']) {
    assert.throws(() => parseTimeSpan(written, 'maxAge'), { name: 'TypeError', message: /^"maxAge" .*milliseconds/ })
  }
})

test('refuses everything else', () => {
  const others = ['', 'm', '15 fortnights', '15m ', ' 15m', '1h30m', '1e3s', 'constructor', '1 constructor', Number.NaN]
  for (const written of [...others, Number.POSITIVE_INFINITY, null, undefined, true, {}, [], `${'1'.repeat(100)}s`]) {
    assert.throws(() => parseTimeSpan(written, 'notBefore'), { name: 'TypeError', message: /^"notBefore" should be/ })
  }
})
