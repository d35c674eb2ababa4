// What is read over the one connection on which nobody waits for another's answer, and what holds it up.
import assert from 'node:assert/strict'
import { after, describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { ask, newConnection, skip, stopCluster } from '../../test/postgres-cluster.ts'
import { newSession } from '../store.contract.ts'
import { StoreUnavailableError } from '../store.ts'
import * as fixture from './postgres-store.fixture.ts'
import { openPostgresStore } from './postgres-store.ts'

describe('PostgreSQL: reads', { skip: skip }, () => {
  after(stopCluster)

  test('that come at once leave together, on one connection, and each gets its own answer', async (t) => {
    const { url, store, sessions } = await openWithSessions(t, 50)
    const found = await Promise.all(sessions.map(({ sid }) => store.findLiveSession(sid)))
    assert.deepEqual(
      found.map((one) => one?.session.sid),
      sessions.map(({ sid }) => sid),
    )
    assert.equal((await ask(url, readers)).length, 1)
  })

  test('see what was answered before they were asked, whoever wrote it', async (t) => {
    const { url, store, sessions } = await openWithSessions(t, 20)
    const other = fixture.openAt(url)
    t.after(() => other.close())
    for (const { sid, userId } of sessions) {
      assert.ok(await store.findLiveSession(sid))
      await other.revokeSession({ sid, userId }, 'logout')
      assert.equal(await store.findLiveSession(sid), undefined)
      assert.equal(await store.isInForce({ sid, sub: userId }), false)
    }
  })

  test('that wait when the connection breaks fail, and the next ones connect anew', async (t) => {
    const { url, store, sessions } = await openWithSessions(t, 1)
    const [sid = ''] = sessions.map((session) => session.sid)
    await holdTable(t, url, 'sessions', async () => {
      const reads = [store.findLiveSession(sid), store.findLiveSession(sid), store.now()]
      const failed = Promise.all(reads.map((one) => assert.rejects(one, StoreUnavailableError)))
      await untilWaiting(url)
      await ask(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
      )
      await failed
    })
    assert.ok(await store.findLiveSession(sid))
  })

  test('that cannot be prepared in time fail, each as a store that is away, and are prepared later', async (t) => {
    const { url, sessions } = await openWithSessions(t, 1)
    const [sid = ''] = sessions.map((session) => session.sid)
    const store = openPostgresStore({ url, timeout: 1000 })
    t.after(() => store.close())
    await store.now()
    await holdTable(t, url, 'sessions', async () => {
      const reads = [store.findLiveSession(sid), store.findLiveSession(sid), store.findLiveSession(sid)]
      await Promise.all(reads.map((one) => assert.rejects(one, StoreUnavailableError)))
    })
    assert.ok(await store.findLiveSession(sid))
  })

  test('take the other connections when a line has formed behind one that waits', async (t) => {
    const { url, store, sessions } = await openWithSessions(t, 1)
    const [sid = ''] = sessions.map((session) => session.sid)
    await holdTable(t, url, 'clients', async () => {
      const held = [store.findClient('x'), ...Array.from({ length: 99 }, () => store.findLiveSession(sid))]
      let answered = 0
      for (const one of held)
        one.then(
          () => answered++,
          () => {},
        )
      assert.ok(await store.findLiveSession(sid))
      assert.equal(answered, 0)
    })
  })

  test('leave no connection behind when nobody has asked for ten seconds', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { url, store, sessions } = await openWithSessions(t, 1)
    const [sid = ''] = sessions.map((session) => session.sid)
    assert.ok(await store.findLiveSession(sid))
    assert.equal((await ask(url, readers)).length, 1)
    t.mock.timers.tick(9_999)
    assert.equal((await ask(url, readers)).length, 1)
    t.mock.timers.tick(1)
    while ((await ask(url, readers)).length > 0);
    assert.ok(await store.findLiveSession(sid))
  })

  test('take the one connection that there is', async (t) => {
    const { url, sessions } = await openWithSessions(t, 5)
    const store = openPostgresStore({ url, maxConnections: 1 })
    t.after(() => store.close())
    const found = await Promise.all(sessions.map(({ sid }) => store.findLiveSession(sid)))
    assert.deepEqual(
      found.map((one) => one?.session.sid),
      sessions.map(({ sid }) => sid),
    )
    assert.equal(store.connections?.().total, 1)
  })

  test('a session that is held by another act holds up nobody who only reads', async (t) => {
    const { url, store, sessions } = await openWithSessions(t, 2)
    const [held, other] = sessions
    assert.ok(held && other)
    const use = { mode: 'bearer', idleLifetime: 60_000, slideAfter: 0 } as const
    const holder = await newConnection(t, url)
    await holder.query(`BEGIN; SELECT 1 FROM countersign.sessions WHERE sid = '${held.sid}' FOR UPDATE`)
    const sliding = store.useSession({ ...use, ridHash: held.ridHash })
    await untilWaiting(url)
    assert.ok(await store.findLiveSession(other.sid))
    assert.ok(await store.findLiveSession(held.sid))
    await holder.query('ROLLBACK')
    assert.equal((await sliding)?.session.sid, held.sid)
  })
})

/** Finds the connections on which a read was the last. */
const readers = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT to_json(x)%'"

async function openWithSessions(t: TestContext, count: number) {
  const url = await fixture.newLocation((remove) => t.after(remove))
  const store = fixture.openAt(url)
  t.after(() => store.close())
  await store.createAccount({ id: 'usr_1', email: 'ada@example.com', passwordHash: 'hash' })
  const sessions = Array.from({ length: count }, () => newSession())
  for (const session of sessions) assert.equal((await store.openSession(session)).outcome, 'opened')
  return { url, store, sessions }
}

/** Does something while nobody else can read a table. */
async function holdTable(t: TestContext, url: string, table: string, action: () => Promise<void>): Promise<void> {
  const holder = await newConnection(t, url)
  await holder.query(`BEGIN; LOCK TABLE countersign.${table} IN ACCESS EXCLUSIVE MODE`)
  await action()
  await holder.query('ROLLBACK')
}

/** Resolves once a call has met a lock. */
async function untilWaiting(url: string): Promise<void> {
  const waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
  while ((await ask(url, waiting)).length === 0) await setTimeout(20)
}
