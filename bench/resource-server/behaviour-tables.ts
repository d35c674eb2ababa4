// Says what each API makes of its issuer.
import type { Table } from '../report.ts'
import { type Api, countersign } from './api.ts'
import { type Behaviour, observed } from './behaviour.ts'
import { maxAge } from './issuer.ts'
import {
  faults,
  flood,
  hang,
  type Observation,
  outage,
  patience,
  quietRotations,
  removal,
  rotationUnderStrangers,
  shortCacheAge,
} from './scenarios.ts'
import type { Answer } from './trial.ts'

type Cell = (of: Record<string, Observation>) => string

/** How new keys come in while strangers send what they like. */
export function newKeyTable(behaviour: Behaviour): Table {
  const columns: [title: string, target: string, cell: Cell][] = [
    ['JWK Set requests, 1,000 unknown kids in 5 s', 'at most 4', (seen) => String(seen[flood.name]?.requests)],
    ['slowest answer to them', 'within 3 s', (seen) => `${seen[flood.name]?.slowest?.toFixed(1)} s`],
    ...quietRotations.map((scenario): [string, string, Cell] => [
      `new key accepted, ${scenario.name}`,
      'within 2 s',
      (seen) => accepted(seen[scenario.name]),
    ]),
    ['right after the unknown kids', 'within 2 s', (seen) => accepted(seen[flood.name])],
    ['under 10 unknown kids a second', 'within 2 s', (seen) => accepted(seen[rotationUnderStrangers.name])],
  ]
  return tableOf('New keys and unknown kids', 'new keys', columns, behaviour, [
    'The unknown kids in 5 s, the slowest answer to them and the rotation right after them are one trial, each other column is one of its own, with an API and an issuer that were started for it. Time-outs and cool-downs are those that the library comes with, or that its documentation sets.',
    'A new key is accepted after the first of four tokens a second that gets through, counted from the moment it is in the JWK Set. Whether a key that comes early or late after a fetch has to wait shows in the two quiet columns.',
    'At most one request every 2 s is what the target says of the first column. jwks-rsa allows five in each minute since its start, so what it does after unknown kids depends on when in that minute they come: up to a minute.',
  ])
}

/** What becomes of keys at hand. */
export function knownKeyTable(behaviour: Behaviour): Table {
  const columns: [title: string, target: string, cell: Cell][] = [
    ['JWK Set kept for', '', () => ''],
    ['endpoint away, set still valid', '200', (seen) => statuses(seen[outage.name]?.answers?.slice(0, 3))],
    ['endpoint away, set expired', '200', (seen) => statuses(seen[outage.name]?.answers?.slice(3))],
    [
      'removed key refused after',
      `within ${shortCacheAge} s`,
      (seen) => seconds(seen[removal.name], patience.removedKey),
    ],
    ['endpoint hangs at the first request', '503 within 3 s', (seen) => hanging(seen[hang.name]?.answers?.[0])],
  ]
  const table = tableOf('Keys at hand, and an endpoint in trouble', 'keys at hand', columns, behaviour, [
    `Where it can be told, the JWK Set is kept for ${shortCacheAge} s here instead of its default, so that the bench need not wait longer: the second column says by what. Asked again ${shortCacheAge + 12} s after the fetch.`,
    'A removed key is asked with four times a second, and no other. aws-jwt-verify would drop it when a token with a kid that it does not know makes it fetch; get-jwks goes on with the key that it had, whatever comes.',
  ])
  for (const [index, api] of observed.entries()) (table.rows[index + 1] as string[])[1] = lifetimeOf(api)
  return table
}

/** What comes of something else than a JWK Set. */
export function faultTable(behaviour: Behaviour): Table {
  const columns = faults.map((scenario): [string, string, Cell] => [
    scenario.name,
    '503',
    (seen) => `${statuses(seen[scenario.name]?.answers)}; ${seen[scenario.name]?.requests}`,
  ])
  return tableOf('Something else than a JWK Set at a cold start', 'in its place', columns, behaviour, [
    'The status for ten good tokens, one after the other within some 2 s, and the JWK Set requests that they caused.',
    'garbage is JSON that breaks off; the redirect leads to the true JWK Set on the same host; 5 MB is the true JWK Set with a member of 5 MB beside its keys.',
  ])
}

function tableOf(
  title: string,
  corner: string,
  columns: [title: string, target: string, cell: Cell][],
  behaviour: Behaviour,
  notes: string[],
): Table {
  const target = ['what Countersign asks of itself', ...columns.map(([, wanted]) => wanted)]
  const rows = Object.entries(behaviour).map(([name, seen]) => [name, ...columns.map(([, , cell]) => cell(seen))])
  return { title, columns: [corner, ...columns.map(([name]) => name)], rows: [target, ...rows], notes }
}

function lifetimeOf({ name, cacheAge }: Api): string {
  if (countersign.some((own) => own.name === name)) return `max-age=${maxAge} of the issuer`
  return cacheAge === undefined ? 'no option' : `${cacheAge.option}; default ${cacheAge.default}`
}

function accepted(observation: Observation | undefined): string {
  return seconds(observation, patience.newKey)
}

function seconds(observation: Observation | undefined, longest: number): string {
  return observation?.seconds === undefined ? `> ${longest} s` : `${observation.seconds.toFixed(1)} s`
}

function statuses(answers: Answer[] = []): string {
  return [...new Set(answers.map(({ status }) => status ?? 'no answer'))].join(', ')
}

function hanging(answer: Answer | undefined): string {
  if (answer?.status === undefined) return `> ${patience.hang} s`
  return `${answer.status} after ${answer.seconds.toFixed(1)} s`
}
