// Several Redis of our own on 127.0.0.1: a master with a replica and three Sentinels, and a cluster.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findFreePort } from '../examples/running-program.ts'
import { type RunningRedis, startRedis, until } from '../feed/running-redis.ts'

const run = promisify(execFile)

export interface Topology {
  /** What COUNTERSIGN_REDIS_URL is to be. */
  readonly url: string
  /** The one that has our keys at the moment. */
  master(): Promise<RunningRedis>
  /** Asks the master. */
  ask(...words: string[]): Promise<string>
  /** How many listen to a channel, at all nodes that answer. */
  listeners(channel: string): Promise<number>
  end(): Promise<void>
}

/** A master waits for no further replica before it sends one its data. */
const atOnce = ['--repl-diskless-sync-delay', '0']

/** What redis-cli says. */
async function ask(port: number, ...words: string[]): Promise<string> {
  const { stdout } = await run('/usr/bin/redis-cli', ['-p', String(port), ...words], {
    env: { REDISCLI_AUTH: 'right' },
    timeout: 2000,
  })
  return stdout.trim()
}

/** A master and a replica with a password; three Sentinels take a master for dead after a second. */
export async function startSentinels(): Promise<Topology> {
  const password = ['--requirepass', 'right', '--masterauth', 'right', ...atOnce]
  const redises = [await startRedis(...password), await startRedis(...password)] as const
  const [first, second] = redises
  await ask(second.port, 'REPLICAOF', '127.0.0.1', String(first.port))
  await until('the replica follows', async () =>
    /master_link_status:up/.test(await ask(second.port, 'INFO', 'replication')),
  )
  const sentinels = await Promise.all([1, 2, 3].map(() => startSentinel(first.port)))
  await until('the Sentinels know each other', async () => {
    const known = await Promise.all(sentinels.map(({ port }) => ask(port, 'SENTINEL', 'CKQUORUM', 'mymaster')))
    return known.every((answer) => answer.startsWith('OK 3'))
  })

  async function master(): Promise<RunningRedis> {
    const address = await ask(sentinels[0]?.port ?? 0, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster')
    return redises.find(({ port }) => address.endsWith(String(port))) ?? first
  }

  return {
    url: `redis+sentinel://:right@${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/mymaster?sentinel_password=right`,
    master,
    ask: async (...words) => ask((await master()).port, ...words),
    listeners: (channel) => countListeners(redises, channel),
    async end() {
      for (const sentinel of sentinels) await sentinel.end()
      await endAll(redises)
    },
  }
}

async function startSentinel(
  masterPort: number,
): Promise<{ readonly port: number; readonly end: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-sentinel-'))
  const port = await findFreePort()
  const path = join(folder, 'sentinel.conf')
  const lines = [
    ...[`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`, 'requirepass right'],
    `sentinel monitor mymaster 127.0.0.1 ${masterPort} 2`,
    ...['sentinel auth-pass mymaster right', 'sentinel down-after-milliseconds mymaster 1000'],
    ...['sentinel failover-timeout mymaster 3000', 'sentinel sentinel-pass right'],
  ]
  writeFileSync(path, `${lines.join('\n')}\n`)
  const child: ChildProcess = spawn('/usr/bin/redis-server', [path, '--sentinel'], { stdio: 'ignore' })
  await until('a Sentinel answers', async () => (await ask(port, 'PING').catch(() => '')) === 'PONG')
  return {
    port,
    async end() {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Three masters with a replica each, which take a master for dead after a second. */
export async function startCluster(): Promise<Topology> {
  const nodes: RunningRedis[] = []
  for (let count = 0; count < 6; count++) {
    const bus = String(await findFreePort())
    nodes.push(
      await startRedis('--cluster-enabled', 'yes', '--cluster-port', bus, '--cluster-node-timeout', '1000', ...atOnce),
    )
  }
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`)
  const create = ['--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes']
  await run('/usr/bin/redis-cli', create, { timeout: 30_000 })
  const [first] = nodes
  if (first === undefined) throw new Error('no node')
  const everyone = async (word: RegExp, ...words: string[]) =>
    (await Promise.all(nodes.map(({ port }) => ask(port, ...words)))).every((answer) => word.test(answer))
  await until('the cluster is well', () => everyone(/cluster_state:ok/, 'CLUSTER', 'INFO'))
  await until('replicas follow', () => everyone(/role:master|master_link_status:up/, 'INFO', 'replication'))

  async function master(): Promise<RunningRedis> {
    for (const node of nodes) {
      const answer = await ask(node.port, 'SET', '{countersign}:whose', '1', 'EX', '1').catch(() => '')
      if (answer === 'OK') return node
    }
    throw new Error('no node has our keys')
  }

  return {
    url: `redis+cluster://${addresses.slice(0, 3).join(',')}`,
    master,
    ask: async (...words) => ask((await master()).port, ...words),
    listeners: (channel) => countListeners(nodes, channel),
    end: () => endAll(nodes),
  }
}

async function countListeners(redises: readonly RunningRedis[], channel: string): Promise<number> {
  const asking = redises.map(({ port }) => ask(port, 'PUBSUB', 'NUMSUB', channel).catch(() => ''))
  const counts = (await Promise.all(asking)).map((answer) => Number(answer.split('\n')[1] ?? 0))
  return counts.reduce((sum, count) => sum + count, 0)
}

async function endAll(redises: readonly RunningRedis[]): Promise<void> {
  for (const redis of redises) await redis.end()
}
