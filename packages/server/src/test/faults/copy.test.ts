// What goes wrong while an installation is copied: the old database is let go, and nobody is left in doubt which one to use.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { copyInstallation } from '../../administration/copy.ts'
import { migratePostgres } from '../../store/postgres/migrations.ts'
import { newLocation } from '../../store/sqlite/sqlite-store.fixture.ts'
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts'
import { ask, newEmptyDatabase, skip, stopCluster } from '../postgres-cluster.ts'
import { startRelay } from '../relay.ts'

const act = { actor: 'test', reason: '' }

/** One account in SQLite, and an empty PostgreSQL. */
async function startSmall(t: TestContext) {
  const path = newLocation((remove) => t.after(remove))
  const store = openSqliteStore({ path, busyTimeout: 50 })
  t.after(() => store.close())
  await store.createAccount({ id: 'usr_1', email: 'ada@example.com', passwordHash: 'hash' })
  const url = await newEmptyDatabase((remove) => t.after(remove))
  await migratePostgres(url)
  const canWrite = () =>
    store.suspendUser('usr_none', act).then(
      () => true,
      () => false,
    )
  return { from: `sqlite:${path}`, store, url, canWrite }
}

/** Has PostgreSQL take its time: with what is copied, or with the commit. */
function slowDown(url: string, when: 'row' | 'commit') {
  const timing = when === 'row' ? 'TRIGGER slow' : 'CONSTRAINT TRIGGER slow'
  return ask(
    url,
    `CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NULL; END';
     CREATE ${timing} AFTER INSERT ON countersign.accounts ${when === 'row' ? '' : 'DEFERRABLE INITIALLY DEFERRED'}
     FOR EACH ROW EXECUTE FUNCTION public.slow()`,
  )
}

/** A way to the database that is cut as soon as the copy has been held up there. */
async function startCutWay(t: TestContext, url: string): Promise<string> {
  const relay = await startRelay(Number(new URL(url).port))
  t.after(() => relay.close())
  void (async () => {
    const sleeping =
      "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND application_name = 'countersign copy'"
    while ((await ask(url, sleeping)).length === 0) await setTimeout(20)
    relay.cut()
  })()
  return Object.assign(new URL(url), { port: String(relay.port) }).href
}

async function countAccounts(url: string): Promise<number> {
  const rows = await ask(url, 'SELECT 1 FROM countersign.accounts')
  return rows.length
}

describe('copy', { skip }, () => {
  after(stopCluster)

  test('waits for PostgreSQL before it holds the old database, and not for ever', async (t) => {
    const { from, url, canWrite } = await startSmall(t)
    const holder = new Client({ connectionString: url })
    holder.on('error', () => {})
    await holder.connect()
    t.after(() => holder.end())
    await holder.query('BEGIN; LOCK TABLE countersign.sessions IN ACCESS EXCLUSIVE MODE')
    let hasEnded = false
    const copying = copyInstallation(from, url, { patience: 4000 }).finally(() => {
      hasEnded = true
    })
    copying.catch(() => {})
    while (!hasEnded) {
      assert.ok(await canWrite())
      await setTimeout(50)
    }
    await assert.rejects(copying, /lock timeout/)
  })

  test('lets the old database go when PostgreSQL takes too long over a row', async (t) => {
    const { from, url, canWrite } = await startSmall(t)
    await slowDown(url, 'row')
    await assert.rejects(copyInstallation(from, url, { patience: 2000 }), /statement timeout/)
    assert.ok(await canWrite())
    assert.equal(await countAccounts(url), 0)
  })

  test('lets the old database go when the way to PostgreSQL is cut', async (t) => {
    const { from, url, canWrite } = await startSmall(t)
    await slowDown(url, 'row')
    const copying = copyInstallation(from, await startCutWay(t, url), { patience: 2000 })
    await assert.rejects(copying, /PostgreSQL has not answered within 2 seconds/)
    assert.ok(await canWrite())
    assert.equal(await countAccounts(url), 0)
  })

  test('says that it does not know, and marks nothing, when the way is cut during the commit', async (t) => {
    const { from, url, canWrite } = await startSmall(t)
    await slowDown(url, 'commit')
    const copying = copyInstallation(from, await startCutWay(t, url), { patience: 2000 })
    await assert.rejects(copying, /^UnusableDatabaseError: Whether PostgreSQL has the copy is not known: .*DROP SCHEMA/)
    assert.ok(await canWrite())
  })

  test('says that a database it has broken off is so, in one error', async (t) => {
    const { from, url, canWrite } = await startSmall(t)
    await slowDown(url, 'row')
    const copying = copyInstallation(from, url)
    copying.catch(() => {})
    const end =
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND application_name = 'countersign copy'"
    while ((await ask(url, end)).length === 0) await setTimeout(20)
    await assert.rejects(copying, /the connection to PostgreSQL broke/)
    assert.ok(await canWrite())
  })

  test('says what to do when PostgreSQL has everything and the old file cannot be marked', async (t) => {
    const { from, url } = await startSmall(t)
    const program = fileURLToPath(new URL('../../store/copy-on-full-disk-worker.ts', import.meta.url))
    const words = ['-c', 'ulimit -f 8; exec "$0" "$@"', process.execPath, ...process.execArgv, program, from, url]
    const { stdout, stderr } = spawnSync('bash', words, { encoding: 'utf8' })
    assert.match(
      stdout,
      /^UnusableDatabaseError: Everything was copied, but .* could not be marked as moved \(.*Stop the server/,
      stderr,
    )
    assert.equal(await countAccounts(url), 1)
  })
})
