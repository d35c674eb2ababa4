import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { newLocation } from '../store/sqlite/sqlite-store.fixture.ts'
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts'
import { createFeed } from './feed.ts'

test('what has expired does not pile up where nobody follows', async (t) => {
  let now = 1_800_000_000_000
  const store = openSqliteStore({ path: newLocation((remove) => t.after(remove)), now: () => now })
  t.after(() => store.close())
  const ignore = () => {}
  const log = { debug: ignore, info: ignore, warn: ignore, error: ignore }
  const feed = createFeed({ store, log, random: randomBytes, idleTurn: 10 })
  t.after(feed.close)
  for (let act = 0; act < 20; act += 1) {
    await store.revoke({ kind: 'token', jti: `token-${act}` }, { actor: 'test', reason: '' })
    now += 600_000
  }
  const end = performance.now() + 5000
  const countKept = async () => (await store.readRevocations(0, 100)).length
  while ((await store.readHead()).seq < 20 || (await countKept()) > 1) {
    assert.ok(performance.now() < end, `${await countKept()} are kept`)
    await setTimeout(10)
    now += 60_000
  }
})

test('a database that was put back, and has gone on from there past what was read, is found out', async (t) => {
  const path = newLocation((remove) => t.after(remove))
  const store = openSqliteStore({ path })
  t.after(() => store.close())
  const ignore = () => {}
  const log = { debug: ignore, info: ignore, warn: ignore, error: ignore }
  const act = { actor: 'test', reason: '' }
  const feed = createFeed({ store, log, random: randomBytes })
  t.after(feed.close)
  for (let count = 0; count < 10; count++) await store.revoke({ kind: 'token', jti: `old-${count}` }, act)
  const resets: string[] = []
  const reader = { revoked: ignore, heartbeat: ignore, keysChanged: ignore, end: ignore }
  const { seq, epoch } = await feed.head()
  await feed.follow({ seq, epoch }, { ...reader, reset: (reason) => void resets.push(reason) })
  const database = new DatabaseSync(path)
  // What a copy of before the last three acts holds, once as many others have been numbered.
  database.exec(`BEGIN IMMEDIATE;
    UPDATE revocations SET value = 'new-' || seq, created_at = created_at + 1 WHERE seq > 7;
    INSERT INTO revocations (seq, kind, value, not_before, expires_at, created_at)
      SELECT 11, kind, 'new-11', not_before, expires_at, created_at FROM revocations WHERE seq = 10;
    UPDATE revocation_feed SET head = 11; COMMIT`)
  database.close()
  const end = performance.now() + 5000
  while (resets.length === 0 && performance.now() < end) await setTimeout(10)
  assert.deepEqual(resets, ['epoch'])
  assert.notEqual((await feed.head()).epoch, epoch)
})
