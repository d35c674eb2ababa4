import { randomBytes } from 'node:crypto'
import type { Store } from '@countersign/server'
import { registerAccount } from '@countersign/server/administration'
import type { Command } from 'commander'
import { findUserId, withInstallation } from '../installation.ts'
import { fail, refuse } from '../outcome.ts'
import { readPassword } from '../password-input.ts'
import { printResult, readStdin, showable, type Terminal } from '../terminal.ts'
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
    .addHelpText(
      'before',
      'Examples:\n  countersign users suspend ada@example.com --reason "device stolen"\n  countersign users suspend - --reason "bought accounts" < ids.txt\n',
    )
    .action((user: string, options: ActOptions) => change(terminal, 'suspend', user, options))
  addAct(users.command('restore <user>'), 'let a suspended user sign in again')
    .addHelpText('before', 'Examples:\n  countersign users restore ada@example.com\n')
    .action((user: string, options: ActOptions) => change(terminal, 'restore', user, options))
}

function addAct(command: Command, description: string): Command {
  return command
    .description(description, {
      user: 'the id of the user, or the e-mail address of an account; - reads one a line from stdin',
    })
    .addOption(reasonOption())
    .option('--json', 'print {"id": …, "suspended": true or false}, one a line')
}

async function createUser(terminal: Terminal, options: AccountOptions): Promise<void> {
  const { email, passwordStdin, json } = options
  await withInstallation(terminal, async ({ store }) => {
    const input = await readPassword(terminal, passwordStdin)
    const account = await registerAccount(store, { email, password: input.password }, actOf(options), randomBytes)
    printAccount(terminal, json, account ?? refuse('This address has an account.'), input)
  })
}

type Change = 'suspend' | 'restore'

/** Suspends or restores one user, or each of a list on stdin. */
async function change(terminal: Terminal, what: Change, user: string, options: ActOptions): Promise<void> {
  if (user !== '-') {
    const isKnown = await withInstallation(terminal, ({ store }) => changeOne(terminal, store, what, user, options))
    return isKnown ? undefined : refuse('There is no such user.')
  }
  const lines = (await readStdin(terminal)).split('\n').map((line) => line.trim())
  const named = lines.filter((line) => line !== '')
  if (named.length === 0) refuse('There is no user on stdin: give the id or e-mail address of one a line.')
  await withInstallation(terminal, ({ store }) => changeEach(terminal, store, what, named, options))
}

/** One that is not there, or that the database does not take, keeps nobody else from it. */
async function changeEach(
  terminal: Terminal,
  store: Store,
  what: Change,
  users: readonly string[],
  options: ActOptions,
): Promise<void> {
  let [unknown, failed] = [0, 0]
  for (const user of users) {
    try {
      if (await changeOne(terminal, store, what, user, options)) continue
      unknown += 1
      terminal.say(`There is no user ${showable(user)}.\n`)
    } catch (error) {
      failed += 1
      terminal.say(`Not done: ${showable(user)}: ${showable((error as Error).message)}.\n`)
    }
  }
  if (failed > 0) fail(`${failed + unknown} of ${users.length} were not done.`)
  if (unknown > 0) refuse(`${unknown} of ${users.length} are not there.`)
}

/** @returns whether there is such a user */
async function changeOne(
  terminal: Terminal,
  store: Store,
  what: Change,
  user: string,
  options: ActOptions,
): Promise<boolean> {
  const id = await findUserId(store, user)
  const act = actOf(options)
  const { outcome } = await (what === 'suspend' ? store.suspendUser(id, act) : store.restoreUser(id, act))
  if (outcome === 'unknown') return false
  const isSuspended = outcome === 'suspended'
  const text = `${isSuspended ? 'Suspended' : 'Restored'} ${showable(id)}.`
  printResult(terminal, options.json, { id, suspended: isSuspended }, text)
  return true
}
