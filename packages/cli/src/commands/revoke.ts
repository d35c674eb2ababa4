import type { RevocationTarget } from '@countersign/server'
import { decodeUnverified } from '@countersign/token'
import type { Command } from 'commander'
import { findUserId, withInstallation } from '../installation.ts'
import { misuse, refuse } from '../outcome.ts'
import { printResult, readStdin, showable, type Terminal } from '../terminal.ts'
import { type ActOptions, actOf, reasonOption } from './reason.ts'

const targetNames = ['token', 'session', 'user', 'client', 'key', 'allBefore'] as const
type TargetName = (typeof targetNames)[number]
type RevokeOptions = ActOptions & Partial<Record<TargetName, string>>
type FindUserId = (idOrEmail: string) => Promise<string>

const examples = `Examples:
  countersign revoke --token - < token.txt           one access token
  countersign revoke --user ada@example.com          every session and token of a user
  countersign revoke --key <kid> --reason "leaked"   every token that a key has signed
  countersign revoke --all-before now                every session and token
`

/** revoke: ends tokens; every verifier with the feed refuses them within a second. */
export function addRevoke(program: Command, terminal: Terminal): void {
  program
    .command('revoke')
    .description('end an access token, a session, or all of a user, client or key')
    .addHelpText('before', examples)
    .option('--token <token>', 'an access token or its jti; - reads stdin')
    .option('--session <sid>', 'a session')
    .option('--user <id or e-mail>', 'what a user has')
    .option('--client <id>', 'what a client has')
    .option('--key <kid>', 'what a signing key has signed; another key takes its place')
    .option('--all-before <moment>', 'everything issued before; the moment is now')
    .addOption(reasonOption())
    .option('--json', 'print what was revoked, as {"revoked": {"kind": …}}')
    .action((options: RevokeOptions) => revoke(terminal, options))
}

async function revoke(terminal: Terminal, options: RevokeOptions): Promise<void> {
  const given = targetNames.filter((name) => options[name] !== undefined)
  const [name, other] = given
  if (name === undefined || other !== undefined)
    return misuse('Name one of --token, --session, --user, --client, --key, --all-before.')
  const value = options[name] === '-' && name === 'token' ? await readStdin(terminal) : (options[name] ?? '')
  if (value.trim() === '') misuse(`--${name}: give a value that is not empty.`)
  const jti = name === 'token' ? readJti(value, terminal) : undefined
  if (name === 'allBefore' && value !== 'now')
    misuse(
      '--all-before: only now can be given. What is issued later cannot be refused ahead, and a moment past would leave in force what has been issued since.',
    )

  await withInstallation(terminal, async ({ store }) => {
    const target = await readTarget(name, jti ?? value, (text) => findUserId(store, text))
    const { outcome } = await store.revoke(target, actOf(options))
    if (outcome === 'unknown') refuse(`There is no such ${name}${name === 'key' ? ' in use' : ''}.`)
    printResult(terminal, options.json, { revoked: target }, `Revoked ${showable(describeTarget(target))}.`)
  })
}

async function readTarget(name: TargetName, value: string, findId: FindUserId): Promise<RevocationTarget> {
  switch (name) {
    case 'token':
      return { kind: 'token', jti: value }
    case 'session':
      return { kind: 'session', sid: value }
    case 'user':
      return { kind: 'user', userId: await findId(value) }
    case 'client':
      return { kind: 'client', clientId: value }
    case 'key':
      return { kind: 'key', kid: value }
    case 'allBefore':
      return { kind: 'all' }
  }
}

function describeTarget(target: RevocationTarget): string {
  const { kind, ...names } = target
  return [kind === 'all' ? 'everything issued until now' : kind, ...Object.values(names)].join(' ')
}

/** A token is never kept and never quoted, only its jti; so whatever looks like a secret of another kind is sent back. */
function readJti(text: string, terminal: Terminal): string {
  const value = text.trim()
  if (value.startsWith('rt1.'))
    misuse('--token: this is a refresh token. End its session: --session with the sid of an access token.')
  if (value.split('.').length < 3) {
    return /^[\x21-\x7e]{1,512}$/.test(value) ? value : misuse('--token: give an access token, or its jti.')
  }
  const { jti, iss, sub } = readClaims(value)
  if (typeof jti !== 'string' || jti === '') return refuse('The token has no jti, by which it could be revoked.')
  terminal.say(`The token was not verified. It says of itself: ${showable(JSON.stringify({ iss, sub, jti }))}\n`)
  return jti
}

function readClaims(token: string): Readonly<Record<string, unknown>> {
  try {
    return decodeUnverified(token).claims
  } catch {
    return misuse('--token: this is no signed JWT. Give an access token, or its jti.')
  }
}
