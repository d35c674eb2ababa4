import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { keyContract } from '../key-store.contract.ts'
import { revocationContract } from '../revocation-store.contract.ts'
import { sessionLimitContract } from '../session-limits.contract.ts'
import { newSession, storeContract } from '../store.contract.ts'
import { StoreUnavailableError } from '../store.ts'
import * as fixture from './sqlite-store.fixture.ts'
import { openSqliteStore } from './sqlite-store.ts'
import { prepareStatements } from './statements.ts'

storeContract('SQLite', fixture, new URL('./sqlite-store.fixture.ts', import.meta.url).href)
revocationContract('SQLite', fixture)
sessionLimitContract('SQLite', fixture)
keyContract('SQLite', fixture)

test('writes every commit through to the disk', async (t) => {
  const path = fixture.newLocation((remove) => t.after(remove))
  const store = openSqliteStore({ path })
  t.after(() => store.close())
  const database = new DatabaseSync(path)
  t.after(() => database.close())
  assert.equal(database.prepare('PRAGMA journal_mode').get()?.journal_mode, 'wal')
})

test('refuses a database of a newer version and leaves it as it was', (t) => {
  const path = fixture.newLocation((remove) => t.after(remove))
  const database = new DatabaseSync(path)
  database.exec('CREATE TABLE later (id TEXT); PRAGMA application_id = 1131636590; PRAGMA user_version = 999')
  database.close()
  const before = readFileSync(path)
  assert.throws(() => openSqliteStore({ path }), {
    name: 'UnusableDatabaseError',
    message: /newer version of Countersign \(schema 999; .*\)/,
  })
  assert.deepEqual(readFileSync(path), before)
})

test("refuses another program's database and leaves it as it was", (t) => {
  const path = fixture.newLocation((remove) => t.after(remove))
  const database = new DatabaseSync(path)
  database.exec('CREATE TABLE theirs (id TEXT)')
  database.close()
  const before = readFileSync(path)
  assert.throws(() => openSqliteStore({ path }), {
    name: 'UnusableDatabaseError',
    message: /is not a database of Countersign/,
  })
  assert.deepEqual(readFileSync(path), before)
})

test('refuses a file that is no database and leaves it as it was', (t) => {
  const path = fixture.newLocation((remove) => t.after(remove))
  writeFileSync(
    path,
    'a shopping list, longer than the header of a database file, so that SQLite looks at it'.repeat(20),
  )
  const before = readFileSync(path)
  assert.throws(() => openSqliteStore({ path }), {
    name: 'UnusableDatabaseError',
    message: /is not a database of Countersign/,
  })
  assert.deepEqual(readFileSync(path), before)
})

test('a writer that another process holds up too long fails by name, and nothing has changed', async (t) => {
  const path = fixture.newLocation((remove) => t.after(remove))
  const store = openSqliteStore({ path, busyTimeout: 50 })
  t.after(() => store.close())
  const other = new DatabaseSync(path)
  t.after(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  const account = { id: 'usr_1', email: 'ada@example.com', passwordHash: 'hash' }
  await assert.rejects(store.createAccount(account), StoreUnavailableError)
  other.exec('ROLLBACK')
  assert.equal((await store.createAccount(account)).outcome, 'created')
})

test('finds by an index what it cleans and what it ends of a user who has very many sessions', (t) => {
  const path = fixture.newLocation((remove) => t.after(remove))
  void openSqliteStore({ path }).close()
  const database = new DatabaseSync(path)
  t.after(() => database.close())
  const sql = prepareStatements(database)
  const planOf = ({ sourceSQL }: { readonly sourceSQL: string }) =>
    database
      .prepare(`EXPLAIN QUERY PLAN ${sourceSQL}`)
      .all()
      .map(({ detail }) => detail)
      .join('; ')
  assert.match(planOf(sql.deleteStaleRevocations), /revocations USING INDEX revocations_by_expiry \(expires_at<\?\)/)
  for (const statement of [
    sql.listLiveSessions,
    sql.listOldestSessions,
    sql.listOtherSessions,
    sql.revokeSessionsFrom,
  ]) {
    assert.match(planOf(statement), /USING (COVERING )?INDEX sessions_unended \(user_id=\? AND authenticated_at>\?\)/)
  }
})

test('a full disk fails by name and is said, and loses nothing that was acknowledged', (t) => {
  const path = fixture.newLocation((remove) => t.after(remove))
  const program = fileURLToPath(new URL('./full-disk-worker.ts', import.meta.url))
  const command = `ulimit -f 400; exec "$0" "$@"`
  const full = spawnSync('bash', ['-c', command, process.execPath, ...process.execArgv, program, path], {
    encoding: 'utf8',
  })
  assert.match(full.stdout, /^made [1-9]\d* then StoreUnavailableError, writable true false true$/m, full.stderr)
  const made = Number(/made (\d+)/.exec(full.stdout)?.[1])
  const database = new DatabaseSync(path)
  t.after(() => database.close())
  assert.equal(database.prepare('PRAGMA integrity_check').get()?.integrity_check, 'ok')
  assert.equal(database.prepare('SELECT count(*) AS count FROM accounts').get()?.count, made)
})

test('transitions that share a commit stand or fall each by itself', async (t) => {
  const path = fixture.newLocation((remove) => t.after(remove))
  const store = openSqliteStore({ path })
  t.after(() => store.close())
  await store.createAccount({ id: 'usr_1', email: 'ada@example.com', passwordHash: 'hash' })
  const sessions = Array.from({ length: 250 }, (_, i) => newSession({ sid: i % 5 === 4 ? 'taken' : `sid-${i}` }))
  const outcomes = await Promise.allSettled(sessions.map((session) => store.openSession(session)))
  const opened = outcomes.filter(({ status }) => status === 'fulfilled').length
  assert.deepEqual([opened, outcomes.length - opened], [201, 49], 'one of the fifty has the name')
  assert.equal((await store.listLiveSessions('usr_1')).length, 201)
})

test('transitions that wait when the store is closed fail by name', async (t) => {
  const path = fixture.newLocation((remove) => t.after(remove))
  const store = openSqliteStore({ path })
  const waiting = store.createAccount({ id: 'usr_1', email: 'ada@example.com', passwordHash: 'hash' })
  await store.close()
  await assert.rejects(waiting, StoreUnavailableError)
})

test('while another process holds the lock all wait, and go on together once it is free', async (t) => {
  const path = fixture.newLocation((remove) => t.after(remove))
  const store = openSqliteStore({ path, busyTimeout: 5000 })
  t.after(() => store.close())
  const other = new DatabaseSync(path)
  t.after(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  const accounts = Array.from({ length: 20 }, (_, i) =>
    store.createAccount({ id: `usr_${i}`, email: `${i}@example.com`, passwordHash: 'hash' }),
  )
  await setTimeout(100)
  other.exec('ROLLBACK')
  assert.ok((await Promise.all(accounts)).every(({ outcome }) => outcome === 'created'))
})
