// Says what was measured in the storms, and how it stands to the targets.
import { digits, type Table } from '../report.ts'
import type { Start } from '../server/start.ts'
import { median, quantile } from '../statistics.ts'
import type { StormPlan, StormResult } from './measure.ts'

const target = { ratio: 1.1, delay: 25, megabytesAfter: 120, startMilliseconds: 400, megabytesAtStart: 90 }

export function loginTable({ storms, alone }: StormResult): Table {
  const hash = { cpu: median(alone.map(({ cpu }) => cpu)), perSecond: median(alone.map(({ perSecond }) => perSecond)) }
  const rows = Object.entries(storms).map(([name, rounds]) => {
    const ratio = median(rounds.map(({ servers }, round) => servers / (alone[round]?.cpu ?? Number.NaN)))
    const rate = median(rounds.map(({ perSecond }, round) => perSecond / (alone[round]?.perSecond ?? Number.NaN)))
    const database = rounds.flatMap(({ postgres }) => postgres ?? [])
    const cpu = digits(median(rounds.map(({ servers }) => servers)))
    return [
      name,
      database.length === 0 ? cpu : `${cpu} + ${digits(median(database))}`,
      digits(median(rounds.map(({ pool }) => pool))),
      ratio.toFixed(3),
      digits(median(rounds.map(({ perSecond }) => perSecond))),
      rate.toFixed(2),
      ratio <= target.ratio ? 'met' : 'missed',
    ]
  })
  return {
    title: 'A storm of logins',
    columns: [
      'login',
      'CPU µs',
      'of it hashing',
      'CPU to Argon2id alone',
      'per second',
      'rate to Argon2id alone',
      'target: CPU 1.10',
    ],
    rows: [
      ['Argon2id alone', digits(hash.cpu), digits(hash.cpu), '1.000', digits(hash.perSecond), '1.00', ''],
      ...rows,
    ],
    notes: [
      'Argon2id alone: a process that verifies a password of the same cost, as many at once as there are processors, in turn with the logins. Ratios are those of each round.',
      'After a plus stands what PostgreSQL spends; the ratio is of the server alone. Client, PostgreSQL and server share the processors, which the rate suffers from and the ratio of CPU does not.',
    ],
  }
}

export function delayTable({ storms }: StormResult, connections: number): Table {
  const rows = Object.entries(storms).map(([name, rounds]) => {
    const p99 = median(rounds.map(({ delays }) => delays.p99))
    const checks = rounds.flatMap((round) => round.checks)
    return [
      name,
      digits(median(rounds.map(({ delays }) => delays.p50))),
      digits(p99),
      digits(Math.max(...rounds.map(({ delays }) => delays.worst))),
      digits(quantile(checks, 0.5)),
      digits(quantile(checks, 0.99)),
      p99 <= target.delay ? 'met' : 'missed',
    ]
  })
  return {
    title: 'The event loop meanwhile',
    columns: [
      'server',
      'p50 ms',
      'p99 ms',
      'worst ms',
      'session check p50 ms',
      'p99 ms',
      `target p99 ${target.delay} ms`,
    ],
    rows,
    notes: [
      `${connections} logins are under way at once. How late the event loop is was measured inside the server (perf_hooks), p50 and p99 as medians of the rounds; on a machine with as many hashes as processors, waiting for a processor is in it.`,
      'Meanwhile a client checks a session twenty times a second, from outside.',
    ],
  }
}

export function memoryTable({ memory }: StormResult, { rounds, logins }: StormPlan): Table {
  return {
    title: 'Memory after logins',
    columns: ['server', 'MB before', 'MB after', 'MB ten seconds later', `target ${target.megabytesAfter} MB`],
    rows: Object.entries(memory).map(([name, { before, after, rested }]) => [
      name,
      ...[before, after, rested].map((megabytes) => megabytes.toFixed(0)),
      rested <= target.megabytesAfter ? 'met' : 'missed',
    ]),
    notes: [
      `${rounds * logins} logins. Resident memory (10^6 bytes); what Argon2id works in, 19 MiB for each hash that runs, is in the second figure, and what looks into the server, a few MB, in all of them.`,
    ],
  }
}

export function startTable(starts: Record<string, Start[]>): Table {
  return {
    title: 'Start',
    columns: ['start', 'ms', 'CPU ms', 'MB', `target ${target.startMilliseconds} ms, ${target.megabytesAtStart} MB`],
    rows: Object.entries(starts).map(([name, all]) => {
      const milliseconds = median(all.map((start) => start.milliseconds))
      const megabytes = median(all.map((start) => start.megabytes))
      const cpu = median(all.map((start) => start.cpuMilliseconds))
      const isMet = milliseconds <= target.startMilliseconds && megabytes <= target.megabytesAtStart
      return [name, ...[milliseconds, cpu, megabytes].map((value) => value.toFixed(0)), isMet ? 'met' : 'missed']
    }),
    notes: [
      'The built server, from exec to the first 200 of /healthz, and resident memory right then; the database is there from before.',
    ],
  }
}
