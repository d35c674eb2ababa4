import { copyInstallation } from '@countersign/server/administration'
import type { Command } from 'commander'
import { formatTable, printResult, type Terminal } from '../terminal.ts'

interface CopyOptions {
  readonly from: string
  readonly to: string
  readonly keepSource?: boolean
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
    .option(
      '--keep-source',
      'leave the old database as it is, for a rehearsal; without, it is marked as moved and nothing starts on it again',
    )
    .option('--json', 'print {"copied": {"users": …}}')
    .action((options: CopyOptions) => copy(terminal, options))
}

const moved =
  'Start the servers with COUNTERSIGN_DATABASE_URL set to the new database and the same master key. The old one is marked as moved: a server that runs on it answers 503, and nothing starts on it again.\n'

const kept =
  'The old database is as it was, and the one to use. The copy has the same keys and sessions: keep it as safe, let no user near it (a refresh token that is used at both is taken for stolen), and drop it before you move.\n'

async function copy(terminal: Terminal, { from, to, keepSource = false, json }: CopyOptions): Promise<void> {
  const onWait = () => terminal.say('Another migration of the new database runs: waiting until it has ended.\n')
  const copied = await copyInstallation(from, to, { keepsSource: keepSource, onWait })
  const rows = Object.entries(copied).map(([name, count]) => [name, String(count)])
  printResult(terminal, json, { copied }, formatTable([['table', 'rows'], ...rows]))
  terminal.say(keepSource ? kept : moved)
}
