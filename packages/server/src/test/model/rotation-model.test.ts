// That no honest user is taken for a thief, that every thief is found, and that no rule can be weakened without one of the two failing.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { move } from '../../sessions/rotation.ts'
import {
  alternate,
  crashWithLateDisk,
  exploreHonestUser,
  type MoveFunction,
  type Polled,
  poll,
} from './rotation-model.ts'
import { mutate, mutations } from './rotation-mutants.ts'

const small = { leeway: 3, timeout: 1, hold: 6 }
const wide = { leeway: 3, timeout: 1, hold: 12 }
const slow = { leeway: 5, timeout: 2, hold: 10 }
const rates = [1, 2, 4, 20, 60]

/** A seeded generator (mulberry32), so that a failure can be seen again. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The owner's refreshes until each of several thieves was found, at every rate. */
function pollAll(machine: MoveFunction, uses: Polled, thieves: number): number[] {
  return rates.flatMap((every) =>
    Array.from({ length: thieves }, (_, seed) => poll(machine, wide, { every, uses, random: seeded(seed + 1) })),
  )
}

/** Why a machine is not good enough. */
function faultsOf(machine: MoveFunction): string[] {
  const faults: string[] = []
  if (exploreHonestUser(machine, small).falseTheft) faults.push('an honest user is taken for a thief')
  const { undetected, worst } = alternate(machine, small)
  if (undetected > 0 || worst > 2) faults.push('a thief who takes turns is not found within two')
  for (const uses of ['first', 'parent', 'current'] as const)
    if (!pollAll(machine, uses, 5).every((refreshes) => refreshes <= 6))
      faults.push(`a thief who polls the ${uses} token is not found within six refreshes`)
  if (crashWithLateDisk(machine, wide) !== undefined) faults.push('a power cut signs an honest user out')
  return faults
}

describe('the refresh-token state machine, in every interleaving', () => {
  for (const limits of [small, wide, slow])
    test(`takes no honest user for a thief: leeway ${limits.leeway}, time-out ${limits.timeout}, hold ${limits.hold} ticks`, (t) => {
      const { states, falseTheft } = exploreHonestUser(move, limits)
      assert.deepEqual(falseTheft, undefined)
      assert.ok(states > 100_000, `${states} states`)
      t.diagnostic(`${states} states`)
    })

  test('takes an honest user for a thief when the leeway is not above twice the time-out, so such a setting is refused', () => {
    const { falseTheft } = exploreHonestUser(move, { leeway: 3, timeout: 2, hold: 6 })
    assert.match(falseTheft?.at(-1) ?? '', /^THEFT/)
  })

  test('finds a thief who takes turns with the owner within two changes of turn, in each of 494 orders', () => {
    for (const limits of [small, wide, slow])
      assert.deepEqual(alternate(move, limits), { total: 494, undetected: 0, worst: 2 })
  })

  for (const uses of ['current', 'parent', 'first'] as const)
    test(`finds a thief who polls with the ${uses} token within six refreshes of the owner, at any rate`, () => {
      const refreshes = pollAll(move, uses, 20)
      assert.ok(Math.max(...refreshes) <= 6, refreshes.join())
    })

  test('takes nobody for a thief whose jar reached the disk half a hold late, and whose power was cut', () => {
    for (const limits of [small, wide, slow]) assert.equal(crashWithLateDisk(move, limits), undefined)
  })
})

describe('the model notices', () => {
  for (const mutation of mutations)
    test(`that ${mutation.title}`, async (t) => {
      const faults = faultsOf(await mutate(mutation))
      assert.notDeepEqual(faults, [])
      t.diagnostic(faults.join('; '))
    })

  test('nothing where no rule is weakened', () => assert.deepEqual(faultsOf(move), []))
})
