/**
 * The refresh-token state machine: what a presented token (gen, att) does to its session. Pure, so that every store runs
 * the same rule inside its transaction and a model checker can run it without one.
 *
 * A session holds one current token (gen, att). In words: the token just replaced goes on working for a moment and gives
 * everyone the same successor; after a lost answer it is re-issued, which kills the lost one; a token two generations
 * old, or a dead attempt, is theft. `gen` counts rotations; `att` counts re-issues within a generation.
 *
 * Not here: the token's text and MAC (refresh-token.ts), and whether the session still lives at all (the store, which
 * asks first; a dead session never moves again).
 *
 * Races this must survive, from one honest cookie jar or storage record: two tabs that refresh at once, a lost answer and
 * its retry, answers that arrive in the wrong order, a crash that brings the previous token back. docs/decisions has why.
 */

/** What a session row remembers about its tokens. All times are epoch milliseconds of the database's clock. */
export interface RotationState {
  readonly gen: number
  readonly att: number
  /** The attempt that was current when this generation began: the parent token is (gen - 1, prevAtt). */
  readonly prevAtt: number
  /** When a refresh token was last handed out. */
  readonly lastServedAt: number
  readonly generationStartedAt: number
  /** Whether the current token has come back, so that its delivery is known. */
  readonly confirmed: boolean
  /** How many times a confirmed generation has been re-issued to its parent. */
  readonly back: number
}

/** Limits of the machine, in milliseconds. */
export interface RotationLimits {
  /** L: how long after a token was served its predecessor is still taken for a retry. Above twice the refresh time-out. */
  readonly leeway: number
  /** H = 4 L: at most one rotation in this time. */
  readonly hold: number
}

/** A refresh token's place in its session. */
export interface PresentedToken {
  readonly gen: number
  readonly att: number
}

/** The outcomes that give the caller a new access token. */
export type Served = 'rotated' | 'held' | 'healed' | 'repeated' | 'reissued'

export type Move =
  /** `successor`: answer with the current refresh token of `state`; otherwise the caller keeps the one it presented. */
  | { readonly outcome: Served; readonly state: RotationState; readonly successor: boolean }
  /** Theft: end the session. */
  | { readonly outcome: 'reused' }
  /** A token this database never issued: it was restored from a backup. Refuse, alert, end nothing. */
  | { readonly outcome: 'ahead' }

/** How many times a confirmed generation may go back to its parent before that is theft. */
const backLimit = 2

/** Decides what a presented refresh token does to a live session (RFC 9700 §4.14.2, with room for lost answers). */
export function move(state: RotationState, presented: PresentedToken, now: number, limits: RotationLimits): Move {
  const { gen, att } = presented
  const fresh = now - state.lastServedAt < limits.leeway
  const young = now - state.generationStartedAt < limits.hold

  function serve(outcome: Served, confirmed: boolean): Move {
    if (!young) return { outcome, state: { ...state, confirmed }, successor: false }
    return { outcome, state: { ...state, confirmed, lastServedAt: now }, successor: true }
  }

  if (gen === state.gen && att === state.att) return fresh || young ? serve('held', true) : rotate(state, now)
  if (gen === state.gen && att < state.att) return fresh ? serve('healed', true) : { outcome: 'reused' }
  if (gen === state.gen - 1) {
    if (fresh) return serve('repeated', state.confirmed)
    if (att > state.prevAtt) return { outcome: 'ahead' }
    if (att < state.prevAtt) return { outcome: 'reused' }
    if (state.confirmed && state.back >= backLimit) return { outcome: 'reused' }
    return reissue(state, now)
  }
  return gen < state.gen ? { outcome: 'reused' } : { outcome: 'ahead' }
}

function rotate(state: RotationState, now: number): Move {
  const next = { gen: state.gen + 1, att: 0, prevAtt: state.att, confirmed: false, back: 0 }
  return { outcome: 'rotated', state: { ...next, lastServedAt: now, generationStartedAt: now }, successor: true }
}

/** The answer to the parent was lost: gives the generation a new attempt, which makes the lost one worthless. */
function reissue(state: RotationState, now: number): Move {
  const next = { ...state, att: state.att + 1, confirmed: false, back: state.back + (state.confirmed ? 1 : 0) }
  return { outcome: 'reissued', state: { ...next, lastServedAt: now, generationStartedAt: now }, successor: true }
}

/** The state in which a login leaves its session: token (1, 0), just served. */
export function firstGeneration(now: number): RotationState {
  return { gen: 1, att: 0, prevAtt: 0, lastServedAt: now, generationStartedAt: now, confirmed: false, back: 0 }
}
