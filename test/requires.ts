// What tests need from the machine beyond Node, and the command that brings it.
import { spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'

const parts = {
  apache2: () => existsSync('/usr/sbin/apache2'),
  bsdutils: () => existsSync('/usr/bin/script'),
  caddy: () => existsSync('/usr/bin/caddy'),
  chromium: () => existsSync('/usr/bin/chromium'),
  curl: () => existsSync('/usr/bin/curl'),
  'golang-go': () => existsSync('/usr/bin/go'),
  haproxy: () => existsSync('/usr/sbin/haproxy'),
  'libapache2-mod-auth-openidc': () => existsSync('/usr/lib/apache2/modules/mod_auth_openidc.so'),
  nginx: () => existsSync('/usr/sbin/nginx'),
  openssl: () => existsSync('/usr/bin/openssl'),
  pgbouncer: () => existsSync('/usr/sbin/pgbouncer'),
  postgresql: () => isSet('TEST_POSTGRES_URL') || globSync('/usr/lib/postgresql/*/bin/postgres').length > 0,
  prometheus: () => existsSync('/usr/bin/promtool'),
  'python3-cryptography': () => pythonImports('cryptography'),
  'python3-flask': () => pythonImports('flask'),
  'python3-jwt': () => pythonImports('jwt'),
  'python3-redis': () => pythonImports('redis'),
  'redis-server': () => isSet('TEST_REDIS_URL') || existsSync('/usr/bin/redis-server'),
} satisfies Record<string, () => boolean>

/** The name of a part: that of the Debian package that brings it. */
export type Part = keyof typeof parts

/** Every part that a test may name. */
export const partNames = Object.keys(parts) as Part[]

const known = new Map<Part, boolean>()

/**
 * Tells whether a test has to be skipped for want of parts of the machine: `false`, or the sentence that says which command
 * installs them.
 *
 * @example test('takes a screenshot', { skip: requires('chromium') }, async () => {})
 */
export function requires(...names: Part[]): string | false {
  return explain(names.filter((name) => !isThere(name)))
}

/** Says which parts are missing, and how to install them. */
export function explain(missing: string[]): string | false {
  if (missing.length === 0) return false
  return `needs ${missing.join(' and ')}: apt-get install ${missing.join(' ')}`
}

function isThere(name: Part): boolean {
  const there = known.get(name) ?? parts[name]()
  known.set(name, there)
  return there
}

function isSet(variable: string): boolean {
  return (process.env[variable] ?? '') !== ''
}

// Debian's own Python, whatever `python3` is on the PATH: its packages are the ones that apt-get installs.
function pythonImports(module: string): boolean {
  return spawnSync('/usr/bin/python3', ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0
}
