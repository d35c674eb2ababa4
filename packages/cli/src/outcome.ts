/**
 * How a command ends: 0 done, 1 refused, 2 wrong usage or settings, 3 could not decide. What nobody has given a name is 3: whether
 * it was done is then unknown.
 */
import { SecretSourceError, SettingsError } from '@countersign/server/administration'
import { CommanderError } from 'commander'

export type ExitCode = 0 | 1 | 2 | 3

/** Ends a command with a sentence for stderr. */
class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly exitCode: ExitCode

  constructor(message: string, exitCode: ExitCode) {
    super(message)
    this.exitCode = exitCode
  }
}

/** Says that what was asked for is not done, such as for nothing of that name. @throws CommandError */
export function refuse(message: string): never {
  throw new CommandError(message, 1)
}

/** Says that the command is written wrongly. @throws CommandError */
export function misuse(message: string): never {
  throw new CommandError(message, 2)
}

/** Says that what was asked for could not be done, or nobody knows whether it was. @throws CommandError */
export function fail(message: string): never {
  throw new CommandError(message, 3)
}

/** Tells the exit code of a failure, and the sentence for stderr unless it has been said. */
export function outcomeOf(error: unknown): { readonly exitCode: ExitCode; readonly message?: string } {
  if (error instanceof CommanderError) return { exitCode: error.exitCode === 0 ? 0 : 2 }
  if (!(error instanceof Error)) return { exitCode: 3, message: String(error) }
  const { message } = error
  if (error instanceof CommandError) return { exitCode: error.exitCode, message }
  if (error instanceof SettingsError) return { exitCode: error.isTransient ? 3 : 2, message }
  if (error instanceof SecretSourceError) return { exitCode: error.isTransient ? 3 : 2, message: `${message}.` }
  // A TypeError is what the server and the token library answer to a value that cannot be one.
  return { exitCode: error instanceof TypeError ? 2 : 3, message }
}
