import { randomBytes } from 'node:crypto'
import { registerAdministrator } from '@countersign/server/administration'
import type { Command } from 'commander'
import { withInstallation } from '../installation.ts'
import { readPassword } from '../password-input.ts'
import type { Terminal } from '../terminal.ts'
import { type AccountOptions, addAccountOptions, printAccount } from './account-options.ts'
import { actOf } from './reason.ts'

/** admin: who may administer. */
export function addAdminCommands(program: Command, terminal: Terminal): void {
  const admin = program.command('admin').description('make administrators')
  addAccountOptions(
    admin
      .command('create')
      .description(
        'make an account with the role admin. An address that has one gets the role and the new password, and is signed out everywhere: this recovers lost access',
      ),
  )
    .addHelpText(
      'before',
      'Examples:\n  countersign admin create --email ada@example.com\n  countersign admin create --email ada@example.com --password-stdin < password.txt\n',
    )
    .action((options: AccountOptions) => createAdministrator(terminal, options))
}

async function createAdministrator(terminal: Terminal, options: AccountOptions): Promise<void> {
  const { email, passwordStdin, json } = options
  await withInstallation(terminal, async ({ store }) => {
    const input = await readPassword(terminal, passwordStdin)
    const account = await registerAdministrator(store, { email, password: input.password }, actOf(options), randomBytes)
    printAccount(terminal, json, account, input)
  })
}
