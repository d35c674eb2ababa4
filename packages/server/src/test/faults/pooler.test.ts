// A pooler that gives each transaction whatever connection is free: what a command sets or locks for its connection, others would have.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { migratePostgres, type OtherMigration } from '../../store/postgres/migrations.ts'
import { findFreePort } from '../free-port.ts'
import { ask, skipOwn, startCluster } from '../postgres-cluster.ts'
import { newFolder } from '../running-server.ts'

const pgbouncer = '/usr/sbin/pgbouncer'
const skip = existsSync(pgbouncer) ? skipOwn : 'needs pgbouncer: apt-get install pgbouncer'

/** Starts PgBouncer in front of a database, and tells the URL of the way through it. */
async function startPooler(t: TestContext, to: string): Promise<string> {
  const [port, folder] = [await findFreePort(), newFolder(t)]
  chmodSync(folder, 0o755)
  writeFileSync(join(folder, 'users.txt'), '"postgres" ""\n')
  writeFileSync(
    join(folder, 'pgbouncer.ini'),
    `[databases]
postgres = host=127.0.0.1 port=${new URL(to).port} dbname=postgres user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
auth_type = any
auth_file = ${folder}/users.txt
pool_mode = transaction
ignore_startup_parameters = statement_timeout,idle_in_transaction_session_timeout,options,extra_float_digits
logfile =
unix_socket_dir =
`,
  )
  // It refuses to run as root.
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  const pooler = spawn(pgbouncer, [join(folder, 'pgbouncer.ini')], { stdio: 'ignore', ...nobody })
  const ended = new Promise((resolve) => pooler.once('exit', resolve))
  t.after(async () => {
    pooler.kill('SIGKILL')
    await ended
  })
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  for (let attempt = 0; (await ask(url, 'SELECT 1').catch(() => undefined)) === undefined; attempt++) {
    assert.ok(attempt < 400, 'pgbouncer does not answer')
    await setTimeout(50)
  }
  return url
}

describe('a pooler that pools transactions', { skip }, () => {
  test('has no lock and no setting of a migration left in its connections, and the next one need not wait', {
    timeout: 60_000,
  }, async (t) => {
    const cluster = await startCluster()
    t.after(() => cluster.remove())
    const pooled = await startPooler(t, cluster.url)
    assert.deepEqual((await migratePostgres(pooled)).slice(0, 1), ['Tables'])
    assert.deepEqual(await ask(cluster.url, "SELECT * FROM pg_locks WHERE locktype = 'advisory'"), [])
    const names = ['lock_timeout', 'idle_in_transaction_session_timeout', 'tcp_keepalives_idle']
    for (const name of names) {
      const [mine, plain] = [await ask(pooled, `SHOW ${name}`), await ask(cluster.url, `SHOW ${name}`)]
      assert.deepEqual(mine, plain, name)
    }
    const waits: OtherMigration[] = []
    assert.deepEqual(await migratePostgres(cluster.url, { onWait: (other) => waits.push(other) }), [])
    assert.deepEqual(waits, [])
  })

  test('has migrations take turns, whichever way they come', { timeout: 60_000 }, async (t) => {
    const cluster = await startCluster()
    t.after(() => cluster.remove())
    const pooled = await startPooler(t, cluster.url)
    const taken = await Promise.all([pooled, cluster.url, pooled, pooled].map((url) => migratePostgres(url)))
    assert.equal(taken.filter(({ length }) => length > 0).length, 1)
  })
})
