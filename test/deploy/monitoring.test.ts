// The dashboard and the alert rules: that they can be loaded, ask only for what a server tells, and fire when they should.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createAuthorizationServer, openPostgresStore } from '@countersign/server'
import { createMetrics } from '@countersign/server/metrics'
import { parse } from 'yaml'
import { requires } from '../requires.ts'

const root = join(import.meta.dirname, '../..')
const rulesFile = join(root, 'deploy/prometheus/alerts.yaml')
const promtool = '/usr/bin/promtool'

/** Every series of a server that has all there may be: PostgreSQL and Redis, of which none has to be there. */
async function scrape(): Promise<string> {
  const store = openPostgresStore({ url: 'postgres://nobody@127.0.0.1:1/none', timeout: 1000 })
  const metrics = createMetrics({ processMetrics: true })
  const server = createAuthorizationServer({
    ...{ issuer: 'https://auth.example.com', masterKey: new Uint8Array(32), store, metrics },
    redis: { url: 'redis://127.0.0.1:1' },
    log: { debug() {}, info() {}, warn() {}, error() {} },
  })
  await (await server.fetch(new Request('https://auth.example.com/readyz'))).text()
  const text = await metrics.text()
  server.close()
  await store.close()
  return text
}

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string }[]
}

const dashboard = JSON.parse(readFileSync(join(root, 'deploy/grafana/countersign.json'), 'utf8')) as {
  readonly panels: readonly Panel[]
  readonly annotations: { readonly list: readonly { readonly expr: string }[] }
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query: string | { query: string } }[]
  }
}

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: Readonly<Record<string, string>>
}

const rules = (parse(readFileSync(rulesFile, 'utf8')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (one) => one.rules,
)

/** The names of series that an expression asks for, and the words of labels that it compares with. */
const namesIn = (text: string) => [...text.matchAll(/\b(?:countersign|process|nodejs)_\w+/g)].map(([name]) => name)
const matchersIn = (text: string) =>
  [...text.matchAll(/(countersign_\w+)\{([^}]*)\}/g)].flatMap(([, name = '', labels = '']) =>
    [...labels.matchAll(/(\w+)="([^"$]+)"/g)].map(([, label, word]) => ({ name, pair: `${label}="${word}"` })),
  )

