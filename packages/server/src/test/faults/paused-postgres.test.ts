// PostgreSQL stands still for seconds (SIGSTOP), as on a machine that is paused, and goes on: what was sent meanwhile is read then.
import assert from 'node:assert/strict'
import { connect, createServer } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { migratePostgres } from '../../store/postgres/migrations.ts'
import { openPostgresStore } from '../../store/postgres/postgres-store.ts'
import { newSession } from '../../store/store.contract.ts'
import { type Store, StoreUnavailableError } from '../../store/store.ts'
import { until } from '../following-api.ts'
import { type Cluster, skipOwn as skip, startCluster } from '../postgres-cluster.ts'
import { issuer, startTestServer } from '../test-server.ts'

async function start(t: TestContext): Promise<{ readonly cluster: Cluster; readonly store: Store }> {
  const cluster = await startCluster()
  t.after(() => {
    cluster.signal('SIGCONT')
    return cluster.remove()
  })
  await migratePostgres(cluster.url)
  const store = openPostgresStore({ url: cluster.url })
  t.after(() => store.close())
  await store.now()
  return { cluster, store }
}

/** Stops PostgreSQL for a time, in which something is asked; the answer is that of the question. */
async function pause<Answer>(cluster: Cluster, milliseconds: number, ask: () => Promise<Answer>): Promise<Answer> {
  cluster.signal('SIGSTOP')
  const asked = ask()
  asked.catch(() => {})
  await setTimeout(milliseconds)
  cluster.signal('SIGCONT')
  return asked
}

describe('PostgreSQL stands still', { skip, concurrency: true }, () => {
  test('while it is asked for the time: what is known of its clock stays right, and so does the deadline of a refresh', async (t) => {
    const { cluster, store } = await start(t)
    const { signUp, server } = startTestServer(t, { store })
    const { refreshToken } = await signUp()
    await setTimeout(1100)
    await pause(cluster, 4300, () => store.now())
    await setTimeout(50)
    const before = store.estimateNow()
    const read = await store.now()
    const wrongBy = Math.max(before - read, read - store.estimateNow())
    assert.ok(wrongBy < 250, `wrong by ${wrongBy} ms`)

    // Its client has given up after 7 s.
    const body = new ReadableStream({
      async start(controller) {
        await setTimeout(7800)
        controller.enqueue(Buffer.from(JSON.stringify({ refreshToken })))
        controller.close()
      },
    })
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body, duplex: 'half' }
    const late = await server.fetch(new Request(`${issuer}/api/auth/refresh`, init as RequestInit))
    assert.equal(late.status, 503)
  })

  test('the JWK Set that is known is answered long before verifiers give up, and may be kept for a moment', async (t) => {
    const { cluster, store } = await start(t)
    const { call, signUp } = startTestServer(t, { store })
    await signUp()
    const askForSet = async () => {
      const began = performance.now()
      const { status, headers } = await call('GET', '/.well-known/jwks.json')
      return [status, headers.get('cache-control'), performance.now() - began < 2000]
    }
    const answers = await pause(cluster, 1500, async () => {
      const together = await Promise.all(Array.from({ length: 12 }, askForSet))
      return [...together, await askForSet()]
    })
    assert.deepEqual(answers, Array(13).fill([200, 'public, max-age=10', true]))
    await until('it may be kept as long as ever', async () => /max-age=300/.test(String((await askForSet())[1])))
  })

  test('what gives trust or cannot be taken back does not happen after it has failed, though all that was asked is read later', async (t) => {
    const { cluster, store } = await start(t)
    const act = { actor: 'test', reason: '' }
    const passwordHash = 'hash'
    await store.createAccount({ id: 'usr_1', email: 'ada@example.com', passwordHash })
    await store.createAccount({ id: 'usr_2', email: 'bob@example.com', passwordHash })
    await store.suspendUser('usr_1', act)
    // So many connections are open, and all that is asked is sent.
    await Promise.all(Array.from({ length: 8 }, () => store.listPeppers()))
    const fails = (asked: Promise<unknown>) => assert.rejects(asked, StoreUnavailableError)
    await pause(cluster, 5500, () =>
      Promise.all([
        fails(store.openSession(newSession({ userId: 'usr_2', verified: { passwordVersion: 1 } }))),
        fails(store.updateAccount('usr_2', { roles: ['admin'] }, act)),
        fails(store.restoreUser('usr_1', act)),
        fails(store.deleteAccount('usr_2', 1)),
        fails(store.revoke({ kind: 'token', jti: 'read later' }, act)),
      ]),
    )
    await setTimeout(500)
    assert.equal(await store.isRevoked({ jti: 'read later' }), true)
    assert.deepEqual((await store.findAccount('usr_2'))?.roles, [])
    assert.deepEqual(await store.listLiveSessions('usr_2'), [])
    const events = (await store.listAudit(undefined, 10)).map(({ event }) => event)
    assert.deepEqual(events, ['revoke.token', 'user.suspend'])
  })

  test('a hundred calls ask once for the time', async (t) => {
    const { cluster } = await start(t)
    const way = await startCountingWay(t, cluster.url)
    const store = openPostgresStore({ url: way.url })
    t.after(() => store.close())
    await store.listPeppers()
    await setTimeout(1100)
    const before = way.count('countersign_now')
    await pause(cluster, 200, () => Promise.all(Array.from({ length: 100 }, () => store.listPeppers())))
    assert.equal(way.count('countersign_listPeppers') > 100, true)
    assert.equal(way.count('countersign_now') - before, 1)
  })
})

/** A way to the database on which one can count how often a word is said. */
async function startCountingWay(t: TestContext, url: string) {
  const to = new URL(url)
  const sent: Buffer[] = []
  const server = createServer((from) => {
    const onward = connect(Number(to.port), to.hostname)
    from.on('data', (chunk) => sent.push(chunk))
    for (const socket of [from, onward]) socket.on('error', () => {})
    from.pipe(onward).pipe(from)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const address = server.address()
  const port = String(typeof address === 'object' && address?.port)
  return {
    url: Object.assign(new URL(url), { port }).href,
    count: (word: string) => Buffer.concat(sent).toString('latin1').split(`${word}\0`).length - 1,
  }
}
