import { copyInstallation } from '@countersign/server/administration'
import type { Command } from 'commander'
import { formatTable, printResult, type Terminal } from '../terminal.ts'

interface CopyOptions {
  readonly from: string
  readonly to: string
  readonly json?: boolean
}

/** copy: moves an installation from SQLite to PostgreSQL, sessions and keys with it. */
export function addCopy(program: Command, terminal: Terminal): void {
  program
    .command('copy')
    .description('move an installation from SQLite to PostgreSQL: accounts, sessions, keys, clients, audit')
    .addHelpText(
      'before',
      'Examples:\n  countersign copy --from sqlite:.countersign/countersign.db --to postgres://countersign@db.example.com/countersign\n',
    )
    .requiredOption('--from <url>', 'sqlite:<path>; its server is stopped, or answers 503 meanwhile')
    .requiredOption('--to <url>', 'postgres://…, an empty database; the password may be in PGPASSWORD')
    .option('--json', 'print {"copied": {"users": …}}')
    .action((options: CopyOptions) => copy(terminal, options))
}

async function copy(terminal: Terminal, { from, to, json }: CopyOptions): Promise<void> {
  const copied = await copyInstallation(from, to)
  const rows = Object.entries(copied).map(([name, count]) => [name, String(count)])
  printResult(terminal, json, { copied }, formatTable([['table', 'rows'], ...rows]))
  terminal.say(
    'Start the servers with COUNTERSIGN_DATABASE_URL set to the new database and the same master key. Start none on the old one again.\n',
  )
}
