import { migrateInstallation, readInstallationStatus } from '@countersign/server/administration'
import { type Command, Option } from 'commander'
import { printResult, type Terminal } from '../terminal.ts'

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
    .option('--json', 'print {"taken": […]}, or {"done": […], "missing": […]}')
    .action((options: MigrateOptions) => (options.status || options.dryRun ? tell : take)(terminal, options))
}

async function take(terminal: Terminal, { json }: MigrateOptions): Promise<void> {
  const taken = await migrateInstallation(terminal.env)
  printResult(terminal, json, { taken }, taken.map((title) => `Took: ${title}`).join('\n') || 'Nothing to do.')
}

async function tell(terminal: Terminal, { status, json }: MigrateOptions): Promise<void> {
  const found = await readInstallationStatus(terminal.env)
  if (found === undefined) {
    printResult(terminal, json, { done: [], missing: [] }, 'An embedded database is brought up to date at every start.')
    return
  }
  const { done, missing } = found
  const lines = [
    ...(status ? done.map((title) => `done     ${title}`) : []),
    ...missing.map((title) => (status ? `missing  ${title}` : `Would take: ${title}`)),
  ]
  printResult(terminal, json, { done, missing }, lines.join('\n') || 'Nothing to do.')
}
