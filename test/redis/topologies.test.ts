// Sentinels and a cluster: the copy of what is revoked, and limits, before, while and after another master takes over.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../feed/running-redis.ts'
import { requires } from '../requires.ts'
import { ada, countTogether, type Installation, type Instance, install } from './installation.ts'
import { startCluster, startSentinels, type Topology } from './topologies.ts'

const act = { actor: 'test', reason: '' }
const kinds = [
  { name: 'Sentinels', prefix: 'countersign', start: startSentinels },
  { name: 'a cluster', prefix: '{countersign}', start: startCluster },
]

for (const { name, prefix, start } of kinds)
  describe(`Redis behind ${name}`, { skip: requires('redis-server') }, () => {
    let topology: Topology
    let installation: Installation
    let one: Instance
    let other: Instance

    before(async () => {
      topology = await start()
      installation = await install(2, { redis: { url: topology.url } })
      const [first, second] = installation.instances
      assert.ok(first && second)
      one = first
      other = second
      await isWell()
    })
    after(async () => {
      await installation.close()
      await topology.end()
    })

    function isWell(): Promise<number> {
      return until(
        'Redis is asked, and one server keeps the copy',
        async () => {
          const states = await Promise.all([one.ready(), other.ready()])
          const mirrors = states.map(({ json }) => json.checks?.redisMirror).toSorted()
          return states.every(({ json }) => json.checks?.redis === 'ready') && mirrors.join() === 'live,standby'
        },
        30_000,
      )
    }

    /** Revokes a token and waits until the copy has it. */
    async function revoke(jti: string): Promise<void> {
      await installation.store.revoke({ kind: 'token', jti }, act)
      await until(`${jti} is there`, async () => (await topology.ask('GET', `${prefix}:jti:${jti}`)) === '0')
      assert.match(await topology.ask('GET', `${prefix}:live`), /^[\w-]+:\d+$/)
    }

    async function areShared(network: string): Promise<void> {
      assert.ok(await countTogether([one, other], network))
    }

    async function areHintsHeard(): Promise<void> {
      await until('both listen', async () => (await topology.listeners(`${prefix}:hint`)) === 2, 30_000)
    }

    /** Signs in and refreshes until Redis is well again; nothing may fail or take long. */
    async function serveUntilWell(): Promise<void> {
      let isOver = false
      const longest: number[] = []
      const serving = (async () => {
        while (!isOver) {
          const login = await one.login()
          const refresh = await other.refresh(login.json.refreshToken ?? '')
          assert.deepEqual([login.status, refresh.status], [200, 200])
          longest.push(login.took, refresh.took)
          await sleep(20)
        }
      })()
      await until('trouble is seen', async () => (await one.ready()).json.checks?.redis !== 'ready')
      const took = await isWell().finally(() => {
        isOver = true
      })
      await serving
      assert.ok(took < 20_000, `${took} ms`)
      assert.ok(Math.max(...longest) < 1000, `${Math.max(...longest)} ms`)
    }

    test('has the copy, and limits are shared', async () => {
      await revoke('before')
      await areShared('10.0.1')
      await areHintsHeard()
    })

    test('a killed master: nobody waits, and then copy and limits are on the next', async () => {
      const master = await topology.master()
      await master.kill()
      await serveUntilWell()
      assert.notEqual((await topology.master()).port, master.port)
      await revoke('killed')
      await areShared('10.0.2')
      await areHintsHeard()
      await master.start()
    })

    test('a master that stands still: nobody waits, and then copy and limits are on the next', async () => {
      await until('a replica is there', async () =>
        /connected_slaves:[1-9]/.test(await topology.ask('INFO', 'replication')),
      )
      const master = await topology.master()
      master.signal('SIGSTOP')
      try {
        await serveUntilWell()
        await revoke('stopped')
        await areShared('10.0.3')
        await areHintsHeard()
      } finally {
        master.signal('SIGCONT')
      }
      // The old master believes to be one for a moment yet: nothing of ours may go there for good.
      await sleep(2000)
      await isWell()
      await revoke('after')
      assert.equal((await one.login(ada)).status, 200)
    })
  })
