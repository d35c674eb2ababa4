// docs/production.md has a row for each event that the server logs, and tells which of them are alerts.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '../..')

/** The events of the server's source, and whether they are alerts. */
function eventsInSource(): Map<string, boolean> {
  const files = globSync('packages/server/src/**/*.ts', {
    cwd: root,
    exclude: ['**/*.test.ts', '**/*.contract.ts', '**/src/test/**'],
  })
  const source = files.map((path) => readFileSync(join(root, path), 'utf8')).join('\n')
  return new Map(
    // An operator's act is given to a function under its name, of which the end may be filled in.
    [...source.matchAll(/\b(?:event: |ordered\()['`]([a-z_.-]+)(\$\{[^}]+\})?['`](, alert: true)?/g)].map(
      ([, event = '', filledIn, alert]) => [filledIn === undefined ? event : `${event}…`, alert !== undefined],
    ),
  )
}

/** The rows of the table; of one that names several events, each. */
function eventsInTable(): Map<string, boolean> {
  const page = readFileSync(join(root, 'docs/production.md'), 'utf8')
  const table = /\| event \| level \|.*\n\|---.*\n((?:\|.*\n)+)/.exec(page)?.[1] ?? ''
  const rows = table
    .trim()
    .split('\n')
    .map((line) => line.split(' | '))
  return new Map(
    rows.flatMap(([names = '', level = '']) =>
      [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => [name, level.includes('alert')] as const),
    ),
  )
}

test('the table of events has every event that the server logs, each as an alert or not, and no other', () => {
  const sorted = (events: Map<string, boolean>) => [...events].sort(([a], [b]) => a.localeCompare(b))
  assert.ok(eventsInSource().size > 10)
  assert.deepEqual(sorted(eventsInTable()), sorted(eventsInSource()))
})

test('every alert is counted from 0 on', () => {
  const meter = readFileSync(join(root, 'packages/server/src/telemetry/meter.ts'), 'utf8')
  for (const [event, isAlert] of eventsInSource())
    if (isAlert) assert.ok(meter.includes(`'${event}'`), `${event} is missing in telemetry/meter.ts`)
})
