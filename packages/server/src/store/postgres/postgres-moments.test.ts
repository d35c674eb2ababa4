// What a statement sees that began before something else was committed; the embedded database has no such moments.
import assert from 'node:assert/strict'
import { after, describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { Client } from 'pg'
import { ask, newConnection, newEmptyDatabase, skip, stopCluster } from '../../test/postgres-cluster.ts'
import type { NewSession } from '../store.ts'
import { locks } from './functions/locks.ts'
import { migratePostgres } from './migrations.ts'
import * as fixture from './postgres-store.fixture.ts'

describe('PostgreSQL: a call that waits while another one commits', { skip }, () => {
  after(stopCluster)

  test('a snapshot never names a number whose entry it lacks', async (t) => {
    const { url, store } = await open(t)
    const holder = await hold(t, url, 'LOCK TABLE countersign.revocation_feed IN ACCESS EXCLUSIVE MODE')
    const reading = store.readSnapshot()
    await untilWaiting(url)
    await holder.query(`INSERT INTO countersign.revocations (seq, kind, value, not_before, expires_at, created_at)
      VALUES (1, 's', 'a session', 0, 9999999999, 1)`)
    await holder.query('UPDATE countersign.revocation_feed SET head = 1')
    await holder.query('COMMIT')
    const { head, entries } = await reading
    assert.equal(entries.length, head.seq)
  })

  test('a login that has verified the old password opens nothing, though the database has another isolation level by default', async (t) => {
    const { url, store } = await open(t, "default_transaction_isolation = 'repeatable read'")
    await store.createAccount({ id: 'usr_1', email: 'ada@example.com', passwordHash: 'hash' })
    const holder = await hold(t, url, "SELECT pg_advisory_xact_lock(countersign.user_lock('usr_1'))")
    const opening = store.openSession(newSession('usr_1'))
    await untilWaiting(url)
    await holder.query("SELECT countersign.replace_password('usr_1', 1, 'other hash', '', NULL, NULL)")
    await holder.query('COMMIT')
    assert.deepEqual(await opening, { outcome: 'credentials_changed' })
  })

  test('what ends everything waits for whoever has begun to mint or to change keys, and holds up nothing meanwhile', async (t) => {
    const act = { actor: 'test', reason: '' }
    for (const lock of [locks.minting, locks.keys])
      for (const end of ['completeRestore', 'abandonKeys'] as const) {
        const { url, store } = await open(t)
        const holder = await hold(t, url, `SELECT pg_advisory_xact_lock_shared(${lock})`)
        const ending = end === 'abandonKeys' ? store.abandonKeys(act) : store.completeRestore('restored', false, act)
        await untilWaiting(url)
        await holder.query("SET LOCAL lock_timeout = '500ms'")
        await holder.query('UPDATE countersign.revocation_feed SET keys_version = keys_version + 1')
        await holder.query('COMMIT')
        await ending
      }
  })

  test('an index is built beside what servers write, and one that was broken off is built anew', async (t) => {
    const { url } = await open(t)
    await ask(url, "INSERT INTO countersign.users (id, created_at) VALUES ('usr_1', 1)")
    const session = (
      sid: string,
    ) => `INSERT INTO countersign.sessions VALUES ('${sid}', '${sid}', 'usr_1', 'c', 'bearer', NULL, NULL,
      'pwd', NULL, NULL, 1, 1, 0, 0, 1, 1, false, 0, 1, 1, 1, 1, 1)`
    await ask(url, "DELETE FROM countersign.schema_steps WHERE title LIKE 'Index%'")
    await ask(url, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'countersign.sessions_unended'::regclass")
    const holder = await hold(t, url, session('one'))
    const migrating = migratePostgres(url)
    migrating.catch(() => {})
    await untilWaiting(url)
    await ask(url, session('two'))
    await holder.query('COMMIT')
    assert.deepEqual(await migrating, ['Index of sessions that nobody has ended'])
    const [index] = await ask(
      url,
      "SELECT indisvalid FROM pg_index WHERE indexrelid = 'countersign.sessions_unended'::regclass",
    )
    assert.deepEqual(index, { indisvalid: true })
  })

  test('a migration that has lost its turn commits nothing more', async (t) => {
    const { url } = await open(t)
    await ask(url, 'DELETE FROM countersign.schema_functions')
    const holder = await hold(t, url, 'LOCK TABLE countersign.schema_functions IN SHARE MODE')
    const migrating = migratePostgres(url)
    migrating.catch(() => {})
    await untilWaiting(url)
    await ask(
      url,
      "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database() AND a.application_name = 'countersign migrate'",
    )
    await holder.query('COMMIT')
    await assert.rejects(migrating, /the connection to PostgreSQL broke/)
    assert.deepEqual(await ask(url, 'SELECT * FROM countersign.schema_functions'), [])
  })

  test('a migration waits for another one, however long that takes', async (t) => {
    const url = await newEmptyDatabase((remove) => t.after(remove))
    const holder = await hold(t, url, `SELECT pg_advisory_xact_lock(${locks.migration})`)
    const migrating = migratePostgres(url)
    migrating.catch(() => {})
    await setTimeout(5500)
    await holder.query('COMMIT')
    assert.deepEqual(await migrating, ['Tables', 'Index of sessions that nobody has ended', 'Functions'])
  })
})

async function open(t: TestContext, setting?: string) {
  const url = await fixture.newLocation((remove) => t.after(remove))
  if (setting !== undefined) await ask(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET ${setting}`)
  const store = fixture.openAt(url)
  t.after(() => store.close())
  await store.now()
  return { url, store }
}

function newSession(userId: string): NewSession {
  const nobody = { scope: null, audience: null, userAgent: null, ip: null }
  return {
    ...{ sid: 'sid_1', ridHash: new Uint8Array(32), userId, clientId: 'first-party', mode: 'bearer', amr: ['pwd'] },
    ...{
      ...nobody,
      pepperId: 1,
      idleLifetime: 60_000,
      absoluteLifetime: 60_000,
      maxSessions: 100,
      verified: { passwordVersion: 1 },
    },
  }
}

/** Begins a transaction that holds a lock. */
async function hold(t: TestContext, url: string, lock: string): Promise<Client> {
  const client = await newConnection(t, url)
  await client.query('BEGIN')
  await client.query(lock)
  return client
}

/** Resolves once a call has met the lock. */
async function untilWaiting(url: string): Promise<void> {
  for (;;) {
    const waiting = await ask(
      url,
      "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
    )
    if (waiting.length > 0) return
    await setTimeout(20)
  }
}
