// PostgreSQL stands still for seconds (SIGSTOP), as on a machine that is paused, and goes on: what was sent meanwhile is read then.
import assert from 'node:assert/strict'
import { connect, createServer } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { migratePostgres } from '../../store/postgres/migrations.ts'
import { openPostgresStore } from '../../store/postgres/postgres-store.ts'
import type { Store } from '../../store/store.ts'
import { type Cluster, skipOwn as skip, startCluster } from '../postgres-cluster.ts'
import { issuer, startTestServer } from '../test-server.ts'

async function start(t: TestContext): Promise<{ readonly cluster: Cluster; readonly store: Store }> {
  const cluster = await startCluster()
  t.after(cluster.remove)
  await migratePostgres(cluster.url)
  const store = openPostgresStore({ url: cluster.url })
  t.after(() => store.close())
  await store.now()
  return { cluster, store }
}

/** Stops PostgreSQL for a time, in which something is asked; the answer is that of the question, or its error. */
async function pause<Answer>(
  cluster: Cluster,
  milliseconds: number,
  ask: () => Promise<Answer>,
): Promise<Answer | Error> {
  cluster.signal('SIGSTOP')
  try {
    const asked = ask().catch((error: Error) => error)
    await setTimeout(milliseconds)
    return asked
  } finally {
    cluster.signal('SIGCONT')
  }
}

describe('PostgreSQL stands still', { skip, concurrency: true }, () => {
  test('while it is asked for the time: what is known of its clock stays right, and so does the deadline of a refresh', async (t) => {
    const { cluster, store } = await start(t)
    const { signUp, server } = startTestServer(t, { store })
    const { refreshToken } = await signUp()
    await setTimeout(1100)
    await pause(cluster, 4300, () => store.now())
    await setTimeout(50)
    const wrongBy = Math.abs(store.estimateNow() - (await store.now()))
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
