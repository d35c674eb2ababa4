import { randomBytes } from 'node:crypto'
import { wrapMasterKey } from '@countersign/server/administration'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { misuse } from '../outcome.ts'
import { printResult, readStdin, type Terminal } from '../terminal.ts'

interface SecretOptions {
  readonly bytes: number
  readonly wrap?: string
  readonly stdin?: boolean
  readonly json?: boolean
}

/** secret: random bytes in base64url, such as a master key; or a master key that a key elsewhere has wrapped. */
export function addSecret(program: Command, terminal: Terminal): void {
  program
    .command('secret')
    .description('make random bytes in base64url, such as a master key')
    .addHelpText(
      'before',
      'Examples:\n  countersign secret > master-key\n  countersign secret --bytes 64    for COUNTERSIGN_SIGNING_SECRET with HS512\n  countersign secret --wrap vault-transit:countersign\n',
    )
    .addOption(new Option('--bytes <count>', 'how many, 16 to 1024').argParser(readCount).default(32).conflicts('wrap'))
    .option(
      '--wrap <key>',
      'print a new master key as COUNTERSIGN_MASTER_KEY takes it, wrapped by vault-transit:<key> or aws-kms:<key>, and never in the open',
    )
    .option('--stdin', 'with --wrap: wrap the master key on stdin instead of a new one')
    .option('--json', 'print {"secret": …}')
    .action(async (options: SecretOptions) => {
      const secret = await (options.wrap === undefined ? makeSecret(options) : wrap(terminal, options.wrap, options))
      printResult(terminal, options.json, { secret }, secret)
    })
}

function makeSecret({ bytes, stdin }: SecretOptions): string {
  if (stdin) misuse('--stdin: goes with --wrap.')
  return randomBytes(bytes).toString('base64url')
}

async function wrap(terminal: Terminal, key: string, { stdin }: SecretOptions): Promise<string> {
  return wrapMasterKey(key, stdin ? readMasterKey(await readStdin(terminal)) : randomBytes(32), terminal.env)
}

function readMasterKey(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length === 32 && bytes.toString('base64url') === text) return bytes
  return misuse('--stdin: there is no master key on stdin; it is 32 bytes in base64url.')
}

function readCount(text: string): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || count < 16 || count > 1024)
    throw new InvalidArgumentError('Give a number from 16 to 1024.')
  return count
}
