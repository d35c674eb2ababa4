// Any one process dies or stands still, at any moment, under load: what was acknowledged is true afterwards, and nothing else.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  type Fleet,
  type Instance,
  type MortalRedis,
  RefreshingClient,
  skip,
  skipRedis,
  startFleet,
  startRedis,
} from '../fleet.ts'
import { type FollowingApi, startFollowingApi, until } from '../following-api.ts'
import { ask, type Cluster, skipOwn, startCluster } from '../postgres-cluster.ts'
import { signUp } from '../running-server.ts'
import type { Tokens } from '../test-server.ts'

/** What has been acknowledged. */
interface Ledger {
  readonly alive: RefreshingClient[]
  readonly ended: Tokens[]
}

/** Signs in, refreshes, and ends some of its sessions, all the time; what is not acknowledged is not written down. */
async function live(fleet: Fleet, name: string, ledger: Ledger, isOver: () => boolean): Promise<void> {
  for (let count = 0; !isOver(); count++) {
    const tokens = await signUp(fleet.url, `${name}-${count}`).catch(() => undefined)
    if (tokens === undefined) {
      await setTimeout(200)
      continue
    }
    const client = new RefreshingClient(tokens.refreshToken)
    ledger.alive.push(client)
    for (let turn = 0; turn < 4 && !isOver(); turn++) {
      await setTimeout(100 + Math.random() * 300)
      await client.refreshOnce(fleet.url)
    }
    if (count % 2 === 0) continue
    const headers = { authorization: `Bearer ${client.token}` }
    ledger.alive.splice(ledger.alive.indexOf(client), 1)
    const signal = AbortSignal.timeout(3000)
    const reply = await fetch(`${fleet.url}/api/auth/logout`, { method: 'POST', headers, signal }).catch(
      () => undefined,
    )
    if (reply?.status === 204) ledger.ended.push({ ...tokens, refreshToken: client.token })
  }
}

/** Waits until every server says that it can serve. */
async function settle({ instances }: Fleet): Promise<void> {
  for (const { port } of instances)
    await until(`${port} is ready`, async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).status === 200)
}

/** Everything acknowledged is true at every server and at an API that follows the feed, and the feed has no gap. */
async function assertTrue(fleet: Fleet, ledger: Ledger, api: FollowingApi, after: string): Promise<void> {
  const addresses = fleet.instances.map(({ port }) => `http://127.0.0.1:${port}`)
  const anyAddress = () => addresses[Math.floor(Math.random() * addresses.length)] ?? ''
  for (const client of ledger.alive) await client.refreshOnce(anyAddress())
  const refusals = ledger.alive.flatMap((client) => client.refusals)
  assert.deepEqual(refusals, [], `after ${after}: an acknowledged session is dead`)
  for (const { accessToken, refreshToken } of ledger.ended) {
    const headers = { authorization: `Bearer ${accessToken}` }
    const me = await fetch(`${anyAddress()}/api/auth/me`, { headers })
    const dead = new RefreshingClient(refreshToken)
    await dead.refreshOnce(anyAddress())
    assert.deepEqual([me.status, dead.refusals.length], [401, 1], `after ${after}: a session that was ended lives`)
    await api.refuses(accessToken)
  }
  const [gaps] = await ask(
    fleet.database,
    `SELECT f.head::int AS head, count(r.seq)::int AS numbered, coalesce(max(r.seq), 0)::int AS last
     FROM countersign.revocation_feed f LEFT JOIN countersign.revocations r ON r.seq IS NOT NULL GROUP BY f.head`,
  )
  assert.deepEqual(gaps, { head: gaps?.head, numbered: gaps?.head, last: gaps?.head }, `after ${after}: a gap`)
  const thefts = await ask(fleet.database, "SELECT 1 FROM countersign.audit WHERE event = 'refresh.reuse'")
  assert.deepEqual(thefts, [], `after ${after}: somebody was taken for a thief`)
}

/** Each with what it does to the fleet; it is over when the part is back. */
function faultsOf(
  fleet: Fleet,
  cluster: Cluster,
  redis: MortalRedis,
): readonly (readonly [string, () => Promise<void>])[] {
  const serverAt = (index: number) => fleet.instances[index] as Instance
  async function replace(index: number, signal: NodeJS.Signals): Promise<void> {
    const { child, port, ended } = serverAt(index)
    child.kill(signal)
    await ended()
    await setTimeout(1000)
    fleet.instances[index] = await fleet.start(port)
  }
  async function freeze(index: number): Promise<void> {
    serverAt(index).child.kill('SIGSTOP')
    await setTimeout(5000)
    serverAt(index).child.kill('SIGCONT')
  }
  async function restartDatabase(signal: 'SIGINT' | 'SIGQUIT'): Promise<void> {
    await cluster.end(signal)
    await setTimeout(1500)
    await cluster.start()
  }
  return [
    ['a server was killed', () => replace(0, 'SIGKILL')],
    ['another stood still for five seconds', () => freeze(1)],
    ['PostgreSQL was restarted', () => restartDatabase('SIGINT')],
    ['PostgreSQL crashed', () => restartDatabase('SIGQUIT')],
    [
      'PostgreSQL stood still for eight seconds',
      async () => {
        cluster.signal('SIGSTOP')
        await setTimeout(8000)
        cluster.signal('SIGCONT')
      },
    ],
    [
      'Redis was killed, and came back empty',
      async () => {
        await redis.kill()
        await setTimeout(3000)
        await redis.start()
      },
    ],
    [
      'Redis stood still for four seconds',
      async () => {
        redis.signal('SIGSTOP')
        await setTimeout(4000)
        redis.signal('SIGCONT')
      },
    ],
    ['the last server was killed', () => replace(2, 'SIGKILL')],
  ]
}

describe('under load', { skip: skip || skipOwn || skipRedis }, () => {
  test('whatever dies or stands still: every acknowledged session lives, no ended one does, the feed has no gap', async (t) => {
    const cluster = await startCluster()
    t.after(cluster.remove)
    const redis = await startRedis(t)
    const fleet = await startFleet(t, { database: cluster.url, env: { COUNTERSIGN_REDIS_URL: redis.url } })
    const api = await startFollowingApi(t, fleet.url, fleet.database)
    const ledger: Ledger = { alive: [], ended: [] }
    for (const [what, happen] of faultsOf(fleet, cluster, redis)) {
      let isOver = false
      const names = Array.from({ length: 5 }, () => randomBytes(4).toString('hex'))
      const clients = names.map((name) => live(fleet, name, ledger, () => isOver))
      await setTimeout(1500)
      await happen()
      await settle(fleet)
      await setTimeout(1500)
      isOver = true
      await Promise.all(clients)
      await assertTrue(fleet, ledger, api, what)
    }
    assert.ok(ledger.alive.length >= 10 && ledger.ended.length >= 5, `${ledger.alive.length}, ${ledger.ended.length}`)
    const told = fleet.instances.map(({ output }) => output.stdout).join('')
    assert.match(told, /"reason":"PostgreSQL: [^"]+".*"msg":"request not served"/, 'the log explains')
  })
})
