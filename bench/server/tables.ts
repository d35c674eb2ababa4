// Says what was measured, and how it stands to the targets.
import { digits, type Table } from '../report.ts'
import { median } from '../statistics.ts'
import { labelOf } from './labels.ts'
import type { LoadResult, Series } from './load.ts'
import { connections, type RoundResult } from './round.ts'
import type { Start } from './start.ts'

const target = { refreshMicroseconds: 500, sessionCheckMicroseconds: 200, startMilliseconds: 600, megabytes: 100 }

/** What a refresh is, which differs from server to server. */
const refreshes: Record<string, string> = {
  Countersign: 'within its minute, the same refresh token again',
  'Express by hand': 'a new refresh token each time',
  'Fastify by hand': 'a new refresh token each time',
  'better-auth': 'get-session with updateAge 0, which renews the session',
  'oidc-provider': 'a new refresh token each time',
}

/** What it takes to know that a session still lives. */
const sessionChecks: Record<string, string> = {
  Countersign: 'profile by session token; session and user looked up',
  'better-auth': 'get-session with disableRefresh; session and user looked up',
  'oidc-provider': 'introspection of an opaque access token; its client authenticated, token and grant looked up',
}

const durable =
  'SQLite, WAL, synchronous=FULL: every server answers after a durable commit, which Countersign shares among the requests that wait for it at once. But oidc-provider keeps everything in Redis, which appends to a file that is synced once a second, so that a crash of the machine loses up to a second.'
const redisNote =
  'After the plus stands what Redis spends, a process of its own; the ratio counts both, as SQLite is in the process of each other server.'
const cpuNote = `CPU is user and system time of all threads of the server, by /proc; ${connections} connections stay open.`
const rateNote =
  'Requests per second share the processors with the client that makes them: compare them, do not quote them.'

const loadColumns = ['CPU µs', 'ratio', 'per second']

export function refreshTable({ refresh, rotation }: LoadResult): Table {
  const { Countersign: usual = [], ...peers } = refresh
  const limit = target.refreshMicroseconds
  const rows = [
    [...loadRow(explained('Countersign', refreshes), usual, usual), verdict(cpuOf(usual), limit)],
    [...loadRow('Countersign: a rotation', rotation, usual), verdict(cpuOf(rotation), limit)],
    ...Object.entries(peers).map(([name, rounds]) => [...loadRow(explained(name, refreshes), rounds, usual), '']),
  ]
  const signatures =
    'Countersign, Fastify and oidc-provider sign the access token with ES256, Express with HS256; better-auth signs its cookie with HMAC-SHA-256.'
  const notes = [durable, redisNote, cpuNote, rateNote, signatures]
  return { title: 'Refresh', columns: ['refresh', ...loadColumns, `target ${limit} µs`], rows, notes }
}

export function sessionCheckTable({ sessionCheck }: LoadResult): Table {
  const { Countersign: ours = [] } = sessionCheck
  const limit = target.sessionCheckMicroseconds
  const rows = Object.entries(sessionCheck).map(([name, rounds]) => [
    ...loadRow(explained(name, sessionChecks), rounds, ours),
    name === 'Countersign' ? verdict(cpuOf(rounds), limit) : '',
  ])
  const notes = [
    'Each answers by what is stored and sees a sign-out at once. Nothing is written: the session was used within its last minute (Countersign), or the query forbids it (better-auth).',
    'Express and Fastify by hand have no such session: what they know of a request is in its access token.',
    redisNote,
    rateNote,
  ]
  return { title: 'Session check', columns: ['session check', ...loadColumns, `target ${limit} µs`], rows, notes }
}

export function loginTable({ login }: LoadResult): Table {
  const notes = [
    'Nearly all of it is the password hash: Argon2id (19 MiB, 2 passes), bcrypt (cost 10, both by hand) and scrypt (better-auth, N 16384, r 16), each as its server sets it. oidc-provider leaves passwords to the application.',
    rateNote,
  ]
  return { title: 'Login', columns: ['login', ...loadColumns], rows: loadRows(login), notes }
}

export function profileTable({ profile }: LoadResult): Table {
  const notes = [
    'Countersign verifies the access token and looks up session and user; Express and Fastify verify the token and look up the user, so a signed-out user still gets in; better-auth looks up session and user (get-session with disableRefresh); oidc-provider looks up token, client, user and grant (userinfo by an opaque access token).',
    redisNote,
    rateNote,
  ]
  return { title: 'Profile', columns: ['profile', ...loadColumns], rows: loadRows(profile), notes }
}

export function startTable(starts: Record<string, Start[]>, { megabytesAfter }: LoadResult): Table {
  const rows = Object.entries(starts).map(([name, all]) => {
    const milliseconds = median(all.map((start) => start.milliseconds))
    const megabytes = median(all.map((start) => start.megabytes))
    const met = milliseconds <= target.startMilliseconds && megabytes <= target.megabytes
    return [
      labelOf(name),
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
    'Redis runs already when oidc-provider starts, and is in neither of its figures.',
  ]
  return { title: 'Start', columns, rows, notes }
}

function loadRows(series: Series): string[][] {
  const { Countersign: ours = [] } = series
  return Object.entries(series).map(([name, rounds]) => loadRow(labelOf(name), rounds, ours))
}

/** The ratio is that of each round, so that what slowed both of them down does not count. */
function loadRow(label: string, rounds: RoundResult[], ours: RoundResult[]): string[] {
  const ratio = median(rounds.map((one, round) => totalOf(one) / totalOf(ours[round])))
  const database = rounds.flatMap(({ databaseCpu }) => databaseCpu ?? [])
  const beside = database.length === 0 ? '' : ` + ${median(database).toFixed(0)}`
  return [
    label,
    cpuOf(rounds).toFixed(0) + beside,
    digits(ratio),
    median(rounds.map(({ perSecond }) => perSecond)).toFixed(0),
  ]
}

function totalOf(round: RoundResult | undefined): number {
  return round === undefined ? Number.NaN : round.cpu + (round.databaseCpu ?? 0)
}

function cpuOf(rounds: RoundResult[]): number {
  return median(rounds.map(({ cpu }) => cpu))
}

function explained(name: string, explanations: Record<string, string>): string {
  return `${labelOf(name)}: ${explanations[name] ?? ''}`
}

function verdict(value: number, limit: number): string {
  return value <= limit ? 'met' : 'missed'
}
