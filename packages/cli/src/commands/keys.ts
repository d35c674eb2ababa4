import { ALGORITHMS, type Algorithm, exportPrivateJwk, generateKey } from '@countersign/token'
import { type Command, Option } from 'commander'
import { withInstallation } from '../installation.ts'
import { refuse } from '../outcome.ts'
import { formatTable, printResult, showable, type Terminal } from '../terminal.ts'
import { type ActOptions, actOf, reasonOption } from './reason.ts'

/** keys: the signing keys of the server, and new ones for elsewhere. */
export function addKeyCommands(program: Command, terminal: Terminal): void {
  const keys = program.command('keys').description('list, revoke, export and generate keys')
  keys
    .command('list')
    .description('list the signing keys and what each of them is now, those that are gone too')
    .addHelpText('before', 'Examples:\n  countersign keys list --json\n')
    .option('--json', 'print {"keys": [{"kid": …}]}; times are epoch seconds')
    .action(({ json }: { json?: boolean }) => list(terminal, json))
  keys
    .command('rotate')
    .description('let the pending key sign, as soon as every verifier knows it')
    .addHelpText('before', 'Examples:\n  countersign keys rotate\n  countersign keys rotate --pepper\n')
    .addOption(
      new Option('--now', 'at once; verifiers that have not seen it may refuse its first tokens').conflicts('pepper'),
    )
    .option('--pepper', 'make new refresh tokens with a new pepper instead; nobody is signed out')
    .addOption(reasonOption())
    .option('--json', 'print {"kid": …, "activates_at": …} or {"pepper": …}')
    .action((options: RotateOptions) => (options.pepper ? rotatePepper(terminal, options) : rotate(terminal, options)))
  keys
    .command('revoke <kid>')
    .description('refuse every token that a key has signed; another key takes its place')
    .addHelpText('before', 'Examples:\n  countersign keys revoke <kid> --reason "backup lost"\n')
    .addOption(reasonOption())
    .option('--json', 'print {"kid": …, "revoked": true}')
    .action((kid: string, options: ActOptions) => revoke(terminal, kid, options))
  keys
    .command('abandon')
    .description(
      'after the master key is lost: revoke every key, forget every pepper, end every session. Stop the servers before',
    )
    .addHelpText('before', 'Examples:\n  countersign keys abandon --end-every-session --reason "master key lost"\n')
    .requiredOption('--end-every-session', 'say that you know what it does')
    .addOption(reasonOption())
    .option('--json', 'print {"abandoned": true}')
    .action((options: ActOptions) => abandon(terminal, options))
  keys
    .command('export')
    .description('print the public keys; the master key is needed, as the server has it')
    .addHelpText('before', 'Examples:\n  countersign keys export > jwks.json\n  countersign keys export --format pem\n')
    .addOption(new Option('--format <format>', 'how').choices(['jwks', 'pem']).default('jwks'))
    .addOption(new Option('--json', 'as --format jwks').conflicts('format'))
    .action(({ format }: { format: 'jwks' | 'pem' }) => exportKeys(terminal, format))
  keys
    .command('generate')
    .description('print a new private key as a JWK; the server makes its own and does not need it')
    .addHelpText('before', 'Examples:\n  (umask 077; countersign keys generate --alg ES256 > key.json)\n')
    .addOption(new Option('--alg <alg>', 'what it is for').choices(ALGORITHMS).default('ES256'))
    .option('--json', 'as without: a JWK is JSON')
    .action(({ alg }: { alg: Algorithm }) => generate(terminal, alg))
}

interface RotateOptions extends ActOptions {
  readonly now?: boolean
  readonly pepper?: boolean
}

async function list(terminal: Terminal, json: boolean | undefined): Promise<void> {
  const keys = await withInstallation(terminal, ({ describeKeys }) => describeKeys())
  const head = ['kid', 'alg', 'state', 'created', 'signs from', 'until', 'revoked']
  const rows = keys.map(({ kid, alg, state, ...times }) => [
    ...[kid, alg, state],
    ...[times.createdAt, times.activateAt, times.retireAt, times.revokedAt].map(showTime),
  ])
  const members = keys.map(({ kid, alg, state, createdAt, activateAt, retireAt, revokedAt }) => ({
    ...{ kid, alg, state },
    created_at: toSeconds(createdAt),
    activates_at: toSeconds(activateAt),
    retires_at: toSeconds(retireAt),
    revoked_at: toSeconds(revokedAt),
  }))
  printResult(terminal, json, { keys: members }, formatTable([head, ...rows]))
}

function showTime(time: number | null): string {
  return time === null ? '-' : new Date(time).toISOString()
}

function toSeconds(time: number | null): number | null {
  return time === null ? null : Math.floor(time / 1000)
}

async function rotate(terminal: Terminal, options: RotateOptions): Promise<void> {
  await withInstallation(terminal, async ({ rotateSigningKeys, usesSharedSecret }) => {
    if (usesSharedSecret) refuse('Tokens are signed with a shared secret: replace that.')
    const rotation = await rotateSigningKeys(options.now === true, actOf(options))
    if (rotation.outcome === 'none_pending') {
      refuse(
        'There is no pending key: a server that runs makes one. It has none while tokens are signed with a shared secret.',
      )
    }
    const { kid, activateAt } = rotation
    const text = `Key ${showable(kid)} signs from ${showTime(activateAt)} on.`
    printResult(terminal, options.json, { kid, activates_at: toSeconds(activateAt) }, text)
  })
}

async function rotatePepper(terminal: Terminal, options: RotateOptions): Promise<void> {
  await withInstallation(terminal, async (installation) => {
    const pepper = await installation.rotatePepper(actOf(options))
    if (pepper === undefined) refuse('There have been as many peppers as a refresh token can name.')
    printResult(terminal, options.json, { pepper }, `Refresh tokens are made with pepper ${pepper} from now on.`)
  })
}

async function revoke(terminal: Terminal, kid: string, options: ActOptions): Promise<void> {
  await withInstallation(terminal, async ({ store }) => {
    const { outcome } = await store.revoke({ kind: 'key', kid }, actOf(options))
    if (outcome === 'unknown') refuse('There is no such key in use.')
    printResult(terminal, options.json, { kid, revoked: true }, `Revoked key ${showable(kid)}.`)
  })
}

async function abandon(terminal: Terminal, options: ActOptions): Promise<void> {
  const { outcome } = await withInstallation(terminal, ({ abandonKeys }) => abandonKeys(actOf(options)))
  if (outcome === 'server_runs') {
    refuse(
      'A server has used this database within the last 15 seconds. Stop every server, and run this again after that time.',
    )
  }
  const text = 'Every session is ended and every key revoked. Start the servers with a new master key.'
  printResult(terminal, options.json, { abandoned: true }, text)
}

async function exportKeys(terminal: Terminal, format: 'jwks' | 'pem'): Promise<void> {
  const keys = await withInstallation(terminal, ({ exportPublicKeys }) => exportPublicKeys())
  if (format === 'pem') terminal.print(keys.map(({ pem }) => pem).join(''))
  else terminal.print(`${JSON.stringify({ keys: keys.map(({ jwk }) => jwk) })}\n`)
}

async function generate(terminal: Terminal, alg: Algorithm): Promise<void> {
  const jwk = exportPrivateJwk(await generateKey(alg))
  terminal.say('This is a secret: whoever has it can sign. Keep it out of logs and repositories.\n')
  terminal.print(`${JSON.stringify(jwk)}\n`)
}
