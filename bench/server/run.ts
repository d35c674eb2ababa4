// Measures servers side by side. Started by scripts/bench.ts, which has installed and built what it needs.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stopWithCommands } from '../../scripts/run-command.ts'
import { publish } from '../report.ts'
import { measureLoad } from './load.ts'
import { measureRaces } from './races/measure.ts'
import { copyTable, raceTable, theftTable } from './races/tables.ts'
import { measureStarts } from './start.ts'
import { loginTable, profileTable, refreshTable, sessionCheckTable, startTable } from './tables.ts'

const isQuick = process.argv.includes('--quick')
const plan = isQuick
  ? { starts: 2, rounds: 2, requests: 200, logins: 16, rotations: 80, trials: 3, thefts: 1, longestTheft: 4 }
  : { starts: 7, rounds: 7, requests: 1000, logins: 48, rotations: 480, trials: 20, thefts: 4, longestTheft: 6 }

stopWithCommands()
const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

const starts = await measureStarts(plan.starts, folder)
const load = await measureLoad(plan, folder)
const races = await measureRaces(plan, folder)
const tables = [
  refreshTable(load),
  sessionCheckTable(load),
  profileTable(load),
  loginTable(load),
  startTable(starts, load),
  raceTable(races),
  copyTable(races),
  theftTable(races),
]
publish(
  { part: 'server', title: 'Servers side by side', tables, measurements: { ...load, starts, races } },
  { keep: !isQuick },
)
process.exit()
