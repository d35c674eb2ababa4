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
    .description('list the signing keys, the revoked ones too')
    .addHelpText('before', 'Examples:\n  countersign keys list --json\n')
    .option('--json', 'print {"keys": [{"kid": …}]}; times are epoch seconds')
    .action(({ json }: { json?: boolean }) => list(terminal, json))
  keys
    .command('revoke <kid>')
    .description('refuse every token that a key has signed; another key takes its place')
    .addHelpText('before', 'Examples:\n  countersign keys revoke <kid> --reason "backup lost"\n')
    .addOption(reasonOption())
    .option('--json', 'print {"kid": …, "revoked": true}')
    .action((kid: string, options: ActOptions) => revoke(terminal, kid, options))
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

async function list(terminal: Terminal, json: boolean | undefined): Promise<void> {
  const keys = await withInstallation(terminal, ({ store }) => store.listSigningKeyRecords())
  const rows = keys.map(({ kid, alg, createdAt, revokedAt }) => [kid, alg, showTime(createdAt), showTime(revokedAt)])
  const members = keys.map(({ kid, alg, createdAt, revokedAt }) => ({
    ...{ kid, alg },
    created_at: Math.floor(createdAt / 1000),
    revoked_at: revokedAt === null ? null : Math.floor(revokedAt / 1000),
  }))
  printResult(terminal, json, { keys: members }, formatTable([['kid', 'alg', 'created', 'revoked'], ...rows]))
}

function showTime(time: number | null): string {
  return time === null ? '-' : new Date(time).toISOString()
}

async function revoke(terminal: Terminal, kid: string, options: ActOptions): Promise<void> {
  await withInstallation(terminal, async ({ store }) => {
    const { outcome } = await store.revoke({ kind: 'key', kid }, actOf(options))
    if (outcome === 'unknown') refuse('There is no such key in use.')
    printResult(terminal, options.json, { kid, revoked: true }, `Revoked key ${showable(kid)}.`)
  })
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
