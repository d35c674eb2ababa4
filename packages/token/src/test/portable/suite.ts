import type { Case } from './case.ts'
import { listCorpusCases } from './corpus-cases.ts'
import type { Fixtures } from './fixtures.ts'

/** Lists every portable test. */
export function listCases(fixtures: Fixtures): readonly Case[] {
  return [...listCorpusCases(fixtures)]
}
