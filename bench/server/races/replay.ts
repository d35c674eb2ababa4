// After ten refreshes at once, the token that they were made with comes back: later than the leeway, in which it is taken for a retry.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Session } from '../contender.ts'
import { type Arena, attempt } from './attempt.ts'

export interface LostTrial {
  /** Whether the token was taken once more. */
  answered: boolean
  /** Whether the one who presented it can refresh with what that gave. */
  goesOn: boolean
}

/** Who of owner and thief can still refresh in the end. */
export interface LastOnes {
  owner: boolean
  thief: boolean
}

/** The owner lost all ten answers, as when a laptop is closed, and presents the same token once more. */
export async function retryOldToken(arena: Arena, session: Session): Promise<LostTrial> {
  const again = await attempt(arena, session)
  return { answered: again !== undefined, goesOn: await goesOn(arena, again) }
}

/** The owner has one of the answers, and it is a thief who presents the old token. The owner refreshes after `pause`. */
export async function replayCopy(
  arena: Arena,
  { session, kept }: { session: Session; kept: Session | undefined },
  pause: number,
): Promise<LastOnes> {
  const stolen = await attempt(arena, session)
  await sleep(pause)
  const owner = await goesOn(arena, kept)
  return { owner, thief: await goesOn(arena, stolen) }
}

async function goesOn(arena: Arena, session: Session | undefined): Promise<boolean> {
  return session !== undefined && (await attempt(arena, session)) !== undefined
}
