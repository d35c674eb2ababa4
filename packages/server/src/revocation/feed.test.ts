import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { RevocationCursor } from '@countersign/token/revocations'
import * as postgres from '../store/postgres/postgres-store.fixture.ts'
import { newLocation } from '../store/sqlite/sqlite-store.fixture.ts'
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts'
import { skip, stopCluster } from '../test/postgres-cluster.ts'
import { createFeed, type FeedReader } from './feed.ts'

const ignore = () => {}
const act = { actor: 'test', reason: '' }
const deaf: FeedReader = { revoked: ignore, heartbeat: ignore, keysChanged: ignore, reset: ignore, end: ignore }

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

describe('two servers on one PostgreSQL, one of which is slow for a moment', { skip }, () => {
  after(stopCluster)

  test('a reader that moves to the slow one is ahead of its last look, and nobody takes the database for a restored one', async (t) => {
    const url = await postgres.newLocation((remove) => t.after(remove))
    const [store, other] = [postgres.openAt(url), postgres.openAt(url)]
    t.after(() => Promise.all([store.close(), other.close()]))
    const { promise: hasLooked, resolve: look } = Promise.withResolvers<void>()
    const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>()
    const slow = {
      ...other,
      async readRevocations(seq: number, limit: number) {
        const found = await other.readRevocations(seq, limit)
        look()
        await mayGoOn
        return found
      },
    }
    const alerts: object[] = []
    const log = { debug: ignore, info: ignore, error: ignore, warn: (fields: object) => void alerts.push(fields) }
    const a = createFeed({ store, log, random: randomBytes })
    const b = createFeed({ store: slow, log, random: randomBytes })
    t.after(() => [a.close(), b.close()])
    const start = await a.head()
    const resets: string[] = []
    await b.follow(start, { ...deaf, reset: (why) => void resets.push(why) })
    await store.revoke({ kind: 'token', jti: 'one' }, act)
    await hasLooked
    await store.revoke({ kind: 'token', jti: 'two' }, act)
    let place: RevocationCursor = await a.head()
    while (place.seq < 2) place = await a.head()

    const [following, head] = [b.follow(place, deaf), b.head()]
    goOn()
    assert.notEqual(await following, 'reset')
    assert.deepEqual([(await head).epoch, (await head).seq], [place.epoch, 2])
    assert.deepEqual([resets, alerts], [[], []])
    assert.equal(await b.follow({ epoch: place.epoch, seq: 3 }, deaf), 'reset')
    assert.equal(alerts.length, 1, 'a reader that knows of more than there is has seen another database')
  })
})
