// Says what was measured, and how it stands to the targets.
import { digits, type Table, versionOf } from '../report.ts'
import { median } from '../statistics.ts'
import type { LoadResult, Series } from './load.ts'
import { connections, type RoundResult } from './round.ts'
import type { Start } from './start.ts'

const target = { refreshMicroseconds: 800, startMilliseconds: 600, megabytes: 100 }

const labels: Record<string, string> = {
  'better-auth': `better-auth ${versionOf('better-auth')}`,
  'Express by hand': `Express ${versionOf('express')} by hand`,
}

/** What a refresh is, which differs from server to server. */
const refreshLabels: Record<string, string> = {
  Countersign: 'Countersign: within its minute, the same refresh token again',
  'Express by hand': `${labels['Express by hand']}: a new refresh token each time`,
  'better-auth': `${labels['better-auth']}: get-session with updateAge 0, which renews the session`,
}

const durable = 'SQLite, WAL, synchronous=FULL: every server answers after one durable commit or more.'
const cpuNote = `CPU is user and system time of all threads of the server, by /proc; ${connections} connections stay open.`
const rateNote =
  'Requests per second share the processors with the client that makes them: compare them, do not quote them.'

export function refreshTable({ refresh, rotation }: LoadResult): Table {
  const { Countersign: usual = [], ...peers } = refresh
  const rows = [
    [...loadRow(refreshLabels.Countersign, usual, usual), verdict(cpuOf(usual), target.refreshMicroseconds)],
    [...loadRow('Countersign: a rotation', rotation, usual), verdict(cpuOf(rotation), target.refreshMicroseconds)],
    ...Object.entries(peers).map(([name, rounds]) => [...loadRow(refreshLabels[name], rounds, usual), '']),
  ]
  const columns = ['refresh', 'CPU µs', 'ratio', 'per second', `target ${target.refreshMicroseconds} µs`]
  return {
    title: 'Refresh',
    columns,
    rows,
    notes: [
      durable,
      cpuNote,
      rateNote,
      'Countersign signs with ES256, Express with HS256; better-auth signs its cookie with HMAC-SHA-256.',
    ],
  }
}

export function loginTable({ login }: LoadResult): Table {
  const notes = [
    'Nearly all of it is the password hash: Argon2id (19 MiB, 2 passes), bcrypt (cost 10) and scrypt (better-auth, N 16384, r 16), each as its server sets it.',
    rateNote,
  ]
  return { title: 'Login', columns: ['login', 'CPU µs', 'ratio', 'per second'], rows: loadRows(login), notes }
}

export function profileTable({ profile }: LoadResult): Table {
  const notes = [
    'Countersign verifies the access token and looks up session and user; Express verifies the token and looks up the user, so a signed-out user still gets in; better-auth looks up session and user (get-session with disableRefresh).',
    rateNote,
  ]
  return { title: 'Profile', columns: ['profile', 'CPU µs', 'ratio', 'per second'], rows: loadRows(profile), notes }
}

export function startTable(starts: Record<string, Start[]>, { megabytesAfter }: LoadResult): Table {
  const rows = Object.entries(starts).map(([name, all]) => {
    const milliseconds = median(all.map((start) => start.milliseconds))
    const megabytes = median(all.map((start) => start.megabytes))
    const met = milliseconds <= target.startMilliseconds && megabytes <= target.megabytes
    return [
      labels[name] ?? name,
      milliseconds.toFixed(0),
      median(all.map((start) => start.cpuMilliseconds)).toFixed(0),
      megabytes.toFixed(0),
      megabytesAfter[name]?.toFixed(0) ?? '',
      name === 'Countersign' ? (met ? 'met' : 'missed') : '',
    ]
  })
  const columns = [
    'start',
    'ms',
    'CPU ms',
    'MB',
    'MB after the load',
    `target ${target.startMilliseconds} ms, ${target.megabytes} MB`,
  ]
  const notes = [
    'From exec to the first 200 of the cheapest path, and resident memory right then; the database is there from an earlier start.',
    'From source is what `npm start` runs after its launcher, with a warm compile cache; the others have none.',
  ]
  return { title: 'Start', columns, rows, notes }
}

function loadRows(series: Series): string[][] {
  const { Countersign: ours = [] } = series
  return Object.entries(series).map(([name, rounds]) => loadRow(labels[name] ?? name, rounds, ours))
}

/** The ratio is that of each round, so that what slowed both of them down does not count. */
function loadRow(label: string | undefined, rounds: RoundResult[], ours: RoundResult[]): string[] {
  const ratio = median(rounds.map(({ cpu }, round) => cpu / (ours[round]?.cpu ?? Number.NaN)))
  return [
    label ?? '',
    cpuOf(rounds).toFixed(0),
    digits(ratio),
    median(rounds.map(({ perSecond }) => perSecond)).toFixed(0),
  ]
}

function cpuOf(rounds: RoundResult[]): number {
  return median(rounds.map(({ cpu }) => cpu))
}

function verdict(value: number, limit: number): string {
  return value <= limit ? 'met' : 'missed'
}
