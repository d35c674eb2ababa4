// Measures installations of one server and of several. Started by scripts/bench.ts, which has installed and built what it needs.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stopWithCommands } from '../../scripts/run-command.ts'
import { startPostgres } from '../postgres/cluster.ts'
import { publish } from '../report.ts'
import { type Installation, type Plan, startInstallation } from './installation.ts'
import { measureFleet } from './measure.ts'
import { fleetTables } from './tables.ts'

const isQuick = process.argv.includes('--quick')
const plan = isQuick
  ? { rounds: 2, requests: 200, logins: 24, rotations: 80 }
  : { rounds: 7, requests: 800, logins: 48, rotations: 400 }

stopWithCommands()
const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

const postgres = await startPostgres()
const plans: Plan[] = [
  { name: 'SQLite, 1 server', servers: 1 },
  { name: 'PostgreSQL, 1 server', servers: 1, postgres },
  { name: 'PostgreSQL, 2 servers', servers: 2, postgres },
  { name: 'PostgreSQL, 3 servers', servers: 3, postgres },
  { name: 'PostgreSQL, 3 servers, Redis', servers: 3, postgres, hasRedis: true },
]
const installations: Installation[] = []
for (const one of plans) installations.push(await startInstallation(one, folder))
const circumstances = [
  await postgres.describe(),
  'CPU is user and system time per operation, of all servers together and of all processes of PostgreSQL together: it is what carries over to another machine. Those that do its work in the background are among them; what the kernel does for the disk is not.',
  'Requests per second are no measure of what more servers bring: all of them, PostgreSQL and the client share the processors of this machine.',
  'Each server is asked over 8 connections that stay open. Every answer was looked at: a wrong one ends the bench.',
]
const result = await measureFleet(installations, plan)
await Promise.all(installations.map((one) => one.stop()))
await postgres.stop()
publish(
  { part: 'fleet', title: 'One server and several', tables: fleetTables(result, circumstances), measurements: result },
  { keep: !isQuick },
)
process.exit()
