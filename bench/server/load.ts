// Puts the running servers through their rounds, in turn.
import { inTurn } from '../statistics.ts'
import { compared } from './contenders/compared.ts'
import { countersignRotating, holdTime } from './contenders/countersign.ts'
import { readProcessUse } from './process-use.ts'
import type { RoundResult } from './round.ts'
import {
  loginRound,
  openSessions,
  profileRound,
  refreshRound,
  rotationRound,
  type Subject,
  sessionCheckRound,
  startSubject,
  stopSubject,
  waitSince,
} from './subject.ts'

export interface LoadPlan {
  rounds: number
  /** Refreshes in a round, and profiles, and session checks. */
  requests: number
  logins: number
  /** Sessions that are rotated in each round. */
  rotations: number
}

/** What each round measured, by the name of the server. */
export type Series = Record<string, RoundResult[]>

export interface LoadResult {
  refresh: Series
  /** Countersign only: the refresh that replaces the token. */
  rotation: RoundResult[]
  sessionCheck: Series
  login: Series
  profile: Series
  megabytesAfter: Record<string, number>
}

/** Measures refresh, session check, profile and login of each server that has them. */
export async function measureLoad(plan: LoadPlan, folder: string): Promise<LoadResult> {
  const running: Subject[] = []
  try {
    for (const contender of compared) running.push(await startSubject(contender, folder))
    const subjects = [...running]
    const rotating = await startSubject(countersignRotating, folder)
    running.push(rotating)
    for (const subject of running) await warmUp(subject, plan.requests)
    return await measureRounds(subjects, rotating, plan)
  } finally {
    await Promise.all(running.map(stopSubject))
  }
}

async function warmUp(subject: Subject, requests: number): Promise<void> {
  await refreshRound(subject, requests)
  await profileRound(subject, requests)
  const { serverSession } = subject.contender.requests
  if (serverSession !== undefined) await sessionCheckRound(subject, serverSession, requests)
}

async function measureRounds(subjects: Subject[], rotating: Subject, plan: LoadPlan): Promise<LoadResult> {
  const result: LoadResult = { refresh: {}, rotation: [], sessionCheck: {}, login: {}, profile: {}, megabytesAfter: {} }
  const sessions = await openSessions(rotating, plan.rotations)
  let rotatedAt = performance.now()
  for (let round = 0; round < plan.rounds; round++) {
    console.error(`Round ${round + 1} of ${plan.rounds}.`)
    for (const subject of inTurn(subjects, round)) await measureSubject(subject, plan, result)
    await waitSince(rotatedAt, holdTime + 500)
    result.rotation.push(await rotationRound(rotating, sessions))
    rotatedAt = performance.now()
  }
  for (const { name, server } of subjects) result.megabytesAfter[name] = readProcessUse(server.pid).residentMegabytes
  return result
}

async function measureSubject(subject: Subject, plan: LoadPlan, result: LoadResult): Promise<void> {
  const { name, contender } = subject
  const { serverSession } = contender.requests
  add(result.refresh, name, await refreshRound(subject, plan.requests))
  if (serverSession !== undefined)
    add(result.sessionCheck, name, await sessionCheckRound(subject, serverSession, plan.requests))
  add(result.profile, name, await profileRound(subject, plan.requests))
  if (contender.opensSessionsWithoutPassword !== true) add(result.login, name, await loginRound(subject, plan.logins))
}

function add(series: Series, name: string, result: RoundResult): void {
  series[name] = [...(series[name] ?? []), result]
}
