import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { firstGeneration, move, type PresentedToken, type RotationState } from './rotation.ts'

const L = 15_000
const H = 60_000
const limits = { leeway: L, hold: H }
const start: RotationState = {
  ...{ gen: 5, att: 1, prevAtt: 2, confirmed: false, back: 0 },
  lastServedAt: 1_000_000,
  generationStartedAt: 1_000_000,
}

const at = (elapsed: number, token: PresentedToken, state = start) => move(state, token, 1_000_000 + elapsed, limits)
const outcomeAt = (elapsed: number, token: PresentedToken, state = start) => at(elapsed, token, state).outcome

const current = { gen: 5, att: 1 }
const deadAttempt = { gen: 5, att: 0 }
const parent = { gen: 4, att: 2 }
const deadParent = { gen: 4, att: 1 }

describe('the current token', () => {
  test('is held while its generation is young, and known to have arrived', () => {
    const moved = at(H - 1, current)
    const state = { ...start, confirmed: true, lastServedAt: 1_000_000 + H - 1 }
    assert.deepEqual(moved, { outcome: 'held', state, successor: true })
  })

  test('begins a new generation once it is neither fresh nor young', () => {
    const moved = at(H, current)
    const state = {
      gen: 6,
      att: 0,
      prevAtt: 1,
      confirmed: false,
      back: 0,
      lastServedAt: 1_000_000 + H,
      generationStartedAt: 1_000_000 + H,
    }
    assert.deepEqual(moved, { outcome: 'rotated', state, successor: true })
  })

  test('is held without a refresh token while fresh in a generation that is no longer young', () => {
    const served = { ...start, lastServedAt: 1_000_000 + H - 1 }
    assert.deepEqual(at(H, current, served), {
      outcome: 'held',
      state: { ...served, confirmed: true },
      successor: false,
    })
    assert.equal(outcomeAt(H - 1 + L, current, served), 'rotated')
  })
})

describe('a dead attempt of the current generation', () => {
  test('is healed within the leeway', () => {
    assert.deepEqual(at(L - 1, deadAttempt), {
      outcome: 'healed',
      state: { ...start, confirmed: true, lastServedAt: 1_000_000 + L - 1 },
      successor: true,
    })
  })
  test('is theft after it', () => assert.equal(outcomeAt(L, deadAttempt), 'reused'))
})

describe('the parent token', () => {
  test('gets the same successor again within the leeway, confirming nothing', () => {
    assert.deepEqual(at(L - 1, parent), {
      outcome: 'repeated',
      state: { ...start, lastServedAt: 1_000_000 + L - 1 },
      successor: true,
    })
  })

  test('after the leeway gets a new attempt, which kills the lost one', () => {
    const now = 1_000_000 + L
    const state = { ...start, att: 2, lastServedAt: now, generationStartedAt: now }
    assert.deepEqual(at(L, parent), { outcome: 'reissued', state, successor: true })
  })

  test('sends a confirmed generation back at most twice; the third time is theft', () => {
    const confirmed = (back: number) => ({ ...start, confirmed: true, back })
    assert.deepEqual(at(L, parent, confirmed(0)), {
      outcome: 'reissued',
      state: { ...stateOf(L, parent), back: 1 },
      successor: true,
    })
    assert.equal(outcomeAt(L, parent, confirmed(1)), 'reissued')
    assert.equal(outcomeAt(L, parent, confirmed(2)), 'reused')
    assert.equal(outcomeAt(L, parent, { ...start, confirmed: false, back: 2 }), 'reissued')
  })

  test('as a dead attempt is served within the leeway and theft after it', () => {
    assert.equal(outcomeAt(L - 1, deadParent), 'repeated')
    assert.equal(outcomeAt(L, deadParent), 'reused')
  })

  test('of an attempt that never was is refused without theft', () => {
    assert.equal(outcomeAt(L, { gen: 4, att: 3 }), 'ahead')
  })
})

