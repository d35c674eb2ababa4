/**
 * A model checker for the refresh-token state machine: it runs `move` of sessions/rotation.ts, or a mutant of it, against everyone who
 * may present a token. Time goes by in ticks, of which the leeway and the hold are a few; a state is kept by how long ago it was
 * served and began, so that the same situation at another time is the same state.
 */
import {
  firstGeneration,
  type move as moveOf,
  type PresentedToken,
  type RotationState,
} from '../../sessions/rotation.ts'

export type MoveFunction = typeof moveOf

/** Limits of a model, in ticks. `timeout` is the longest life of one request and its answer. */
export interface ModelLimits {
  readonly leeway: number
  readonly timeout: number
  readonly hold: number
}

/** What became of a presented token: the successor to keep, if one was given. */
interface Presented {
  readonly session: ModelSession
  readonly token: PresentedToken | undefined
  readonly outcome: string
}

/** A session of the model; times are ages in ticks. */
interface ModelSession {
  readonly state: RotationState
  readonly revoked: boolean
}

/** A session that a login has just opened, long enough ago that its token may rotate at once. */
function openedLongAgo({ leeway, hold }: ModelLimits): ModelSession {
  return { state: { ...firstGeneration(0), lastServedAt: -leeway, generationStartedAt: -hold }, revoked: false }
}

function present(move: MoveFunction, limits: ModelLimits, session: ModelSession, token: PresentedToken): Presented {
  if (session.revoked) return { session, token: undefined, outcome: 'over' }
  const moved = move(session.state, token, 0, limits)
  if (moved.outcome === 'reused') return { session: { ...session, revoked: true }, token: undefined, outcome: 'reused' }
  if (moved.outcome === 'ahead') return { session, token: undefined, outcome: 'ahead' }
  const { gen, att } = moved.state
  const successor = moved.successor ? { gen, att } : undefined
  return { session: { ...session, state: moved.state }, token: successor, outcome: moved.outcome }
}

/** Lets time go by; past the limits more time makes no difference. */
function age({ state, revoked }: ModelSession, { leeway, hold }: ModelLimits, ticks: number): ModelSession {
  const lastServedAt = Math.max(state.lastServedAt - ticks, -leeway)
  return {
    state: { ...state, lastServedAt, generationStartedAt: Math.max(state.generationStartedAt - ticks, -hold) },
    revoked,
  }
}

/** A message on its way: a request that brings a token, or an answer that does. */
interface Message {
  readonly age: number
  readonly kind: 'request' | 'answer'
  readonly token: PresentedToken
}

interface World {
  readonly session: ModelSession
  /** The token in the jar, and the one that a crash brings back. */
  readonly jar: PresentedToken
  readonly before: PresentedToken
  readonly flying: readonly Message[]
  readonly crashes: number
}

/** What an exploration found. */
export interface Exploration {
  readonly states: number
  /** How an honest user was taken for a thief, state by state, or `undefined`. */
  readonly falseTheft: readonly string[] | undefined
}

/**
 * Explores every interleaving of three messages in flight from one jar, over a network that loses, delays and reorders, with two
 * crashes that bring the token before back.
 */
export function exploreHonestUser(move: MoveFunction, limits: ModelLimits): Exploration {
  const first = { gen: 1, att: 0 }
  const start: World = { session: openedLongAgo(limits), jar: first, before: first, flying: [], crashes: 2 }
  const seen = new Set([keyOf(start)])
  const worlds: World[] = [start]
  const parents = [-1]
  for (let i = 0; i < worlds.length; i++) {
    const world = worlds[i] as World
    const { gen, att } = world.session.state
    if (gen > 3 || att > 3) continue
    for (const next of stepsFrom(world, move, limits)) {
      const key = keyOf(next)
      if (seen.has(key)) continue
      seen.add(key)
      worlds.push(next)
      parents.push(i)
      if (next.session.revoked) return { states: i, falseTheft: traceTo(worlds, parents) }
    }
  }
  return { states: worlds.length, falseTheft: undefined }
}

function* stepsFrom(world: World, move: MoveFunction, limits: ModelLimits): Generator<World> {
  const { session, jar, before, flying, crashes } = world
  if (flying.length < 3) yield { ...world, flying: sorted([...flying, { age: 0, kind: 'request', token: jar }]) }
  for (const [i, message] of flying.entries()) {
    if (i > 0 && pack(message) === pack(flying[i - 1] as Message)) continue
    const rest = flying.filter((_, j) => j !== i)
    yield { ...world, flying: rest }
    if (message.kind === 'answer') {
      yield { ...world, jar: message.token, before: jar, flying: rest }
    } else {
      const { session: moved, token } = present(move, limits, session, message.token)
      const answer: Message[] = token ? [{ age: message.age, kind: 'answer', token }] : []
      yield { ...world, session: moved, flying: sorted([...rest, ...answer]) }
    }
  }
  const older = flying.filter((message) => message.age < limits.timeout).map((one) => ({ ...one, age: one.age + 1 }))
  yield { ...world, session: age(session, limits, 1), flying: sorted(older) }
  const differs = before.gen !== jar.gen || before.att !== jar.att
  if (crashes > 0 && flying.length === 0 && differs && before.gen >= session.state.gen - 1)
    yield { ...world, jar: before, crashes: crashes - 1 }
}

/** A token of a model has small numbers. */
const packToken = ({ gen, att }: PresentedToken): number => gen * 8 + att
const pack = ({ age: old, kind, token }: Message): number =>
  old * 256 + (kind === 'request' ? 0 : 128) + packToken(token)
const sorted = (messages: Message[]): readonly Message[] =>
  messages.length < 2 ? messages : messages.sort((a, b) => pack(a) - pack(b))

