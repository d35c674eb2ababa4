import { InvalidArgumentError, Option } from 'commander'

/** What every act that the audit table keeps may be told. */
export interface ActOptions {
  readonly reason: string
  readonly json?: boolean
}

/** Makes the option that says why. */
export function reasonOption(): Option {
  return new Option('--reason <text>', 'why; for the audit table').default('', 'none').argParser((text) => {
    if (text.length > 512) throw new InvalidArgumentError('Give at most 512 characters.')
    return text
  })
}

/** Gives what the audit table keeps of an act from here. */
export function actOf({ reason }: ActOptions): { readonly actor: 'cli'; readonly reason: string } {
  return { actor: 'cli', reason }
}
