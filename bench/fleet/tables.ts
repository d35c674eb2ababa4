// Says what was measured of installations, and how it stands to the targets.
import { digits, type Table } from '../report.ts'
import { median } from '../statistics.ts'
import type { Cost } from './cost.ts'
import { type FleetResult, type Operation, operations } from './measure.ts'

interface Target {
  /** CPU microseconds of the servers. */
  readonly servers: number
  /** The same of PostgreSQL. */
  readonly postgres?: number
}

const targets: Partial<Record<Operation, Target>> = {
  'refresh, held': { servers: 500, postgres: 400 },
  'refresh, rotation': { servers: 500, postgres: 400 },
  'session check': { servers: 200 },
  introspection: { servers: 200 },
}

const explained: Record<Operation, string> = {
  login: 'Argon2id (19 MiB, 2 passes) is nearly all of it.',
  'refresh, held': 'Within the hold: the same refresh token again, a new access token (ES256), a durable commit.',
  'refresh, rotation':
    'A new refresh token and a new access token, a durable commit. Each session once a round; each answer has to hold another token.',
  'session check': 'GET /api/users/profile by the token of a server-side session: session and user looked up.',
  profile:
    'GET /api/users/profile by an access token: session and user looked up. The tokens come again and again, so that their signatures are verified once.',
  introspection:
    'The client authenticated, revocations and session looked up. The tokens come again and again, so that their signatures are verified once.',
  'JWK Set': 'The keys are in memory; whether they are still the present ones is asked of the database.',
}

/** Makes a table of each operation. */
export function fleetTables(result: FleetResult, circumstances: readonly string[]): Table[] {
  const tables = operations.map((operation) => operationTable(operation, result[operation]))
  const [first, ...others] = tables
  return first === undefined ? [] : [{ ...first, notes: [...first.notes, ...circumstances] }, ...others]
}

function operationTable(operation: Operation, rounds: Record<string, Cost[]>): Table {
  const target = targets[operation]
  const names = Object.entries(target ?? {}).map(([part, limit]) => `${part} ${limit}`)
  const columns = [operation, 'servers, CPU µs', 'PostgreSQL, CPU µs', 'Redis, CPU µs', 'per second']
  return {
    title: operation[0]?.toUpperCase() + operation.slice(1),
    columns: target === undefined ? columns : [...columns, `target ${names.join(' + ')} µs`],
    rows: Object.entries(rounds).map(([name, costs]) => {
      const cells = [name, ...medians(costs).map((value) => (value === undefined ? '' : digits(value)))]
      return target === undefined ? cells : [...cells, verdict(costs, target)]
    }),
    notes: [explained[operation]],
  }
}

function medians(costs: readonly Cost[]): (number | undefined)[] {
  const middle = (part: keyof Cost): number | undefined => {
    const values = costs.flatMap((cost) => cost[part] ?? [])
    return values.length === 0 ? undefined : median(values)
  }
  return [middle('servers'), middle('postgres'), middle('redis'), middle('perSecond')]
}

function verdict(costs: readonly Cost[], target: Target): string {
  const [servers = 0, postgres = 0] = medians(costs)
  const isMet = servers <= target.servers && postgres <= (target.postgres ?? Number.POSITIVE_INFINITY)
  return isMet ? 'met' : 'missed'
}
