import { randomBytes } from 'node:crypto'
import { registerAccount } from '@countersign/server/administration'
import type { Command } from 'commander'
import { findUserId, withInstallation } from '../installation.ts'
import { refuse } from '../outcome.ts'
import { readPassword } from '../password-input.ts'
import { printResult, showable, type Terminal } from '../terminal.ts'
import { type AccountOptions, addAccountOptions, printAccount } from './account-options.ts'
import { type ActOptions, actOf, reasonOption } from './reason.ts'

/** users: people, whether the built-in accounts have them or the application's own. */
export function addUserCommands(program: Command, terminal: Terminal): void {
  const users = program.command('users').description('make, suspend and restore users')
  addAccountOptions(users.command('create').description('make an account'))
    .addHelpText(
      'before',
      'Examples:\n  countersign users create --email ada@example.com\n  countersign users create --email ada@example.com --password-stdin < password.txt\n',
    )
    .action((options: AccountOptions) => createUser(terminal, options))
  addAct(users.command('suspend <user>'), 'sign a user out everywhere and keep them out')
    .addHelpText('before', 'Examples:\n  countersign users suspend ada@example.com --reason "device stolen"\n')
    .action((user: string, options: ActOptions) => suspend(terminal, user, options))
  addAct(users.command('restore <user>'), 'let a suspended user sign in again')
    .addHelpText('before', 'Examples:\n  countersign users restore ada@example.com\n')
    .action((user: string, options: ActOptions) => restore(terminal, user, options))
}

function addAct(command: Command, description: string): Command {
  return command
    .description(description, { user: 'the id of the user, or the e-mail address of an account' })
    .addOption(reasonOption())
    .option('--json', 'print {"id": …, "suspended": true or false}')
}

async function createUser(terminal: Terminal, options: AccountOptions): Promise<void> {
  const { email, passwordStdin, json } = options
  await withInstallation(terminal, async ({ store }) => {
    const input = await readPassword(terminal, passwordStdin)
    const account = await registerAccount(store, { email, password: input.password }, actOf(options), randomBytes)
    printAccount(terminal, json, account ?? refuse('This address has an account.'), input)
  })
}

async function suspend(terminal: Terminal, user: string, options: ActOptions): Promise<void> {
  await withInstallation(terminal, async ({ store }) => {
    const id = await findUserId(store, user)
    const { outcome } = await store.suspendUser(id, actOf(options))
    if (outcome === 'unknown') refuse('There is no such user.')
    printResult(terminal, options.json, { id, suspended: true }, `Suspended ${showable(id)}.`)
  })
}

async function restore(terminal: Terminal, user: string, options: ActOptions): Promise<void> {
  await withInstallation(terminal, async ({ store }) => {
    const id = await findUserId(store, user)
    const { outcome } = await store.restoreUser(id, actOf(options))
    if (outcome === 'unknown') refuse('There is no such user.')
    printResult(terminal, options.json, { id, suspended: false }, `Restored ${showable(id)}.`)
  })
}
