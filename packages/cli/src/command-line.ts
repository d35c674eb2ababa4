/** Every command but the server, on one screen. Help leads with examples; what is written wrongly is answered with help, on stderr. */
import { Command } from 'commander'
import { addAdminCommands } from './commands/admin.ts'
import { addClientCommands } from './commands/clients.ts'
import { addConfig } from './commands/config.ts'
import { addCopy } from './commands/copy.ts'
import { addHealthcheck } from './commands/healthcheck.ts'
import { addKeyCommands } from './commands/keys.ts'
import { addMigrate } from './commands/migrate.ts'
import { addRestoreComplete } from './commands/restore-complete.ts'
import { addRevoke } from './commands/revoke.ts'
import { addSecret } from './commands/secret.ts'
import { addUserCommands } from './commands/users.ts'
import { type ExitCode, misuse, outcomeOf } from './outcome.ts'
import type { Terminal } from './terminal.ts'

const examples = `Examples:
  countersign dev                                   try it out: server, database and keys in ./.countersign
  countersign admin create --email ada@example.com  make an administrator
  countersign revoke --user ada@example.com         end every session and token of a user
`

const endings = `
Exit codes: 0 done, 1 refused, 2 wrong usage or settings, 3 could not decide.
Settings are those of the server: COUNTERSIGN_DATA_DIR, COUNTERSIGN_DATABASE_URL and the others.`

/** Runs a command. Never throws; tells the exit code. */
export async function runCommandLine(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  try {
    await createProgram(terminal).parseAsync(words, { from: 'user' })
    return 0
  } catch (error) {
    const { exitCode, message } = outcomeOf(error)
    if (message !== undefined) terminal.say(`${message.trimEnd()}\n`)
    return exitCode
  }
}

function createProgram(terminal: Terminal): Command {
  const program = new Command('countersign')
    .description('Runs the authorization server, and administers it while it runs.')
    .exitOverride()
    .configureOutput({
      writeOut: terminal.print,
      writeErr: terminal.say,
      outputError: (message, write) => write(withoutValues(message)),
    })
    .showHelpAfterError()
    .addHelpText('before', examples)
    .addHelpText('after', endings)
    .hook('preAction', (_, command) => refuseEmptyArguments(command))
  program.command('dev').description('run the server to try it out').action(runServer)
  program.command('start').description('run the server in production').action(runServer)
  addMigrate(program, terminal)
  addCopy(program, terminal)
  addRestoreComplete(program, terminal)
  addRevoke(program, terminal)
  addUserCommands(program, terminal)
  addClientCommands(program, terminal)
  addAdminCommands(program, terminal)
  addKeyCommands(program, terminal)
  addSecret(program, terminal)
  addConfig(program, terminal)
  addHealthcheck(program, terminal)
  return program
}

async function runServer(): Promise<void> {
  await import('@countersign/server/main')
}

/** An empty argument is a variable of a script that has no value. */
function refuseEmptyArguments({ args, registeredArguments }: Command): void {
  const at = args.findIndex((value) => value.trim() === '')
  if (at !== -1) misuse(`<${registeredArguments[at]?.name()}>: give a value that is not empty.`)
}

/** A password or token that stands in the wrong place is not repeated. */
function withoutValues(message: string): string {
  const [hint = ''] = /\n\(Did you mean .*\?\)\s*$/.exec(message) ?? []
  const [, option] = /^error: unknown option '(--[\w-]*|-\w?)/.exec(message) ?? []
  if (option !== undefined) return `error: unknown option ${option}${hint.trimEnd()}\n`
  if (message.startsWith('error: unknown command')) return `error: unknown command${hint.trimEnd()}\n`
  return message.replace(/^(error: too many arguments.* but got \d+)[\s\S]*$/, '$1.\n')
}
