import { randomBytes } from 'node:crypto'
import { type Command, InvalidArgumentError } from 'commander'
import { printResult, type Terminal } from '../terminal.ts'

/** secret: random bytes in base64url, such as a master key. */
export function addSecret(program: Command, terminal: Terminal): void {
  program
    .command('secret')
    .description('make random bytes in base64url, such as a master key')
    .addHelpText(
      'before',
      'Examples:\n  countersign secret > master-key\n  countersign secret --bytes 64    for COUNTERSIGN_SIGNING_SECRET with HS512\n',
    )
    .option('--bytes <count>', 'how many, 16 to 1024', readCount, 32)
    .option('--json', 'print {"secret": …}')
    .action(({ bytes, json }: { bytes: number; json?: boolean }) => {
      const secret = randomBytes(bytes).toString('base64url')
      printResult(terminal, json, { secret }, secret)
    })
}

function readCount(text: string): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || count < 16 || count > 1024)
    throw new InvalidArgumentError('Give a number from 16 to 1024.')
  return count
}
