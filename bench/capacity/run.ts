// Measures what docs/capacity.md reckons with: sizes of rows, the log of PostgreSQL, readers of the feed. Started by scripts/bench.ts, which
// has installed and built what it needs.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stopWithCommands } from '../../scripts/run-command.ts'
import { startInstallation } from '../fleet/installation.ts'
import { openSessions } from '../fleet/operations.ts'
import { startPostgres } from '../postgres/cluster.ts'
import { publish } from '../report.ts'
import { measureFollowing, measureSnapshot } from './feed.ts'
import { fill, readFilledSessions, readTableSizes, shuffleSessions } from './storage.ts'
import { followingTable, snapshotTable, storageTable, walTable } from './tables.ts'
import { measureWal } from './wal.ts'

const isQuick = process.argv.includes('--quick')
const plan = isQuick
  ? { rows: 5000, sessions: 100, logins: 32, revoked: 200, streams: 100, seconds: 3, rates: [20] }
  : { rows: 100_000, sessions: 1000, logins: 200, revoked: 10_000, streams: 1000, seconds: 10, rates: [10, 100] }

stopWithCommands()
const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

const postgres = await startPostgres()
const installation = await startInstallation({ name: 'capacity', servers: 1, postgres }, folder)
const url = installation.databaseUrl ?? ''
const sessions = await openSessions(installation, plan.sessions)
await fill(url, plan.rows)
const sizes = await readTableSizes(url, ['users', 'accounts', 'sessions'])
await shuffleSessions(url)
const wal = await measureWal(installation, url, sessions, plan.logins)
const following = await measureFollowing(installation, url, plan)
const snapshot = await measureSnapshot(installation, url, await readFilledSessions(url, plan.revoked))
sizes.push(...(await readTableSizes(url, ['revocations', 'audit'])))
const settings = await postgres.describe()
await installation.stop()
await postgres.stop()
publish(
  {
    part: 'capacity',
    title: 'What capacity is reckoned with',
    tables: [storageTable(sizes), walTable(wal, settings), followingTable(following), snapshotTable(snapshot)],
    measurements: { sizes, wal, following, snapshot },
  },
  { keep: !isQuick },
)
process.exit()