describe('any other token', () => {
  test('two generations old is theft, however soon it comes', () =>
    assert.equal(outcomeAt(0, { gen: 3, att: 0 }), 'reused'))
  test('newer than its session is refused without theft', () => {
    assert.equal(outcomeAt(0, { gen: 6, att: 0 }), 'ahead')
    assert.equal(outcomeAt(0, { gen: 5, att: 2 }), 'ahead')
  })
})

test('a clock that was set back holds the token and signs nobody out', () => {
  assert.equal(outcomeAt(-3_600_000, current), 'held')
  assert.equal(outcomeAt(-3_600_000, parent), 'repeated')
})

test('agrees with the rules as they are written down, for every state and token', () => {
  const small = fc.integer({ min: 0, max: 4 })
  const elapsed = fc.constantFrom(0, 1, L - 1, L, L + 1, H - 1, H, H + 1, 2 * H)
  fc.assert(
    fc.property(
      small,
      small,
      small,
      small,
      small,
      elapsed,
      elapsed,
      fc.boolean(),
      small,
      (gen, att, prevAtt, g, a, served, started, confirmed, back) => {
        const now = 10 * H
        const state = {
          gen,
          att,
          prevAtt,
          lastServedAt: now - served,
          generationStartedAt: now - started,
          confirmed,
          back,
        }
        assert.equal(
          move(state, { gen: g, att: a }, now, limits).outcome,
          ruleFor(state, g, a, served < L, started < H),
        )
      },
    ),
    { numRuns: 20_000, seed: 1 },
  )
})

/** An honest browser: one cookie jar, answers that get lost, come late, twice or out of order, and a jar that a crash rolls back. */
test('an honest user with tabs that do not coordinate is never taken for a thief', () => {
  const T = 7_000
  const step = fc.record({
    kind: fc.constantFrom('send', 'deliver', 'lose', 'wait', 'crash'),
    pick: fc.nat(2),
    time: fc.integer({ min: 0, max: T }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let now = 0
      let state = firstGeneration(now)
      let jar: PresentedToken = { gen: 1, att: 0 }
      let before = jar
      let crashes = 0
      const answers: { token: PresentedToken; sentAt: number }[] = []
      for (const { kind, pick, time } of steps) {
        while (answers[0] && now - answers[0].sentAt > T) answers.shift()
        const answer = answers[pick]
        if (kind === 'wait') now += time * 3
        if (kind === 'send' && answers.length < 3) {
          const moved = move(state, jar, now, limits)
          assert.ok('state' in moved, `theft: ${JSON.stringify({ state, jar, now })}`)
          state = moved.state
          if (moved.successor) answers.push({ token: { gen: state.gen, att: state.att }, sentAt: now })
        }
        if (kind === 'deliver' && answer) [before, jar] = [jar, answer.token]
        if ((kind === 'deliver' || kind === 'lose') && answer) answers.splice(pick, 1)
        if (kind === 'crash' && crashes < 2 && answers.length === 0 && before.gen >= state.gen - 1)
          [jar, crashes] = [before, crashes + 1]
      }
    }),
    { numRuns: 20_000, seed: 2 },
  )
})

function stateOf(elapsed: number, token: PresentedToken): RotationState {
  const moved = at(elapsed, token)
  assert.ok('state' in moved)
  return moved.state
}

/** The table of the design, line by line, in its own order. */
function ruleFor(state: RotationState, g: number, a: number, fresh: boolean, young: boolean): string {
  const { gen, att, prevAtt, confirmed, back } = state
  if (g === gen && a === att) return fresh || young ? 'held' : 'rotated'
  if (g === gen && a < att) return fresh ? 'healed' : 'reused'
  if (g === gen - 1 && (a === prevAtt || fresh)) {
    if (fresh) return 'repeated'
    return confirmed && back >= 2 ? 'reused' : 'reissued'
  }
  if (g === gen - 1 && a < prevAtt) return 'reused'
  if (g < gen - 1) return 'reused'
  return 'ahead'
}
