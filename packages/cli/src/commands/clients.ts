import { randomBytes } from 'node:crypto'
import { type Client, registerClient } from '@countersign/server'
import type { Command } from 'commander'
import { withInstallation } from '../installation.ts'
import { refuse } from '../outcome.ts'
import { formatTable, printResult, showable, type Terminal } from '../terminal.ts'
import { type ActOptions, actOf, reasonOption } from './reason.ts'

interface CreateOptions extends ActOptions {
  readonly id?: string
  readonly name: string
  readonly scope: string
}

/** clients: programs that get tokens of their own. Members of the JSON have the names of RFC 7591. */
export function addClientCommands(program: Command, terminal: Terminal): void {
  const clients = program.command('clients').description('register, list and disable clients')
  clients
    .command('create')
    .description('register a client; its secret is shown this once')
    .addHelpText(
      'before',
      'Examples:\n  countersign clients create --name "Orders API" --scope "revocations:read tokens:introspect"\n',
    )
    .requiredOption('--name <name>', 'a name for people')
    .requiredOption('--scope <scopes>', 'the scopes that it may ask for, separated by spaces')
    .option('--id <id>', 'its client_id (default: made at random)')
    .addOption(reasonOption())
    .option('--json', 'print {"client_id": …, "client_secret": …}')
    .action((options: CreateOptions) => create(terminal, options))
  clients
    .command('list')
    .description('list the clients')
    .addHelpText('before', 'Examples:\n  countersign clients list --json\n')
    .option('--json', 'print {"clients": [{"client_id": …}]}; times are epoch seconds')
    .action(({ json }: { json?: boolean }) => list(terminal, json))
  clients
    .command('disable <client_id>')
    .description('end a client: no new tokens, and those that it has are refused')
    .addHelpText('before', 'Examples:\n  countersign clients disable client_1 --reason "service retired"\n')
    .addOption(reasonOption())
    .option('--json', 'print {"client_id": …, "disabled": true}')
    .action((id: string, options: ActOptions) => disable(terminal, id, options))
}

async function create(terminal: Terminal, options: CreateOptions): Promise<void> {
  const { id, name, scope, json } = options
  await withInstallation(terminal, async ({ store }) => {
    const registration = { id, name, scope: scope.split(' ').filter((word) => word !== '') }
    const registered = await registerClient(store, registration, actOf(options), randomBytes)
    const { clientId, clientSecret } = registered ?? refuse('A client has this id.')
    const credentials = { client_id: clientId, client_secret: clientSecret }
    terminal.say('The secret is shown this once.\n')
    printResult(terminal, json, credentials, formatTable(Object.entries(credentials)))
  })
}

async function list(terminal: Terminal, json: boolean | undefined): Promise<void> {
  const clients = await withInstallation(terminal, ({ store }) => store.listClients())
  const rows = clients.map(({ id, name, scope, disabledAt }) => [
    id,
    disabledAt === null ? 'enabled' : 'disabled',
    scope.join(' ') || '-',
    name,
  ])
  const text = formatTable([['client_id', 'state', 'scope', 'name'], ...rows])
  printResult(terminal, json, { clients: clients.map(toMembers) }, text)
}

function toMembers({ id, name, scope, createdAt, disabledAt }: Client): object {
  return {
    client_id: id,
    client_name: name,
    scope: scope.join(' '),
    client_id_issued_at: Math.floor(createdAt / 1000),
    disabled_at: disabledAt === null ? null : Math.floor(disabledAt / 1000),
  }
}

async function disable(terminal: Terminal, id: string, options: ActOptions): Promise<void> {
  await withInstallation(terminal, async ({ store }) => {
    const { outcome } = await store.disableClient(id, actOf(options))
    if (outcome === 'unknown') refuse('There is no such client.')
    printResult(terminal, options.json, { client_id: id, disabled: true }, `Disabled ${showable(id)}.`)
  })
}
