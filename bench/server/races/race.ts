// Ten refreshes at once with one token, as the tabs of one honest user send them.
import type { Session } from '../contender.ts'
import { type Arena, attempt, race } from './attempt.ts'

export interface RaceTrial {
  /** How many of the ten were answered with tokens. */
  answered: number
  /** Whether the last answer has another refresh token than the one that was sent. */
  replaced: boolean
  /** How many refresh tokens out of these answers can still be used, each tried once. */
  live: number
  /** Whether the token of the answer that arrived last, which is the one that a browser keeps, can be used. */
  signedIn: boolean
}

/** Races with `session`, which is due for a rotation. */
export async function raceOnce(arena: Arena, session: Session): Promise<RaceTrial> {
  const answers = await race(arena, session)
  const newestFirst = new Map(answers.toReversed().map((answer) => [answer.refreshToken, answer]))
  const served: boolean[] = []
  for (const answer of newestFirst.values()) served.push((await attempt(arena, answer)) !== undefined)
  return {
    answered: answers.length,
    replaced: answers.length > 0 && answers.at(-1)?.refreshToken !== session.refreshToken,
    live: served.filter(Boolean).length,
    signedIn: served[0] ?? false,
  }
}
