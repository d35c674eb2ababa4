import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLifetime } from './parse-lifetime.ts'

test('a lifetime is whole seconds, or a whole number of s, m, h or d', () => {
  for (const [text, seconds] of [
    [1, 1],
    [600, 600],
    ['600', 600],
    ['90s', 90],
    ['10m', 600],
    ['1h', 3600],
    ['7d', 604_800],
  ] as const) {
    assert.equal(parseLifetime(text), seconds)
  }
})

test('anything else is refused', () => {
  const bad = [
    '',
    '0',
    '0m',
    '-1',
    '1.5h',
    '10 m',
    ' 10m',
    '10m\n',
    '10M',
    '1w',
    '1h30m',
    '١m',
    '1e3',
    '0x10',
    'm',
    '9999999999999d',
  ]
  for (const text of [
    ...bad,
    0,
    -1,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
    null,
    undefined,
    true,
    ['10m'],
    {},
    10n,
  ]) {
    assert.throws(() => parseLifetime(text as string), TypeError, String(text))
  }
})