describe('the dashboard and the rules', () => {
  let text = ''
  const expressions = [
    ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ...dashboard.annotations.list.map(({ expr }) => expr),
    ...dashboard.templating.list.map(({ query }) => (typeof query === 'string' ? query : query.query)),
    ...rules.map(({ expr }) => expr),
  ]
  before(async () => {
    text = await scrape()
  })

  test('ask only for series that a server has', () => {
    const series = new Set(text.match(/^[a-z_0-9]+(?=[{ ])/gim))
    const asked = expressions.flatMap(namesIn)
    assert.ok(asked.length > 50)
    for (const name of asked) assert.ok(series.has(name), `${name} is asked for, and no server tells it`)
  })

  test('compare only with words that a server tells', () => {
    const lines = text.split('\n')
    const asked = expressions.flatMap(matchersIn)
    assert.ok(asked.length > 5)
    for (const { name, pair } of asked)
      assert.ok(
        lines.some((line) => line.startsWith(`${name}{`) && line.includes(pair)),
        `${name} has no ${pair}`,
      )
  })

  test('leave out nothing that a server tells of itself', () => {
    const families = [...text.matchAll(/^# TYPE (countersign_\w+) /gm)].map(([, name = '']) => name)
    const asked = expressions.join('\n')
    assert.deepEqual(
      families.filter((name) => !asked.includes(name)),
      [],
    )
  })
})

test('the panels of the dashboard have names, places of their own, and something to show', () => {
  const { panels } = dashboard
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  assert.deepEqual(
    panels.filter(({ type }) => type === 'row').map(({ title }) => title),
    ['Alerts', 'Traffic', 'Sign-in and refresh', 'Latency', 'Store', 'Revocation feed', 'Process'],
  )
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
  )
  assert.equal(new Set(cells).size, cells.length, 'two panels overlap')
  for (const { type, title, targets = [] } of panels)
    assert.ok(title !== '' && (type === 'row') === (targets.length === 0))
})

test('every rule says what has happened and what to do', () => {
  assert.ok(rules.length >= 10)
  for (const { alert, labels, annotations } of rules) {
    assert.match(alert, /^Countersign[A-Z]\w+$/)
    assert.ok(['warning', 'critical'].includes(labels.severity), alert)
    for (const part of ['summary', 'action'])
      assert.ok((annotations[part] ?? '').length > 20, `${alert} has no ${part}`)
  }
})

/** Series as Prometheus would have scraped them once a minute, and the alerts that have to be there at a time. */
const scenarios = [
  {
    interval: '1m',
    input_series: [
      { series: 'countersign_build_info{job="c",instance="a"}', values: '1x30' },
      { series: 'countersign_refreshes_total{job="c",instance="a",outcome="reused"}', values: '0x9 1x20' },
      { series: 'countersign_alerts_total{job="c",instance="a",event="refresh.reuse"}', values: '0x9 1x20' },
    ],
    alert_rule_test: [
      { eval_time: '9m', alertname: 'CountersignRefreshTokenStolen', exp_alerts: [] },
      {
        eval_time: '11m',
        alertname: 'CountersignRefreshTokenStolen',
        exp_alerts: [{ exp_labels: { severity: 'warning' } }],
      },
      { eval_time: '11m', alertname: 'CountersignManyRefreshTokensStolen', exp_alerts: [] },
      { eval_time: '11m', alertname: 'CountersignAlertInLog', exp_alerts: [] },
      { eval_time: '20m', alertname: 'CountersignRefreshTokenStolen', exp_alerts: [] },
      { eval_time: '20m', alertname: 'CountersignAbsent', exp_alerts: [] },
    ],
  },
  {
    interval: '1m',
    input_series: [
      { series: 'countersign_feed_stalled{job="c",instance="a"}', values: '0x4 1x20' },
      { series: 'countersign_store_errors_total{job="c",instance="a",call="rotate"}', values: '0x4 10+10x20' },
      { series: 'countersign_http_request_duration_seconds_count{job="c",status="200"}', values: '0+100x30' },
      { series: 'countersign_http_request_duration_seconds_count{job="c",status="503"}', values: '0x4 10+10x20' },
      { series: 'countersign_verification_keys{job="c",instance="a"}', values: '1x30' },
    ],
    alert_rule_test: [
      ...['CountersignFeedStalled', 'CountersignStoreErrors', 'CountersignServerErrors', 'CountersignNoKeys'].map(
        (alertname) => ({
          ...{ eval_time: '4m', alertname, exp_alerts: [] },
        }),
      ),
      {
        eval_time: '8m',
        alertname: 'CountersignFeedStalled',
        exp_alerts: [{ exp_labels: { severity: 'critical', job: 'c', instance: 'a' } }],
      },
      { eval_time: '15m', alertname: 'CountersignStoreErrors', exp_alerts: [{ exp_labels: { severity: 'critical' } }] },
      {
        eval_time: '15m',
        alertname: 'CountersignServerErrors',
        exp_alerts: [{ exp_labels: { severity: 'critical' } }],
      },
      { eval_time: '15m', alertname: 'CountersignAbsent', exp_alerts: [{ exp_labels: { severity: 'critical' } }] },
    ],
  },
]

describe('Prometheus', { skip: requires('prometheus') }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-rules-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const run = (...words: string[]) => spawnSync(promtool, words, { encoding: 'utf8' })

  test('takes the rules and every expression of the dashboard', () => {
    const { status, stdout, stderr } = run('check', 'rules', '--lint=all', '--lint-fatal', rulesFile)
    assert.equal(status, 0, stdout + stderr)
    const asked = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
    const recorded = asked.map((expr, i) => ({
      record: `panel_${i}`,
      expr: expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$(job|instance)/g, '.+'),
    }))
    const file = join(folder, 'panels.json')
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules: recorded }] }))
    const panels = run('check', 'rules', file)
    assert.equal(panels.status, 0, panels.stdout + panels.stderr)
  })

  test('fires them when they should, and not before', () => {
    const file = join(folder, 'scenarios.json')
    const tests = scenarios.map((one) => ({
      ...one,
      // What a rule says of itself is compared too; here it is the same as in the rule.
      alert_rule_test: one.alert_rule_test.map(({ exp_alerts, ...rest }) => ({
        ...rest,
        exp_alerts: exp_alerts.map((alert) => ({ ...alert, exp_annotations: annotationsOf(rest.alertname) })),
      })),
    }))
    writeFileSync(file, JSON.stringify({ rule_files: [rulesFile], evaluation_interval: '1m', tests }))
    const { status, stdout, stderr } = run('test', 'rules', file)
    assert.equal(status, 0, stdout + stderr)
  })
})

/** With the values of these scenarios in the places of their variables. */
function annotationsOf(alertname: string): Record<string, string> {
  const { annotations = {} } = rules.find(({ alert }) => alert === alertname) ?? {}
  return Object.fromEntries(
    Object.entries(annotations).map(([name, text]) => [
      name,
      text.replaceAll('{{ $labels.instance }}', 'a').replaceAll('{{ $value | humanizePercentage }}', '9.091%'),
    ]),
  )
}
