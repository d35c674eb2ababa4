/** What `dev` prints once it is ready: a line for each thing that exists, and a command that works when pasted. */
import type { StartSettings } from './settings/environment.ts'

interface Ready extends Pick<StartSettings, 'dataDir' | 'options'> {
  readonly issuer: string
  /** Where the server listens: told when the issuer was set, which may be the address of a proxy. */
  readonly listening: string
  /** Where metrics are shown. */
  readonly metricsAddress: string
}

/** Writes the block. The address and password of its example are random, so that no installation has a known account. */
export function readyBlock(
  { issuer, listening, metricsAddress, dataDir, options }: Ready,
  word: string,
  password: string,
): string {
  const shared = options.signingAlgorithm?.startsWith('HS')
  const lines = [
    ['Issuer', issuer],
    ...(options.issuer === undefined ? [] : [['Listening', listening]]),
    [
      'JWK Set',
      shared
        ? `${issuer}/.well-known/jwks.json (empty: tokens are signed with the shared secret)`
        : `${issuer}/.well-known/jwks.json`,
    ],
    ['API page', `${issuer}/docs/api`],
    ['Metrics', `${metricsAddress}/metrics`],
    ['Data', dataDir],
  ]
  const relaxed = [
    ...(options.masterKey === undefined ? ['the master key lies in the data folder'] : []),
    ...(options.allowedOrigins === 'localhost' ? ['scripts of any localhost origin may call'] : []),
    ...(issuer.startsWith('http:') ? ['plain http'] : []),
  ]
  return [
    '',
    'Countersign is ready.',
    '',
    ...lines.map(([name = '', value]) => `  ${name.padEnd(10)}${value}`),
    `  ${'Dev only'.padEnd(10)}${relaxed.join('; ')}`,
    '',
    'Register and sign in:',
    '',
    tryIt(`${issuer}${options.routePrefix ?? '/api/auth'}`, word, password),
    '',
    '',
  ].join('\n')
}

/** One line for any POSIX shell: makes the account, then shows the token answer. */
function tryIt(prefix: string, word: string, password: string): string {
  const body = `{"email":"ada-${word}@example.com","password":"${password}"}`
  const call = (path: string) => `curl -sS ${prefix}/${path} -H 'content-type: application/json' -d '${body}'`
  return `${call('register')} -o /dev/null && ${call('login')} -w '\\n'`
}
