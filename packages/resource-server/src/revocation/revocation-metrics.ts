/** Owns the metrics of what is known of revocations, in the text format that Prometheus reads (version 0.0.4). */
import type { ReplicaState, ReplicaStatus } from './replica.ts'

const STATES: readonly ReplicaState[] = ['INIT', 'LIVE', 'STALE', 'DOWN', 'RESYNC']

interface Gauge {
  readonly name: string
  readonly help: string
  /** The samples of an issuer: further labels and a value each. */
  read(status: ReplicaStatus): readonly (readonly [labels: string, value: number])[]
}

const GAUGES: readonly Gauge[] = [
  {
    name: 'countersign_revocation_lag_seconds',
    help: 'Seconds since everything was known that the issuer has revoked; +Inf before anything was.',
    read: ({ lag }) => [['', lag]],
  },
  {
    name: 'countersign_revocation_state',
    help: 'How far the feed of the issuer can be relied on: 1 for the present state, 0 for the others.',
    read: ({ state }) => STATES.map((one) => [`,state="${one}"`, one === state ? 1 : 0]),
  },
  {
    name: 'countersign_revocation_entries',
    help: 'Entries of the feed that are held.',
    read: ({ entries }) => [['', entries]],
  },
  {
    name: 'countersign_revocation_memory_bytes',
    help: 'Bytes that the table of entries takes.',
    read: ({ memory }) => [['', memory]],
  },
  {
    name: 'countersign_revocation_clock_offset_seconds',
    help: 'Seconds that the clock of the issuer is ahead of ours, as far as the way between them lets one see.',
    read: ({ clockOffset }) => [['', clockOffset]],
  },
]

/**
 * Formats what is known of revocations as metrics, in the text format of Prometheus: gauges with the label issuer, and state with one
 * for each state. Serve it as `text/plain; version=0.0.4`, where only your own monitoring can ask.
 *
 * @example
 * const protection = createProtection({ issuer, audience, feed: { clientId, clientSecret } })
 * const text = formatRevocationMetrics(protection.status())
 */
export function formatRevocationMetrics(status: Readonly<Record<string, ReplicaStatus>>): string {
  const issuers = Object.entries(status)
  const lines = GAUGES.flatMap(({ name, help, read }) => [
    ...[`# HELP ${name} ${help}`, `# TYPE ${name} gauge`],
    ...issuers.flatMap(([issuer, one]) =>
      read(one).map(([labels, value]) => `${name}{issuer="${escapeLabel(issuer)}"${labels}} ${formatValue(value)}`),
    ),
  ])
  return `${lines.join('\n')}\n`
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

/** Of the numbers that are not finite only this one occurs, as the lag before anything was heard. */
function formatValue(value: number): string {
  return value === Number.POSITIVE_INFINITY ? '+Inf' : String(value)
}
