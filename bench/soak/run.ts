// Loads a server for minutes and watches its memory: `--minutes=60` for an hour, of each of two servers, one after the other. Started by
// scripts/bench.ts, which has installed and built what it needs.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stopWithCommands } from '../../scripts/run-command.ts'
import { type Plan, startInstallation } from '../fleet/installation.ts'
import { startPostgres } from '../postgres/cluster.ts'
import { publish } from '../report.ts'
import { type SoakResult, soak } from './measure.ts'
import { answerTable, delayTable, memoryTable } from './tables.ts'

const isQuick = process.argv.includes('--quick')
const minutes = Number(/--minutes=(\d+)/.exec(process.argv.join(' '))?.[1] ?? 5)
const plan = isQuick
  ? { warmUp: 6, duration: 20, sampleEvery: 1 }
  : { warmUp: 180, duration: minutes * 60, sampleEvery: 5 }

stopWithCommands()
const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

const postgres = await startPostgres()
const shared = { servers: 1, isObserved: true, accounts: 64, connections: 64 }
const plans: Plan[] = [
  { ...shared, name: 'SQLite' },
  { ...shared, name: 'PostgreSQL', postgres },
]
const results: Record<string, SoakResult> = {}
for (const one of plans) {
  console.error(`${one.name}: ${Math.round((plan.warmUp + plan.duration) / 60)} minutes.`)
  const installation = await startInstallation(one, folder)
  results[one.name] = await soak(installation, plan)
  await installation.stop()
}
await postgres.stop()
const tables = [memoryTable(results, plan), answerTable(results), delayTable(results)]
const measurements = Object.entries(results).map(([name, { times, ...measured }]) => ({ name, ...measured }))
publish({ part: 'soak', title: 'Under a mixed load', tables, measurements }, { keep: !isQuick })
process.exit()
