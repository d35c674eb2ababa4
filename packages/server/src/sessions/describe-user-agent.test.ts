import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createUserAgentDescriber } from './describe-user-agent.ts'

const describeUserAgent = await createUserAgentDescriber()

describe('what a User-Agent header says', () => {
  for (const [device, browser, userAgent] of [
    ['Windows', 'Firefox 144', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0'],
    [
      'macOS',
      'Safari 18',
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15',
    ],
    [
      'iPhone',
      'Safari 18',
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
    ],
    [
      'Android',
      'Chrome 141',
      'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36',
    ],
    [
      'Linux',
      'Chrome 141',
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
    ],
    [null, null, 'curl/7.88.1'],
    [null, null, ''],
    [null, null, null],
  ] as const) {
    test(`is ${browser ?? 'nothing'} on ${device ?? 'an unknown device'} for ${userAgent?.slice(0, 40)}`, () => {
      assert.deepEqual(describeUserAgent(userAgent), { device, browser })
    })
  }

  test('is short whatever was written, and never an error', () => {
    for (const userAgent of [
      '(',
      ';'.repeat(256),
      `Chrome/${'9'.repeat(240)}`,
      '\u0000<script>',
      'Mozilla/5.0 ('.repeat(18),
    ]) {
      const { device, browser } = describeUserAgent(userAgent)
      assert.ok(`${device}${browser}`.length <= 300)
    }
  })
})
