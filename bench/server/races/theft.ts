// Two hold the same refresh token, the owner and a thief, and refresh in turn, further apart than the hold.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Session } from '../contender.ts'
import { type Arena, attempt } from './attempt.ts'
import type { LastOnes } from './replay.ts'

export type Party = keyof LastOnes

export interface TheftTrial {
  /** Refreshes after the copy was made, up to the first that was refused; all of them when none was. */
  refreshes: number
  goOn: LastOnes
}

/** Lets owner and thief refresh in turn until one of them is refused, at most `longest` times, then lets the other one try. */
export async function refreshInTurn(
  arena: Arena,
  session: Session,
  { first, pause, longest }: { first: Party; pause: number; longest: number },
): Promise<TheftTrial> {
  const held: Record<Party, Session> = { owner: session, thief: session }
  const second = first === 'owner' ? 'thief' : 'owner'
  for (let refreshes = 1; refreshes <= longest; refreshes++) {
    const [party, other] = refreshes % 2 === 1 ? ([first, second] as const) : ([second, first] as const)
    await sleep(pause)
    const answer = await attempt(arena, held[party])
    if (answer === undefined) {
      const otherGoesOn = (await attempt(arena, held[other])) !== undefined
      return { refreshes, goOn: { owner: false, thief: false, [other]: otherGoesOn } }
    }
    held[party] = answer
  }
  return { refreshes: longest, goOn: { owner: true, thief: true } }
}
