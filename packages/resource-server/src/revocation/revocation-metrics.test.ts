import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createProtection } from '../protection.ts'
import { FakeFeed } from '../test/fake-feed.ts'
import { audience, issuer } from '../test/fake-issuer.ts'
import { ManualClock, settle } from '../test/manual-clock.ts'
import { formatRevocationMetrics } from './revocation-metrics.ts'

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Reads the text format as its description has it, and refuses what does not fit. */
function parse(text: string): Sample[] {
  assert.ok(text.endsWith('\n'))
  const told = new Set<string>()
  const samples: Sample[] = []
  for (const line of text.slice(0, -1).split('\n')) {
    const [, word, about] = /^# (HELP|TYPE) ([a-z_]+) \S.*$/.exec(line) ?? []
    if (about !== undefined) {
      if (word === 'TYPE') assert.equal(line, `# TYPE ${about} gauge`)
      assert.ok(!told.has(`${word} ${about}`), 'one description of each')
      told.add(`${word} ${about}`)
      continue
    }
    const [, name = '', labels = '', value = ''] = /^([a-z_]+)\{(.*)\} (\+Inf|-?[\d.]+(?:e-?\d+)?)$/.exec(line) ?? []
    assert.ok(told.has(`HELP ${name}`) && told.has(`TYPE ${name}`), line)
    const read = [...labels.matchAll(/(?:^|,)([a-z]+)="((?:[^"\\\n]|\\["\\n])*)"/g)]
    assert.equal(read.map(([all]) => all).join(''), labels)
    const unescapeLabel = (escaped: string) => escaped.replace(/\\(.)/g, (_all, one) => (one === 'n' ? '\n' : one))
    samples.push({
      name,
      labels: Object.fromEntries(read.map(([, label = '', escaped = '']) => [label, unescapeLabel(escaped)])),
      value: value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value),
    })
  }
  return samples
}

const status = { state: 'LIVE', lag: 0.25, entries: 3, memory: 16384, clockOffset: -0.000001 } as const

function readValue(samples: readonly Sample[], name: string, state?: string): number | undefined {
  return samples.find((one) => one.name === `countersign_revocation_${name}` && one.labels.state === state)?.value
}

test('a protection that follows the feed tells its lag, entries and state', async () => {
  const clock = new ManualClock()
  const network = new FakeFeed(clock)
  network.revoke(['s', 'session-1', 0, 1_900_000_000])
  const feed = { clientId: 'orders', clientSecret: 'cs1_secret' }
  const log = { warn: () => undefined }
  const api = createProtection({ issuer, audience, feed, clock, log, fetch: network.fetch })
  assert.equal(readValue(parse(formatRevocationMetrics(api.status())), 'lag_seconds'), Number.POSITIVE_INFINITY)
  assert.equal(readValue(parse(formatRevocationMetrics(api.status())), 'state', 'INIT'), 1)
  await settle()
  network.disappear()
  for (const [state, after] of [
    ['LIVE', 2],
    ['STALE', 10],
    ['DOWN', 60],
  ] as const) {
    await clock.advance(after * 1000 - clock.monotonic())
    const samples = parse(formatRevocationMetrics(api.status()))
    assert.equal(readValue(samples, 'lag_seconds'), after)
    assert.equal(readValue(samples, 'entries'), 1)
    const states = samples.filter(({ name }) => name === 'countersign_revocation_state')
    assert.deepEqual(
      states.filter(({ value }) => value !== 0).map(({ labels }) => labels),
      [{ issuer, state }],
    )
    assert.equal(states.length, 5)
  }
  api.close()
})

test('has the label issuer, several of them, and escapes what it says', () => {
  const strange = 'https://a.example/"\\\n'
  const samples = parse(formatRevocationMetrics({ [strange]: status, 'https://b.example': status }))
  assert.deepEqual([...new Set(samples.map(({ labels }) => labels.issuer))], [strange, 'https://b.example'])
  assert.equal(samples.length, 18)
  assert.equal(readValue(samples, 'clock_offset_seconds'), -0.000001)
  assert.equal(readValue(samples, 'memory_bytes'), 16384)
})

test('is well formed where there is no feed', () => {
  assert.deepEqual(parse(formatRevocationMetrics({})), [])
})
