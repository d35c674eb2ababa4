import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
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
    now += 1000
  }
})