function keyOf({ session, jar, before, flying, crashes }: World): string {
  const { gen, att, prevAtt, lastServedAt, generationStartedAt, confirmed, back } = session.state
  const flags = Number(confirmed) + Number(session.revoked) * 2 + back * 4 + crashes * 16
  const state = [packToken({ gen, att }) * 8 + prevAtt, -lastServedAt * 64 - generationStartedAt, flags]
  return String.fromCharCode(...state, packToken(jar) * 128 + packToken(before), ...flying.map(pack))
}

/** Tells in words how the last world came about. */
function traceTo(worlds: readonly World[], parents: readonly number[]): string[] {
  const steps: string[] = []
  for (let i = worlds.length - 1; i >= 0; i = parents[i] as number) {
    const { session, jar, flying } = worlds[i] as World
    const { gen, att } = session.state
    const messages = flying.map(({ kind, token }) => `${kind} ${token.gen}.${token.att}`).join(', ')
    steps.unshift(`${session.revoked ? 'THEFT' : `${gen}.${att}`}, jar ${jar.gen}.${jar.att}, in flight: ${messages}`)
  }
  return steps
}

/** What became of every way in which an owner and a thief with a copy can take turns. */
export interface Alternations {
  readonly total: number
  readonly undetected: number
  /** The most changes of turn before the theft was found. */
  readonly worst: number
}

/** Lets owner and thief refresh in every order of nine turns, each turn further apart than the hold. */
export function alternate(move: MoveFunction, limits: ModelLimits, turns = 9): Alternations {
  let [total, undetected, worst] = [0, 0, 0]
  for (let order = 0; order < 2 ** turns; order++) {
    const who = Array.from({ length: turns }, (_, i) => (order >> i) & 1)
    const changes = who.map((one, i) => Number(i > 0 && one !== who[i - 1]))
    if (sum(changes) < 2) continue
    total++
    const found = turnOfDetection(move, limits, who)
    if (found === undefined) undetected++
    else worst = Math.max(worst, sum(changes.slice(0, found + 1)))
  }
  return { total, undetected, worst }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)

function turnOfDetection(move: MoveFunction, limits: ModelLimits, who: readonly number[]): number | undefined {
  let session = openedLongAgo(limits)
  const held: PresentedToken[] = [
    { gen: 1, att: 0 },
    { gen: 1, att: 0 },
  ]
  for (const [turn, one] of who.entries()) {
    const presented = present(move, limits, session, held[one] as PresentedToken)
    if (presented.outcome === 'reused') return turn
    held[one] = presented.token ?? (held[one] as PresentedToken)
    session = age(presented.session, limits, limits.hold)
  }
  return undefined
}

/** Which token a thief sends over and over: the last one it was given, the one before that, or the copied one. */
export type Polled = 'current' | 'parent' | 'first'

/**
 * Lets a thief poll while the owner refreshes every 28 to 36 ticks, for a week of 5,760 ticks a day.
 * @returns the owner's refreshes until the theft was found; infinite if it never was
 */
export function poll(
  move: MoveFunction,
  limits: ModelLimits,
  { every, uses, random }: { readonly every: number; readonly uses: Polled; readonly random: () => number },
): number {
  const pause = () => 28 + Math.floor(random() * 9)
  let session = openedLongAgo(limits)
  const copied: PresentedToken = { gen: 1, att: 0 }
  const held = { owner: copied, thief: copied }
  let refreshes = 0

  function send(who: 'owner' | 'thief', token: PresentedToken): boolean {
    const presented = present(move, limits, session, token)
    session = presented.session
    held[who] = presented.token ?? held[who]
    return presented.outcome === 'reused'
  }

  send('thief', copied)
  let nextOwner = pause()
  for (let tick = 1; tick <= 7 * 5760; tick++) {
    session = age(session, limits, 1)
    const current = held.thief
    const parent = { gen: current.gen - 1, att: current.gen === session.state.gen ? session.state.prevAtt : 0 }
    if (tick % every === 0 && send('thief', { current, parent, first: copied }[uses])) return refreshes
    if (tick < nextOwner) continue
    refreshes++
    if (send('owner', held.owner)) return refreshes
    nextOwner = tick + pause()
  }
  return Number.POSITIVE_INFINITY
}

/** A token that was in the jar, and how long ago it was replaced. */
interface Kept {
  readonly token: PresentedToken
  readonly age: number
}

/**
 * Lets one tab refresh five times with every pause between, its jar reaching the disk up to half a hold late, and cuts the power:
 * what comes back is any token that was replaced in that time.
 * @returns the pauses after which the next refresh was taken for theft, or `undefined`
 */
export function crashWithLateDisk(move: MoveFunction, limits: ModelLimits): readonly number[] | undefined {
  const late = limits.hold / 2

  function go(session: ModelSession, jar: readonly Kept[], pauses: readonly number[]): readonly number[] | undefined {
    for (const { token } of jar) if (present(move, limits, session, token).outcome === 'reused') return pauses
    if (pauses.length === 5) return undefined
    const current = jar[0]?.token as PresentedToken
    const { session: moved, token = current } = present(move, limits, session, current)
    const kept = token === current ? jar : [{ token, age: 0 }, ...jar]
    for (const pause of [0, 1, limits.leeway, late - 1, limits.hold]) {
      const older = kept
        .map((one, i) => (i === 0 ? one : { ...one, age: one.age + pause }))
        .filter((one) => one.age < late)
      const found = go(age(moved, limits, pause), older, [...pauses, pause])
      if (found !== undefined) return found
    }
    return undefined
  }

  return go(openedLongAgo(limits), [{ token: { gen: 1, att: 0 }, age: 0 }], [])
}
