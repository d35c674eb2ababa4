// Puts every server through the race, the replay and the theft. Nothing here is a matter of speed.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Session } from '../contender.ts'
import { compared } from '../contenders/compared.ts'
import { countersign, countersignRotating, holdTime, leeway } from '../contenders/countersign.ts'
import { openSessions, type Subject, startSubject, stopSubject } from '../subject.ts'
import { type Arena, openArena, race } from './attempt.ts'
import { type RaceTrial, raceOnce } from './race.ts'
import { type LastOnes, type LostTrial, replayCopy, retryOldToken } from './replay.ts'
import { type Party, refreshInTurn, type TheftTrial } from './theft.ts'

export interface RacePlan {
  /** How often each server is raced, and how often for each kind of replay. */
  trials: number
  thefts: number
  /** Refreshes of owner and thief together. */
  longestTheft: number
}

export interface RaceResult {
  races: RaceTrial[]
  lost: LostTrial[]
  copied: LastOnes[]
  thefts: Record<Party, TheftTrial[]>
}

const beyondLeeway = leeway + 500
const beyondHold = holdTime + 500

/** Returns what became of the sessions of each server, by its name. */
export async function measureRaces(plan: RacePlan, folder: string): Promise<Record<string, RaceResult>> {
  const contenders = compared.map((contender) => (contender === countersign ? countersignRotating : contender))
  const running: Subject[] = []
  try {
    for (const contender of contenders) running.push(await startSubject(contender, folder))
    const arenas = await Promise.all(running.map(openArena))
    const raced = await measureRaced(arenas, plan)
    console.error('Thefts.')
    const thefts = await Promise.all(arenas.map((arena) => measureThefts(arena, plan)))
    for (const { client } of arenas) client.close()
    return Object.fromEntries(
      arenas.map(({ subject: { name } }, index) => [name, joined(raced[index], thefts[index])] as const),
    )
  } finally {
    await Promise.all(running.map(stopSubject))
  }
}

type Raced = Omit<RaceResult, 'thefts'>

/** What is left of the races of one server: the sessions whose old tokens will come back. */
interface Aftermath {
  races: RaceTrial[]
  lost: Session[]
  /** With the answer that arrived last. */
  copied: { session: Session; kept: Session | undefined }[]
}

/** Opens all sessions, waits until a refresh of theirs is a rotation, and races one server after the other. */
async function measureRaced(arenas: Arena[], { trials }: RacePlan): Promise<Raced[]> {
  const opened: { arena: Arena; sessions: Session[] }[] = []
  for (const arena of arenas) opened.push({ arena, sessions: await openSessions(arena.subject, 3 * trials) })
  await sleep(beyondHold)
  const raced: { arena: Arena; aftermath: Aftermath }[] = []
  for (const { arena, sessions } of opened) {
    console.error(`Races of ${arena.subject.name}.`)
    raced.push({ arena, aftermath: await raceEach(arena, sessions, trials) })
  }
  await sleep(beyondLeeway)
  return Promise.all(
    raced.map(async ({ arena, aftermath: { races, lost, copied } }) => ({
      races,
      lost: await Promise.all(lost.map((session) => retryOldToken(arena, session))),
      copied: await Promise.all(copied.map((copy) => replayCopy(arena, copy, beyondHold))),
    })),
  )
}

async function raceEach(arena: Arena, sessions: Session[], trials: number): Promise<Aftermath> {
  const aftermath: Aftermath = { races: [], lost: sessions.slice(trials, 2 * trials), copied: [] }
  for (const session of sessions.slice(0, trials)) aftermath.races.push(await raceOnce(arena, session))
  for (const session of aftermath.lost) await race(arena, session)
  for (const session of sessions.slice(2 * trials))
    aftermath.copied.push({ session, kept: (await race(arena, session)).at(-1) })
  return aftermath
}

async function measureThefts(arena: Arena, { thefts, longestTheft }: RacePlan): Promise<RaceResult['thefts']> {
  const sessions = await openSessions(arena.subject, 2 * thefts)
  const play = (first: Party, own: Session[]) =>
    Promise.all(
      own.map((session) => refreshInTurn(arena, session, { first, pause: beyondHold, longest: longestTheft })),
    )
  const [owner, thief] = await Promise.all([
    play('owner', sessions.slice(0, thefts)),
    play('thief', sessions.slice(thefts)),
  ])
  return { owner, thief }
}

function joined(raced: Raced | undefined, thefts: RaceResult['thefts'] | undefined): RaceResult {
  if (raced === undefined || thefts === undefined) throw new Error('A server was not raced.')
  return { ...raced, thefts }
}
