/**
 * Runs in a network namespace of its own (`unshare --net`): PostgreSQL and a server in this one, the other server in another, and a
 * cable between them that is pulled. Nothing of the machine's own network is touched.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { migratePostgres } from '../store/postgres/migrations.ts'
import { assertSurvives } from './partition.ts'
import { startCluster } from './postgres-cluster.ts'

const here = '10.203.0.1'
const there = '10.203.0.2'
const port = 4000
const mainFile = fileURLToPath(new URL('../main.ts', import.meta.url))
const ip = (...words: string[]) => execFileSync('/usr/sbin/ip', words)

ip('link', 'set', 'lo', 'up')
const holder = spawn('/usr/bin/unshare', ['--net', 'sleep', '600'], { stdio: 'ignore' })
await setTimeout(300)
const inside = ['--net', '--target', String(holder.pid)]
ip('link', 'add', 'cable0', 'type', 'veth', 'peer', 'name', 'cable1', 'netns', String(holder.pid))
ip('address', 'add', `${here}/24`, 'dev', 'cable0')
ip('link', 'set', 'cable0', 'up')
for (const words of [
  ['address', 'add', `${there}/24`, 'dev', 'cable1'],
  ['link', 'set', 'cable1', 'up'],
  ['link', 'set', 'lo', 'up'],
])
  execFileSync('/usr/bin/nsenter', [...inside, 'ip', ...words])

const cluster = await startCluster(`127.0.0.1,${here}`)
const servers: ReturnType<typeof spawn>[] = []
try {
  await migratePostgres(cluster.url)
  const database = (host: string) => Object.assign(new URL(cluster.url), { hostname: host }).href
  const issuer = `http://127.0.0.1:${port}`
  const start = (command: readonly string[], host: string, databaseHost: string) => {
    const [program = '', ...words] = [...command, process.execPath, ...process.execArgv, mainFile, 'start']
    const env = {
      ...process.env,
      ...{ PORT: String(port), HOST: host, COUNTERSIGN_DATABASE_URL: database(databaseHost) },
      ...{ COUNTERSIGN_MASTER_KEY: 'A'.repeat(43), COUNTERSIGN_ISSUER: issuer, COUNTERSIGN_AUDIENCE: issuer },
    }
    servers.push(spawn(program, words, { env, stdio: ['ignore', 'ignore', 'inherit'] }))
  }
  start([], '127.0.0.1', '127.0.0.1')
  start(['/usr/bin/nsenter', ...inside], there, here)
  await ready(async () => (await fetch(`${issuer}/readyz`)).status === 200)
  await ready(async () => askCut('GET', '/readyz', '').status === 200)
  await assertSurvives({
    url: issuer,
    database: cluster.url,
    askCut: async (method, path, token) => askCut(method, path, token),
    cut: () => ip('link', 'set', 'cable0', 'down'),
    heal: () => ip('link', 'set', 'cable0', 'up'),
  })
} finally {
  for (const server of servers) server.kill('SIGKILL')
  holder.kill('SIGKILL')
  await cluster.remove()
}

/** The other server can be asked only from where it is. */
function askCut(method: string, path: string, token: string): { status: number; body: string } {
  const flags = ['--silent', '--max-time', '10', '--request', method, '--write-out', '\n%{http_code}']
  const header = token === '' ? [] : ['--header', `Authorization: Bearer ${token}`]
  const url = `http://${there}:${port}${path}`
  const { stdout } = spawnSync('/usr/bin/nsenter', [...inside, 'curl', ...flags, ...header, url], { encoding: 'utf8' })
  const at = stdout.lastIndexOf('\n')
  return { status: Number(stdout.slice(at + 1)), body: stdout.slice(0, at) }
}

async function ready(isReady: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; !(await isReady().catch(() => false)); attempt++) {
    if (attempt === 300) throw new Error('a server does not start')
    await setTimeout(50)
  }
}
