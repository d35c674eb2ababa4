/** Runs the portable tests of /web in a page, which gives the fixtures as text and reads what came of them. */
import * as web from '../../web/web.ts'
import type { Fixtures } from './fixtures.ts'
import { createScene } from './scene.ts'
import { listCases } from './suite.ts'
import { readTagged } from './tagged-json.ts'

export { web }

/** What came of the tests, by their titles. */
export interface Outcome {
  /** The algorithms of the fixtures that this browser has. */
  readonly algorithms: readonly string[]
  readonly passed: readonly string[]
  readonly failed: readonly string[]
}

/** Runs every portable test. */
export async function runPortableTests(fixturesText: string): Promise<Outcome> {
  const fixtures = readTagged(fixturesText) as Fixtures
  const scene = await createScene(web, fixtures)
  const [passed, failed]: [string[], string[]] = [[], []]
  for (const { title, run } of listCases(fixtures)) {
    try {
      await run(scene)
      passed.push(title)
    } catch (error) {
      failed.push(`${title}: ${String(error)}`)
    }
  }
  return { algorithms: scene.keys.map(({ alg }) => alg), passed, failed }
}
