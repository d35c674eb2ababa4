// What a statement sees that began before something else was committed; the embedded database has no such moments.
import assert from 'node:assert/strict'
import { after, describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Client } from 'pg'
import { ask, skip, stopCluster } from '../../test/postgres-cluster.ts'
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
})

async function open(t: TestContext) {
  const url = await fixture.newLocation((remove) => t.after(remove))
  const store = fixture.openAt(url)
  t.after(() => store.close())
  await store.now()
  return { url, store }
}

/** Begins a transaction that holds a lock. */
async function hold(t: TestContext, url: string, lock: string): Promise<Client> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  t.after(() => client.end())
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
