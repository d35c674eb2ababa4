// Runs the proxies with the very files under deploy/, which are written for other ports, without any rights: on 127.0.0.1, with
// all that they write in a folder of their own.
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findFreePort, type Program, type Start, startProgram } from '../examples/running-program.ts'

export interface RunningProxy extends Program {
  port: number
}

/** What stands in a file under deploy/ and what the test has instead. */
export type Replacements = Record<string, string | number>

interface Kind {
  /** The file under deploy/. */
  file: string
  /** Makes the whole configuration, of which the file may be a part. */
  configure: (deployed: string, folder: string) => string
  start: (folder: string, configuration: string) => Pick<Start, 'command' | 'args' | 'ready'>
}

const apacheModules =
  'mpm_event authn_core authz_core authz_user auth_openidc headers macro proxy proxy_http rewrite'.split(' ')

const kinds = {
  nginx: {
    file: 'nginx/forward-auth.conf',
    configure: (deployed) => `
      daemon off;
      pid nginx.pid;
      error_log stderr notice;
      events {}
      http {
        access_log off;
        underscores_in_headers on;
        ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${kind};`).join('\n')}
        ${deployed}
      }`,
    start: (folder, configuration) => ({
      command: '/usr/sbin/nginx',
      args: ['-e', 'stderr', '-p', folder, '-c', configuration],
      ready: /start worker process \d/,
    }),
  },
  caddy: {
    file: 'caddy/Caddyfile',
    configure: (deployed) => `{\n\tadmin off\n\tauto_https off\n}\n${deployed}`,
    start: (_folder, configuration) => ({
      command: '/usr/bin/caddy',
      args: ['run', '--adapter', 'caddyfile', '--config', configuration],
      ready: /serving initial configuration/,
    }),
  },
  haproxy: {
    file: 'haproxy/haproxy.cfg',
    configure: (deployed) => deployed,
    start: (_folder, configuration) => ({
      command: '/usr/sbin/haproxy',
      args: ['-W', '-db', '-f', configuration],
      ready: /Loading success/,
    }),
  },
  apache: {
    file: 'apache/protected-application.conf',
    configure: (deployed, folder) => `
      ServerName 127.0.0.1
      DefaultRuntimeDir ${folder}
      PidFile ${folder}/apache.pid
      ErrorLog "|/bin/cat"
      ${apacheModules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
      ${deployed}`,
    start: (folder, configuration) => ({
      command: '/usr/sbin/apache2',
      args: ['-D', 'FOREGROUND', '-d', folder, '-f', configuration],
      ready: /resuming normal operations/,
    }),
  },
} satisfies Record<string, Kind>

/** Starts a proxy with its file under deploy/, in which some texts are replaced. The file listens on 127.0.0.1:8080. */
export async function startProxy(name: keyof typeof kinds, replacements: Replacements): Promise<RunningProxy> {
  const kind: Kind = kinds[name]
  const port = await findFreePort()
  const folder = mkdtempSync(join(tmpdir(), `countersign-${name}-`))
  const removeFolder = () => rmSync(folder, { recursive: true, force: true })
  try {
    const user = process.getuid?.() === 0 ? nobody : undefined
    const configuration = join(folder, 'configuration')
    writeFileSync(configuration, kind.configure(render(kind.file, { ':8080': `:${port}`, ...replacements }), folder))
    if (user !== undefined) chownSync(folder, user.uid, user.gid)
    const program = await startProgram({
      ...kind.start(folder, configuration),
      cwd: folder,
      env: { HOME: folder },
      ...(user !== undefined && { user }),
      url: `http://127.0.0.1:${port}`,
    })
    return { ...program, port, stop: () => program.stop().finally(removeFolder) }
  } catch (error) {
    removeFolder()
    throw error
  }
}

/** The user that owns nothing, on Debian and elsewhere. */
const nobody = { uid: 65_534, gid: 65_534 }

/** Reads a file under deploy/ with other values. A text that is not there is a test of something else than what is documented. */
function render(file: string, replacements: Replacements): string {
  let text = readFileSync(join(import.meta.dirname, '../../deploy', file), 'utf8')
  for (const [old, value] of Object.entries(replacements)) {
    if (!text.includes(old)) throw new Error(`deploy/${file} does not have ${old}`)
    text = text.replaceAll(old, String(value))
  }
  return text
}
