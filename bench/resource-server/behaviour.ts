// Runs every scenario on every API, side by side where it can: nothing here is measured that a busy processor would change.
import { join } from 'node:path'
import { type Api, countersign, peers } from './api.ts'
import {
  faults,
  flood,
  hang,
  type Observation,
  outage,
  quietRotations,
  removal,
  rotationUnderStrangers,
  type Scenario,
} from './scenarios.ts'
import { startTrial, type Trial } from './trial.ts'

/** What was seen of each API, by the name of the scenario. */
export type Behaviour = Record<string, Record<string, Observation>>

/** One behaviour serves every framework. */
export const observed: readonly Api[] = [...countersign.slice(0, 1), ...peers]

const groups: readonly Scenario[][] = [
  [flood, ...quietRotations, rotationUnderStrangers, removal],
  [outage, hang],
  faults,
]

/** APIs that are started at once. */
const startsAtOnce = 4

/** Observes every scenario, one group after the other. */
export async function observeBehaviour(folder: string): Promise<Behaviour> {
  const behaviour: Behaviour = Object.fromEntries(observed.map(({ name }) => [name, {}]))
  for (const [index, group] of groups.entries()) {
    console.error(`Behaviour: ${group.map(({ name }) => name).join(', ')}.`)
    await observeGroup(group, join(folder, `behaviour-${index}`), behaviour)
  }
  return behaviour
}

async function observeGroup(group: Scenario[], folder: string, behaviour: Behaviour): Promise<void> {
  const runs = group.flatMap((scenario) => observed.map((api) => ({ scenario, api })))
  const trials: Trial[] = []
  try {
    for (let first = 0; first < runs.length; first += startsAtOnce) {
      const next = runs.slice(first, first + startsAtOnce)
      const starts = next.map(({ api, scenario }, index) =>
        startTrial(api, join(folder, String(first + index)), scenario.cacheAge),
      )
      trials.push(...(await Promise.all(starts)))
    }
    await Promise.all(
      runs.map(async ({ scenario, api }, index) => {
        const observation = await scenario.run(trials[index] as Trial)
        behaviour[api.name] = { ...behaviour[api.name], [scenario.name]: observation }
      }),
    )
  } finally {
    await Promise.all(trials.map((trial) => trial.stop()))
  }
}
