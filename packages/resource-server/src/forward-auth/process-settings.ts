/** Owns the settings of forward-auth as a process of its own: what the environment says, with everything that is wrong told at once. */
import { createForwardAuth, type ForwardAuth, type ForwardAuthOptions } from './forward-auth.ts'

/** What the process runs on. */
export interface ProcessSettings {
  readonly forwardAuth: ForwardAuth
  readonly host: string
  readonly port: number
}

/** The variables of the environment by the option that each one sets. */
const VARIABLES: Readonly<Record<string, string>> = {
  issuer: 'COUNTERSIGN_ISSUER',
  audience: 'COUNTERSIGN_AUDIENCE',
  'cookie.origins': 'COUNTERSIGN_ALLOWED_ORIGINS',
}

/**
 * Reads the settings out of an environment.
 *
 * @throws TypeError with a line for each one that is missing or wrong, with its mend
 */
export function readProcessSettings(
  env: Readonly<Record<string, string | undefined>>,
  log: NonNullable<ForwardAuthOptions['log']>,
): ProcessSettings {
  const { COUNTERSIGN_ISSUER: issuer = '', COUNTERSIGN_ALLOW_INSECURE_HTTP: insecure = 'false' } = env
  const audience = splitList(env.COUNTERSIGN_AUDIENCE)
  const origins = splitList(env.COUNTERSIGN_ALLOWED_ORIGINS)
  const port = Number(env.PORT || 4180)
  const problems = [
    ...(issuer === '' ? ['COUNTERSIGN_ISSUER: give the issuer of the access tokens.'] : []),
    ...(audience.length === 0 ? ['COUNTERSIGN_AUDIENCE: give the audience that they must name.'] : []),
    ...(/^(true|false)$/.test(insecure) ? [] : ['COUNTERSIGN_ALLOW_INSECURE_HTTP: give true or false.']),
    ...(Number.isInteger(port) && port >= 0 && port <= 65_535 ? [] : ['PORT: give a number from 0 to 65535.']),
  ]
  const created = create({
    issuer: issuer || 'https://issuer.invalid',
    audience: audience.length > 0 ? audience : 'https://audience.invalid',
    allowInsecureHttp: insecure === 'true',
    ...(origins.length > 0 && { cookie: { origins } }),
    log,
  })
  if ('problems' in created) problems.push(...created.problems)
  if ('problems' in created || problems.length > 0) throw new TypeError(problems.join('\n'))
  return { forwardAuth: created.forwardAuth, host: env.HOST || '127.0.0.1', port }
}

function create(options: ForwardAuthOptions): { forwardAuth: ForwardAuth } | { problems: string[] } {
  try {
    return { forwardAuth: createForwardAuth(options) }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return { problems: error.message.split('\n').slice(1).map(nameVariable) }
  }
}

/** Says the name that whoever runs the process knows. */
function nameVariable(line: string): string {
  const [option = '', ...mend] = line.trim().split(': ')
  return [VARIABLES[option] ?? option, ...mend].join(': ')
}

/** A list has commas or spaces between its members. */
function splitList(list = ''): string[] {
  return list.split(/[\s,]+/).filter((member) => member !== '')
}
