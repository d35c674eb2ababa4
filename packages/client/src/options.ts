/** The options of `createClient`, and what becomes of them. */
import { type Environment, systemEnvironment } from './environment.ts'
import { type RefreshTokenStorage, storeInMemory } from './refresh-token-record.ts'

/** What a client is made of. */
export interface ClientOptions {
  /** The issuer identifier of the authorization server, such as `https://login.example.com`. */
  readonly issuer: string
  /**
   * Where the refresh token is: `cookie`, out of reach of every script, or `bearer`, in `storage`.
   * @default 'cookie' in a page; 'bearer' where there is a storage, or no page
   */
  readonly mode?: 'cookie' | 'bearer' | undefined
  /**
   * Keeps the refresh token in bearer mode. In a page that means where every script can read it.
   * @default memory: until the page or process ends
   */
  readonly storage?: RefreshTokenStorage | undefined
  /**
   * The origins whose requests get the access token, and no others.
   * @default those of the issuer and of the page
   */
  readonly apiOrigins?: readonly string[] | undefined
  /** Where the endpoints of the authorization server are. @default '/api/auth' */
  readonly routePrefix?: string | undefined
  /** Permits an http issuer that is not on a loopback address; whoever is on the way then reads passwords. @default false */
  readonly allowInsecureHttp?: boolean | undefined
  /** Parts to use instead of the system's: for tests. @default the system's */
  readonly environment?: Partial<Environment> | undefined
}

/** Options with every default filled in. */
export interface Settings {
  readonly endpoint: (path: string) => string
  readonly mode: 'cookie' | 'bearer'
  readonly storage: RefreshTokenStorage | undefined
  readonly apiOrigins: ReadonlySet<string>
  /** To which address relative ones refer. */
  readonly base: () => string
  /** The name under which the tabs of one browser that share a session find each other; none where they share nothing. */
  readonly sharedAs: string | undefined
  readonly environment: Environment
}

/** Checks the options. @throws TypeError that names all that is wrong */
export function resolveOptions(options: ClientOptions): Settings {
  const { issuer, storage, routePrefix = '/api/auth', allowInsecureHttp = false } = options
  const environment: Environment = { ...systemEnvironment(), ...options.environment }
  const { page } = environment
  const mode = options.mode ?? (storage === undefined && page ? 'cookie' : 'bearer')
  const origins = options.apiOrigins ?? [issuer, page?.url].map(originOf).filter((origin) => origin !== undefined)

  const problems = [
    issuerProblem(issuer, allowInsecureHttp),
    mode === 'cookie' && storage && 'storage: is for mode bearer',
    !/^(\/[\w.~-]+)*$/.test(routePrefix) && 'routePrefix: must be such as /api/auth',
    ...origins.map((origin) => originOf(origin) !== origin && 'apiOrigins: must be such as https://api.example.com'),
  ].filter((problem) => typeof problem === 'string')
  if (problems.length > 0) throw new TypeError(`createClient: ${problems.join('; ')}`)

  const shared = mode === 'cookie' ? 'cookie' : storage?.sharedAs
  return {
    endpoint: (path) => `${issuer}${routePrefix}/${path}`,
    mode,
    storage: mode === 'cookie' ? undefined : (storage ?? storeInMemory()),
    apiOrigins: new Set(origins),
    base: () => page?.url ?? issuer,
    sharedAs: shared && `countersign ${issuer}${routePrefix} ${shared}`,
    environment,
  }
}

function originOf(url: string | undefined): string | undefined {
  try {
    const { origin } = new URL(url ?? '')
    return origin === 'null' ? undefined : origin
  } catch {
    return undefined
  }
}

function issuerProblem(issuer: string, allowInsecureHttp: boolean): string | false {
  const match = /^(https?):\/\/(\[[\da-f:]+\]|[^/?#@\s:]+)(:\d+)?(\/[^?#\s]*[^/?#\s])?$/i.exec(issuer)
  if (match === null) return 'issuer: must be such as https://login.example.com'
  const isSafe = match[1] === 'https' || /^(localhost|127\.0\.0\.1|\[::1\])$/.test(match[2] ?? '')
  return !isSafe && !allowInsecureHttp && 'issuer: must be https, unless allowInsecureHttp is true'
}
