/**
 * Reads where Redis is: one server, the master that Sentinels name, or a cluster. The forms for several hosts are those of other programs,
 * since no standard has any; the URL class takes no list of hosts.
 */

/** Where Redis is and how to sign in; nothing of it may be logged. */
export type RedisLocation = {
  readonly isEncrypted: boolean
  readonly username: string | undefined
  readonly password: string | undefined
} & (
  | { readonly kind: 'single'; readonly host: RedisHost; readonly database: number }
  | {
      readonly kind: 'sentinel'
      readonly sentinels: readonly RedisHost[]
      readonly master: string
      readonly database: number
      readonly sentinelUsername: string | undefined
      readonly sentinelPassword: string | undefined
    }
  | { readonly kind: 'cluster'; readonly nodes: readonly RedisHost[] }
)

export interface RedisHost {
  readonly host: string
  readonly port: number
}

/** What every key begins with unless said otherwise. Keys of one script must be on one node of a cluster: the braces see to that. */
export const defaultPrefix = { single: 'countersign', sentinel: 'countersign', cluster: '{countersign}' } as const

const forms =
  'redis://…, rediss://… (TLS), redis+sentinel://<user>:<password>@<host>:<port>,<host>:<port>/<master name> or redis+cluster://<host>:<port>,<host>:<port>'

/** Reads a URL; a text is what is wrong with it, and never quotes it. */
export function parseRedisLocation(url: string): RedisLocation | string {
  const parts = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/([^?#]*))?(?:\?([^#]*))?$/.exec(
    url,
  )
  if (parts === null) return `must be ${forms}`
  const [, scheme, kind = 'single', userInfo, hostList = '', path = '', query = ''] = parts
  const credentials = readCredentials(userInfo)
  const hosts = hostList.split(',').map((host) => readHost(host, kind === 'sentinel' ? 26_379 : 6379))
  if (credentials === undefined) return 'has a user name or password that is not percent-encoded'
  if (!hosts.every((host) => host !== undefined))
    return 'has a host that is not <host>, <host>:<port> or [<IPv6 address>]:<port>'
  const common = { isEncrypted: scheme === 'rediss', ...credentials }

  if (kind === 'sentinel') return readSentinel(common, hosts, path, new URLSearchParams(query))
  if (query !== '') return 'takes no parameters behind a question mark'
  if (kind === 'cluster')
    return path === '' || path === '0' ? { ...common, kind, nodes: hosts } : 'must name no database: a cluster has one'
  const [host, ...others] = hosts
  const database = readDatabase(path)
  if (host === undefined || others.length > 0)
    return 'names several hosts: begin it with redis+sentinel:// or redis+cluster://'
  if (database === undefined) return 'must end with a host and port, or /<number of the database>'
  return { ...common, kind: 'single', host, database }
}

type Common = Pick<RedisLocation, 'isEncrypted' | 'username' | 'password'>

function readSentinel(
  common: Common,
  sentinels: readonly RedisHost[],
  path: string,
  parameters: URLSearchParams,
): RedisLocation | string {
  const [master = '', database = '', ...rest] = path.split('/')
  const number = readDatabase(database)
  if (master === '' || number === undefined || rest.length > 0)
    return 'must end with /<master name>, or /<master name>/<number of the database>'
  for (const name of parameters.keys())
    if (name !== 'sentinel_username' && name !== 'sentinel_password')
      return 'takes sentinel_username and sentinel_password behind a question mark, and nothing else'
  const sentinelUsername = parameters.get('sentinel_username') ?? undefined
  const sentinelPassword = parameters.get('sentinel_password') ?? undefined
  return { ...common, kind: 'sentinel', sentinels, master, database: number, sentinelUsername, sentinelPassword }
}

/** `user:password`, `:password`, or a user name alone; what is empty counts as not given. */
function readCredentials(text = ''): Pick<Common, 'username' | 'password'> | undefined {
  const colon = text.indexOf(':')
  try {
    const username = decodeURIComponent(colon < 0 ? text : text.slice(0, colon))
    const password = decodeURIComponent(colon < 0 ? '' : text.slice(colon + 1))
    return { username: username || undefined, password: password || undefined }
  } catch {
    return undefined
  }
}

function readHost(text: string, defaultPort: number): RedisHost | undefined {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = bracketed ?? plain
  const number = port === undefined ? defaultPort : Number(port)
  return host === undefined || number > 65_535 ? undefined : { host, port: number }
}

function readDatabase(text: string): number | undefined {
  return /^\d{0,5}$/.test(text) ? Number(text) : undefined
}

/** Tells what is wrong with a prefix for the Redis at a location. */
export function problemOfPrefix(prefix: string, kind: RedisLocation['kind']): string | undefined {
  if (!/^[\x21-\x7e]{1,64}$/.test(prefix)) return 'must be up to 64 printable characters without spaces'
  if (kind === 'cluster' && !/\{[^{}]+\}/.test(prefix))
    return `must have braces in a cluster, such as {${prefix.replaceAll(/[{}]/g, '')}}, so that all keys are on one node`
  return undefined
}
