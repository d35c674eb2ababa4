// Three servers behind nginx on one PostgreSQL, and clients that refresh all the time, while servers are stopped and killed.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type Instance, leeway, RefreshingClient, skip, startFleet } from '../fleet.ts'
import { ask, stopCluster } from '../postgres-cluster.ts'
import { signUp } from '../running-server.ts'

describe('three servers behind nginx', { skip }, () => {
  after(stopCluster)

  test('that start at once on an empty database use the same two keys and one pepper', async (t) => {
    const { database, instances } = await startFleet(t)
    const sets = await Promise.all(
      instances.map(async ({ port }) => (await fetch(`http://127.0.0.1:${port}/.well-known/jwks.json`)).text()),
    )
    assert.equal(new Set(sets).size, 1)
    assert.equal((JSON.parse(sets[0] ?? '') as { keys: unknown[] }).keys.length, 2)
    const made = await ask(
      database,
      'SELECT (SELECT count(*) FROM countersign.signing_keys)::int AS keys, (SELECT count(*) FROM countersign.peppers)::int AS peppers',
    )
    assert.deepEqual(made, [{ keys: 2, peppers: 1 }])
  })

  test('one stopped for four leeways, one killed: nobody is signed out, nobody is taken for a thief', async (t) => {
    const { url, database, instances, start } = await startFleet(t)
    const [, stopped, killed] = instances as [Instance, Instance, Instance]
    const clients: RefreshingClient[] = []
    for (let i = 0; i < 20; i++)
      clients.push(new RefreshingClient((await signUp(`http://127.0.0.1:${stopped.port}`, `user-${i}`)).refreshToken))
    let isOver = false
    const running = clients.map((client) => client.keepRefreshing(url, () => isOver))
    await setTimeout(4 * leeway * 1000)
    stopped.child.kill('SIGSTOP')
    await setTimeout(4 * leeway * 1000)
    stopped.child.kill('SIGCONT')
    await setTimeout(500)
    killed.child.kill('SIGKILL')
    await setTimeout(4 * leeway * 1000)
    await start(killed.port)
    await setTimeout(1000)
    isOver = true
    await Promise.all(running)

    assert.deepEqual(
      clients.flatMap(({ refusals }) => refusals),
      [],
    )
    for (const client of clients) await client.refreshOnce(url)
    assert.deepEqual(
      clients.flatMap(({ refusals }) => refusals),
      [],
      'every session lives',
    )
    const rotations = clients.reduce((sum, client) => sum + client.rotations, 0)
    assert.ok(rotations >= 2 * clients.length, `${rotations} rotations`)
    assert.ok(
      clients.some(({ troubles }) => troubles > 0),
      'the faults were felt',
    )
    const thefts = await ask(database, "SELECT 1 FROM countersign.audit WHERE event = 'refresh.reuse'")
    assert.deepEqual(thefts, [])
  })
})
