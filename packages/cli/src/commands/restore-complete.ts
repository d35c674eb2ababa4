import { completeRestore } from '@countersign/server/administration'
import type { Command } from 'commander'
import { withInstallation } from '../installation.ts'
import { printResult, type Terminal } from '../terminal.ts'
import { type ActOptions, actOf, reasonOption } from './reason.ts'

interface RestoreOptions extends ActOptions {
  readonly keepSessions?: boolean
}

/** restore-complete: what has to be said after a database was put back from a backup, before its servers are started. */
export function addRestoreComplete(program: Command, terminal: Terminal): void {
  program
    .command('restore-complete')
    .description(
      'after the database was put back from a backup: end every session and token of before, and replace the signing keys',
    )
    .addHelpText('before', 'Examples:\n  countersign restore-complete --reason "disk of the database lost"\n')
    .option(
      '--keep-sessions',
      'end and replace none: whoever was signed out, suspended or revoked since the backup is not any more, and who has refreshed since is signed out. For a move in which nothing was lost',
    )
    .addOption(reasonOption())
    .option('--json', 'print {"restored": true, "sessions_ended": true}')
    .action((options: RestoreOptions) => complete(terminal, options))
}

async function complete(terminal: Terminal, options: RestoreOptions): Promise<void> {
  const keepsSessions = options.keepSessions === true
  await withInstallation(terminal, ({ store }) => completeRestore(store, keepsSessions, actOf(options)))
  const text = keepsSessions
    ? 'The servers may be started. Sessions are those of the backup.'
    : 'The servers may be started. Every session and token of before is ended, and every signing key is revoked; users sign in anew.'
  printResult(terminal, options.json, { restored: true, sessions_ended: !keepsSessions }, text)
}
