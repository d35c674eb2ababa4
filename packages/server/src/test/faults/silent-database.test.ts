// A PostgreSQL that is silent or breaks off while a command or a start asks it: each ends, with a sentence.
import assert from 'node:assert/strict'
import { connect, createServer, type Socket } from 'node:net'
import { after, describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { Client } from 'pg'
import { locks } from '../../store/postgres/functions/locks.ts'
import { migratePostgres, type OtherMigration, readMigrationStatus } from '../../store/postgres/migrations.ts'
import { ask, newConnection, newEmptyDatabase, skip, stopCluster } from '../postgres-cluster.ts'
import { newFolder, spawnServer } from '../running-server.ts'

/** Holds the lock of a migration until it is let go of. */
async function holdMigration(t: TestContext, url: string): Promise<Client> {
  const client = await newConnection(t, url)
  await client.query(`SELECT pg_advisory_lock(${locks.migration})`)
  return client
}

/**
 * A way to the database on which a connection can be made and nothing said: a machine that hangs behind a proxy that does not.
 * It stays silent, whatever becomes of the database behind it.
 */
async function startSilentWay(t: TestContext, url: string): Promise<string> {
  const to = new URL(url)
  const sockets = new Set<Socket>()
  const server = createServer((from) => {
    const onward = connect(Number(to.port), to.hostname)
    for (const socket of [from, onward]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    from.once('data', (hello) => onward.write(hello))
    onward.pipe(from, { end: false })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const address = server.address()
  return Object.assign(to, { port: String(typeof address === 'object' && address?.port) }).href
}

describe('a PostgreSQL that is silent', { skip }, () => {
  after(stopCluster)

  test('ends start, migrate and every command, which say so', async (t) => {
    const url = await newEmptyDatabase((remove) => t.after(remove))
    await migratePostgres(url)
    const silent = await startSilentWay(t, url)
    const env = {
      ...{ PORT: '0', COUNTERSIGN_DATABASE_URL: silent, COUNTERSIGN_MASTER_KEY: 'A'.repeat(43) },
      ...{ COUNTERSIGN_ISSUER: 'https://auth.example.com', COUNTERSIGN_AUDIENCE: 'https://api.example.com' },
      COUNTERSIGN_DATA_DIR: newFolder(t),
    }
    const message = /PostgreSQL has not answered within 10 seconds/
    const [{ code, stderr }] = await Promise.all([
      spawnServer(t, 'start', env).ended(),
      assert.rejects(migratePostgres(silent), message),
      assert.rejects(readMigrationStatus(silent), message),
    ])
    assert.equal(code, 1)
    assert.match(stderr, /^The database .* cannot be opened: PostgreSQL has not answered within 10 seconds\. .*\n$/)
  })

  test('that breaks off a migration that waits for another one is an error of that migration', async (t) => {
    const url = await newEmptyDatabase((remove) => t.after(remove))
    await holdMigration(t, url)
    const migrating = migratePostgres(url)
    migrating.catch(() => {})
    const others =
      "SELECT pg_terminate_backend(pid) AS done FROM pg_stat_activity WHERE application_name = 'countersign migrate'"
    while ((await ask(url, others)).length === 0) await setTimeout(20)
    await assert.rejects(migrating, /the connection to PostgreSQL broke \(terminating connection/)
  })
})

describe('a migration that another one holds up', { skip }, () => {
  after(stopCluster)

  test('tells which, and goes on as soon as that one has ended', async (t) => {
    const url = await newEmptyDatabase((remove) => t.after(remove))
    const holder = await holdMigration(t, url)
    const { rows } = await holder.query('SELECT pg_backend_pid() AS pid')
    const told: OtherMigration[] = []
    const migrating = migratePostgres(url, { onWait: (other) => told.push(other) })
    while (told.length === 0) await setTimeout(50)
    await holder.query(`SELECT pg_advisory_unlock(${locks.migration})`)
    assert.deepEqual(await migrating, ['Tables', 'Index of sessions that nobody has ended', 'Functions'])
    assert.deepEqual([told.length, told[0]?.pid, told[0]?.address], [1, rows[0].pid, '127.0.0.1'])
    assert.ok(told[0]?.since instanceof Date)
  })
})
