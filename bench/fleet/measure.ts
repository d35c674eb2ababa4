// Puts installations through their rounds, in turn.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Session } from '../server/contender.ts'
import { inTurn } from '../statistics.ts'
import { type Cost, measureCost } from './cost.ts'
import { holdTime, type Installation } from './installation.ts'
import {
  checkSession,
  hold,
  introspect,
  login,
  openServerSessions,
  openSessions,
  profile,
  readJwkSet,
  rotate,
} from './operations.ts'

export interface FleetPlan {
  readonly rounds: number
  /** Requests of each kind in a round. */
  readonly requests: number
  readonly logins: number
  /** Sessions that are rotated once in each round. */
  readonly rotations: number
}

export const operations = [
  'login',
  'refresh, held',
  'refresh, rotation',
  'session check',
  'profile',
  'introspection',
  'JWK Set',
] as const

export type Operation = (typeof operations)[number]

/** Each round's cost, by operation and by the name of the installation. */
export type FleetResult = Record<Operation, Record<string, Cost[]>>

interface Rotating {
  readonly sessions: Session[]
  rotatedAt: number
}

/** Measures every operation in every installation. */
export async function measureFleet(installations: readonly Installation[], plan: FleetPlan): Promise<FleetResult> {
  const result = Object.fromEntries(operations.map((operation) => [operation, {}])) as FleetResult
  const rotating = new Map<Installation, Rotating>()
  for (const one of installations)
    rotating.set(one, { sessions: await openSessions(one, plan.rotations), rotatedAt: performance.now() })
  for (let round = 0; round < plan.rounds; round++) {
    console.error(`Round ${round + 1} of ${plan.rounds}.`)
    for (const one of inTurn(installations, round)) {
      const measured = await measureRound(one, plan, rotating.get(one) ?? { sessions: [], rotatedAt: 0 })
      for (const operation of operations) {
        const rounds = result[operation]
        rounds[one.name] = [...(rounds[one.name] ?? []), measured[operation]]
      }
    }
  }
  return result
}

async function measureRound(one: Installation, plan: FleetPlan, rotating: Rotating): Promise<Record<Operation, Cost>> {
  const measure = (count: number, operation: (index: number) => Promise<unknown>): Promise<Cost> =>
    measureWarm(one, count, operation)
  // A burst before the first: it makes the connections to PostgreSQL, which are given up after ten seconds without a query.
  const login_ = await measure(plan.logins, (index) => login(one, index))
  const tokens = await openServerSessions(one, one.connections)
  const sessions = await openSessions(one, 4 * one.connections)
  return {
    login: login_,
    'refresh, held': await measure(plan.requests, (index) => hold(one, sessions, index)),
    'refresh, rotation': await measureRotation(one, rotating),
    'session check': await measure(plan.requests, (index) => checkSession(one, tokens, index)),
    profile: await measure(plan.requests, (index) => profile(one, sessions, index)),
    introspection: await measure(plan.requests, (index) => introspect(one, sessions, index)),
    'JWK Set': await measure(plan.requests, (index) => readJwkSet(one, index)),
  }
}

/** Measures after a tenth as many operations that are not measured, or one for each connection. */
async function measureWarm(
  one: Installation,
  count: number,
  operation: (index: number) => Promise<unknown>,
): Promise<Cost> {
  await measureCost(one, Math.max(one.connections, Math.floor(count / 10)), operation)
  return measureCost(one, count, operation)
}

/** Each session is due once; what a held refresh has just warmed is what a rotation runs. */
async function measureRotation(one: Installation, rotating: Rotating): Promise<Cost> {
  await sleep(Math.max(0, rotating.rotatedAt + holdTime + 500 - performance.now()))
  const cost = await measureCost(one, rotating.sessions.length, (index) => rotate(one, rotating.sessions, index))
  rotating.rotatedAt = performance.now()
  return cost
}
