import type { OtherMigration } from '@countersign/server'
import { migrateInstallation, readInstallationStatus } from '@countersign/server/administration'
import { type Command, Option } from 'commander'
import { printResult, showable, type Terminal } from '../terminal.ts'

interface MigrateOptions {
  readonly status?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
}

/** migrate: brings the database to the schema of this version, while servers of the version before go on. */
export function addMigrate(program: Command, terminal: Terminal): void {
  program
    .command('migrate')
    .description('bring a PostgreSQL database to the schema of this version, before its servers are started')
    .addHelpText('before', 'Examples:\n  countersign migrate --status\n  countersign migrate\n')
    .option('--status', 'only tell which steps the database has had and which it lacks')
    .addOption(new Option('--dry-run', 'only tell which steps would be taken').conflicts('status'))
    .option('--json', 'print {"taken": […]}, or {"done": […], "missing": […], "newer": […]}')
    .action((options: MigrateOptions) => (options.status || options.dryRun ? tell : take)(terminal, options))
}

async function take(terminal: Terminal, { json }: MigrateOptions): Promise<void> {
  const taken = await migrateInstallation(terminal.env, { onWait: (other) => terminal.say(describeWait(other)) })
  if (taken.length === 0) sayNewer(terminal, (await readInstallationStatus(terminal.env))?.newer ?? [])
  printResult(terminal, json, { taken }, taken.map((title) => `Took: ${title}`).join('\n') || 'Nothing to do.')
}

function describeWait({ pid, address, since }: OtherMigration): string {
  const from = address === null ? '' : ` from ${address}`
  const when = since === null ? '' : `, since ${since.toISOString()}`
  return `Another migration runs${from}${when} (process ${pid} of the database): waiting until it has ended.\n`
}

function sayNewer(terminal: Terminal, newer: readonly string[]): void {
  if (newer.length === 0) return
  terminal.say(
    `A newer version of Countersign has migrated the database (${showable(newer.join(', '))}). This one runs on it, and takes nothing.\n`,
  )
}

async function tell(terminal: Terminal, { status, json }: MigrateOptions): Promise<void> {
  const found = await readInstallationStatus(terminal.env)
  if (found === undefined) {
    const nothing = { done: [], missing: [], newer: [] }
    printResult(terminal, json, nothing, 'An embedded database is brought up to date at every start.')
    return
  }
  const { done, missing, newer } = found
  sayNewer(terminal, newer)
  const lines = [
    ...(status ? done.map((title) => `done     ${showable(title)}`) : []),
    ...missing.map((title) => (status ? `missing  ${title}` : `Would take: ${title}`)),
  ]
  printResult(terminal, json, { done, missing, newer }, lines.join('\n') || 'Nothing to do.')
}
