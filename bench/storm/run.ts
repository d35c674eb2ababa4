// Measures starts, storms of logins, and the memory after them. Started by scripts/bench.ts, which has installed and built what it needs.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stopWithCommands } from '../../scripts/run-command.ts'
import { startInstallation } from '../fleet/installation.ts'
import { startPostgres } from '../postgres/cluster.ts'
import { publish } from '../report.ts'
import type { Launch } from '../server/contender.ts'
import { countersign } from '../server/contenders/countersign.ts'
import { startLaunches } from '../server/start.ts'
import { startHasher } from './hashing.ts'
import { measureStorms } from './measure.ts'
import { delayTable, loginTable, memoryTable, startTable } from './tables.ts'

const isQuick = process.argv.includes('--quick')
const plan = isQuick ? { rounds: 2, logins: 100, hashes: 50 } : { rounds: 20, logins: 500, hashes: 200 }
/** More than can be hashed at once on a few processors, and less than is refused. */
const connections = 64

stopWithCommands()
const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

const postgres = await startPostgres()
const databaseUrl = await postgres.createDatabase('starts')
const onPostgres: Launch = {
  ...countersign,
  environment: (place) => ({ ...countersign.environment(place), COUNTERSIGN_DATABASE_URL: databaseUrl }),
}
const launches = [
  { ...countersign, name: 'SQLite' },
  { ...onPostgres, name: 'PostgreSQL' },
]
const starts = await startLaunches(launches, isQuick ? 2 : 9, folder)

const shared = { servers: 1, isObserved: true, connections, ...(isQuick && { accounts: connections }) }
const installations = [
  await startInstallation({ ...shared, name: 'SQLite, 1 server' }, folder),
  await startInstallation({ ...shared, name: 'PostgreSQL, 1 server', postgres }, folder),
]
const hasher = await startHasher(folder)
const result = await measureStorms(installations, hasher, plan)
await Promise.all([hasher.stop(), ...installations.map((one) => one.stop())])
const tables = [loginTable(result), delayTable(result, connections), memoryTable(result, plan), startTable(starts)]
await postgres.stop()
publish({ part: 'storm', title: 'Logins', tables, measurements: { ...result, starts } }, { keep: !isQuick })
process.exit()
