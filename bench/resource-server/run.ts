// Measures middleware that protects an API side by side. Started by scripts/bench.ts, which has installed and built what it needs.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stopWithCommands } from '../../scripts/run-command.ts'
import { publish } from '../report.ts'
import { observeBehaviour } from './behaviour.ts'
import { faultTable, knownKeyTable, newKeyTable } from './behaviour-tables.ts'
import { measureCost } from './cost.ts'
import { type Costs, newTokenTable, sameTokenTable } from './cost-tables.ts'

const isQuick = process.argv.includes('--quick')
const plan = isQuick ? { warmUps: 4, rounds: 3, slice: 120 } : { warmUps: 16, rounds: 15, slice: 250 }

stopWithCommands()
const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

const costs: Costs = {
  RS256: await measureCost('RS256', plan, folder),
  ES256: await measureCost('ES256', plan, folder),
  EdDSA: await measureCost('EdDSA', plan, folder),
}
const behaviour = await observeBehaviour(folder)
const tables = [
  newTokenTable(costs),
  sameTokenTable(costs),
  newKeyTable(behaviour),
  knownKeyTable(behaviour),
  faultTable(behaviour),
]
publish(
  { part: 'resource-server', title: 'Protection of an API side by side', tables, measurements: { costs, behaviour } },
  { keep: !isQuick },
)
process.exit()
