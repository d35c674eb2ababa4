import type { RegisteredAccount } from '@countersign/server/administration'
import type { Command } from 'commander'
import type { PasswordInput } from '../password-input.ts'
import { formatTable, printResult, type Terminal } from '../terminal.ts'
import { type ActOptions, reasonOption } from './reason.ts'

export interface AccountOptions extends ActOptions {
  readonly email: string
  readonly passwordStdin?: boolean
}

/** Adds what is told of a new account. */
export function addAccountOptions(command: Command): Command {
  return command
    .requiredOption('--email <address>', 'the address to sign in with')
    .option(
      '--password-stdin',
      'read the password from stdin; otherwise a terminal is asked, and without one a password is made',
    )
    .addOption(reasonOption())
    .option('--json', 'print {"id": …, "email": …, "roles": […]}, and "password" if it was made')
}

/** Prints an account, with its password if that was made here: nobody else knows it. */
export function printAccount(
  terminal: Terminal,
  json: boolean | undefined,
  { id, email, roles }: RegisteredAccount,
  { password, isNew }: PasswordInput,
): void {
  if (isNew) terminal.say('The password was made here and is shown this once.\n')
  const made = isNew ? { password } : {}
  const rows = Object.entries({ id, email, roles: roles.join(' ') || '-', ...made })
  printResult(terminal, json, { id, email, roles, ...made }, formatTable(rows))
}
