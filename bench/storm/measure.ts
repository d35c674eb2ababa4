// Storms of logins: more at once than a server can hash, round by round in turn with Argon2id alone.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Cost, measureCost } from '../fleet/cost.ts'
import type { Installation } from '../fleet/installation.ts'
import { checkSession, login, openServerSessions } from '../fleet/operations.ts'
import type { EventLoopDelays } from '../observer/observer.ts'
import { createHttpClient } from '../server/http-client.ts'
import { readPoolTime, readProcessUse } from '../server/process-use.ts'
import { at, inTurn } from '../statistics.ts'
import type { Hasher, Hashing } from './hashing.ts'

export interface StormPlan {
  readonly rounds: number
  /** Logins of a round. */
  readonly logins: number
  readonly hashes: number
}

interface Storm extends Cost {
  /** CPU microseconds of a login on the threads that hash. */
  readonly pool: number
  readonly delays: EventLoopDelays
  /** How long session checks took that came meanwhile, milliseconds. */
  readonly checks: readonly number[]
}

export interface StormResult {
  readonly storms: Record<string, Storm[]>
  readonly alone: Hashing[]
  /** Megabytes of each server: before the first login, after the last, and ten seconds after that. */
  readonly memory: Record<string, { readonly before: number; readonly after: number; readonly rested: number }>
}

/** How long the pause between two session checks is, milliseconds. */
const checkEvery = 50

export async function measureStorms(
  installations: readonly Installation[],
  hasher: Hasher,
  plan: StormPlan,
): Promise<StormResult> {
  const before = installations.map(readMemory)
  const storms: Record<string, Storm[]> = {}
  const alone: Hashing[] = []
  for (let round = 0; round < plan.rounds; round++) {
    console.error(`Storm ${round + 1} of ${plan.rounds}.`)
    for (const subject of inTurn([hasher, ...installations], round)) {
      if ('measure' in subject) alone.push(await subject.measure(plan.hashes))
      else storms[subject.name] = [...(storms[subject.name] ?? []), await measureStorm(subject, plan.logins)]
    }
  }
  const after = installations.map(readMemory)
  await sleep(10_000)
  const memory = installations.map((one, index) => [
    one.name,
    { before: at(before, index), after: at(after, index), rested: readMemory(one) },
  ])
  return { storms, alone, memory: Object.fromEntries(memory) }
}

async function measureStorm(installation: Installation, logins: number): Promise<Storm> {
  const { observer, pid, port } = at(installation.servers, 0)
  if (observer === undefined) throw new Error('A server in a storm has to be observed.')
  const tokens = await openServerSessions(installation, 1)
  const checks: number[] = []
  // On a connection of its own, which no login keeps busy.
  const checker = createHttpClient(port, 1)
  let isOver = false
  await observer.readDelays()
  const checking = (async () => {
    while (!isOver) {
      const started = performance.now()
      await checkSession({ ...installation, client: () => checker }, tokens, 0)
      checks.push(performance.now() - started)
      await sleep(checkEvery)
    }
  })()
  const poolBefore = readPoolTime(pid)
  const cost = await measureCost(installation, logins, (index) => login(installation, index))
  const pool = (readPoolTime(pid) - poolBefore) / logins
  const delays = await observer.readDelays()
  isOver = true
  await checking
  checker.close()
  return { ...cost, pool, delays, checks }
}

function readMemory({ servers }: Installation): number {
  return readProcessUse(at(servers, 0).pid).residentMegabytes
}
