// Says what protection costs, and how it stands to the targets.
import { digits, type Table, versionOf } from '../report.ts'
import { connections } from '../server/round.ts'
import { median } from '../statistics.ts'
import type { Algorithm } from './access-tokens.ts'
import {
  type Api,
  bare,
  countersign,
  countersignWithoutCache,
  fastifyJwtWithCache,
  peers,
  signatureOnly,
} from './api.ts'
import type { ApiRound, CostResult } from './cost.ts'

export type Costs = Record<Algorithm, CostResult>
type TokenKind = 'newToken' | 'sameToken'

/** CPU µs that the protection may add: to the signature check, and where the token is in the cache. */
const target = { besidesSignature: 10, cached: 15 }

const frameworks = ['express', 'fastify', 'hono', '@hono/node-server']
  .map((name) => `${name} ${versionOf(name)}`)
  .join(', ')
const method = `CPU µs of the API for a request to its protected route less that for its open route, all threads, median of rounds; ${connections} connections stay open, and both routes are sent the token.`

/** Makes the table for tokens that no API has seen before. */
export function newTokenTable(costs: Costs): Table {
  const loop = [
    'the signature check alone, in a loop',
    ...columnsOf(costs, ({ signature }) => digits(median(signature))),
    '',
  ]
  const judged = [...countersign, ...countersignWithoutCache].map((api) =>
    rowOf(costs, api, 'newToken', (cost) => besidesSignature(cost, api) - target.besidesSignature),
  )
  return {
    title: 'Added cost, each token new',
    columns: ['added cost, each token new', ...Object.keys(costs), `target: signature + ${target.besidesSignature}`],
    rows: [
      loop,
      ...signatureOnly.map((api) => rowOf(costs, api, 'newToken')),
      rowOf(costs, bare, 'newToken'),
      ...judged,
      ...peerRows(costs, 'newToken'),
    ],
    notes: [
      method,
      'In brackets the ratio to Countersign as it comes, on the same framework; a ratio is taken within a round.',
      `${frameworks}. – where the library lacks the algorithm.`,
      'The signature check alone is node:crypto with key and bytes at hand: in a loop, in the process that sends the requests, and in front of the protected route of each framework, behind the reading of the header, where it costs more for what the rest of the server does to the caches of the processor. The target counts from that on node:http; what it costs more on another framework is of that framework and in no hands of ours.',
      'Bare node:crypto on node:http parses header and claims, compares issuer, audience and expiry, and refuses little else.',
    ],
  }
}

/** Makes the table for a token that comes again and again. */
export function sameTokenTable(costs: Costs): Table {
  const judged = countersign.map((api) =>
    rowOf(costs, api, 'sameToken', (cost) => median(added(roundsOf(cost, api), 'sameToken')) - target.cached),
  )
  return {
    title: 'Added cost, the same token again',
    columns: ['added cost, the same token again', ...Object.keys(costs), `target: ${target.cached}`],
    rows: [...judged, ...peerRows(costs, 'sameToken')],
    notes: [
      method,
      'In brackets the ratio of the whole requests, framework and answer included, to Countersign on the same framework: beside next to nothing, any added cost is a multitude.',
      'Countersign remembers verified tokens as it comes. Of the peers only @fastify/jwt can, and does not by default; it goes through get-jwks all the same.',
    ],
  }
}

function peerRows(costs: Costs, kind: TokenKind): string[][] {
  return [...peers, fastifyJwtWithCache].map((api) => rowOf(costs, api, kind))
}

/** Makes the row of one API; the last cell says for which algorithms it misses its target, and by how many µs. */
function rowOf(costs: Costs, api: Api, kind: TokenKind, excess?: (cost: CostResult) => number): string[] {
  const cells = columnsOf(costs, (cost) => cellOf(cost, api, kind))
  if (excess === undefined) return [api.name, ...cells, '']
  const missed = Object.entries(costs).flatMap(([alg, cost]) => {
    const by = excess(cost)
    return by <= 0 ? [] : [`${alg} by ${digits(by)}`]
  })
  return [api.name, ...cells, missed.length === 0 ? 'met' : `missed: ${missed.join(', ')}`]
}

function cellOf(cost: CostResult, api: Api, kind: TokenKind): string {
  const rounds = roundsOf(cost, api)
  if (rounds.length === 0) return '–'
  const ours = roundsOf(
    cost,
    countersign.find(({ framework }) => framework === api.framework),
  )
  const compare = kind === 'newToken' ? added : whole
  const own = compare(rounds, kind)
  const ratio = median(compare(ours, kind).map((ourCost, round) => (own[round] ?? Number.NaN) / ourCost))
  const microseconds = median(added(rounds, kind))
  return `${microseconds < 1 ? '< 1' : digits(microseconds)} (${ratio.toFixed(2)})`
}

function besidesSignature(cost: CostResult, api: Api): number {
  const onNode = signatureOnly.find(({ framework }) => framework === 'node:http')
  const signature = added(roundsOf(cost, onNode), 'newToken')
  return median(added(roundsOf(cost, api), 'newToken').map((all, round) => all - (signature[round] ?? Number.NaN)))
}

function added(rounds: ApiRound[], kind: TokenKind): number[] {
  return rounds.map((round) => round[kind] - round.open)
}

function whole(rounds: ApiRound[], kind: TokenKind): number[] {
  return rounds.map((round) => round[kind])
}

function roundsOf({ apis }: CostResult, api: Api | undefined): ApiRound[] {
  return apis[api?.name ?? ''] ?? []
}

function columnsOf(costs: Costs, cell: (cost: CostResult) => string): string[] {
  return Object.values(costs).map(cell)
}
