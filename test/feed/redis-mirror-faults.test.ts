// The copy in Redis when something stands still, goes back in time, or is there twice.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createAuthorizationServer, openSqliteStore, type Store } from '@countersign/server'
import { findFreePort } from '../examples/running-program.ts'
import { requires } from '../requires.ts'
import { type LiveFeed, startLiveFeed } from './live-feed.ts'
import { type RunningRedis, startRedis, until } from './running-redis.ts'

const act = { actor: 'test', reason: '' }

/** Asks as a verifier does: is the copy live, and is the token there? */
async function look(
  redis: RunningRedis,
  jti: string,
): Promise<{ readonly isLive: boolean; readonly isThere: boolean }> {
  const [live, entry] = await redis.askAll('MGET', 'countersign:live', `countersign:jti:${jti}`)
  return { isLive: live !== undefined, isThere: entry !== undefined }
}

/** Milliseconds that `:live` has left, as Redis tells it. */
async function left(redis: RunningRedis): Promise<number> {
  return Number((await redis.ask('PTTL', 'countersign:live'))?.slice(1))
}

/** What is to end ends an hour late, as if Redis's clock had been set back by an hour. */
async function setBack(redis: RunningRedis): Promise<void> {
  for (const name of ['mirror', 'live']) await redis.ask('PEXPIRE', `countersign:${name}`, '3600000')
}

describe('the copy in Redis', { skip: requires('redis-server') }, () => {
  let redis: RunningRedis
  let feed: LiveFeed
  beforeEach(async () => {
    redis = await startRedis()
    await redis.kill()
    await redis.start('--enable-debug-command', 'local')
    feed = await startLiveFeed({ url: redis.url })
    await until('live', async () => (await look(redis, '')).isLive)
  })
  afterEach(async () => {
    await feed.close()
    await redis.end()
  })

  test('is not made live by a write that Redis takes late, because it stood still', async () => {
    redis.signal('SIGSTOP')
    await sleep(700)
    await feed.store.revoke({ kind: 'token', jti: 'a' }, act)
    await sleep(6500)
    redis.signal('SIGCONT')
    await until('the entry is there', async () => {
      const { isLive, isThere } = await look(redis, 'a')
      assert.ok(isThere || !isLive, 'live without the entry')
      return isLive
    })
  })

  test("is kept on by the same server when Redis's clock was set back", async () => {
    await setBack(redis)
    await until('it ends in time again', async () => (await left(redis)) <= 5000)
    await feed.store.revoke({ kind: 'token', jti: 'a' }, act)
    await until('the entry is there', async () => (await look(redis, 'a')).isThere)
  })

  test('is filled although the database takes longer for a snapshot than a marker lasts', async (t) => {
    const other = await startRedis()
    const { store } = feed
    const entry = { kind: 'token', jti: 'slow' } as const
    await store.revoke(entry, act)
    const slow: Store = {
      ...store,
      async readSnapshot() {
        await sleep(6000)
        return store.readSnapshot()
      },
    }
    const server = createAuthorizationServer({
      ...{ issuer: feed.issuer, store: slow, masterKey: feed.masterKey },
      redis: { url: other.url },
      log: { debug() {}, info() {}, warn() {}, error() {} },
    })
    t.after(async () => {
      server.close()
      await other.end()
    })
    await until('live', async () => (await look(other, 'slow')).isLive)
    assert.ok((await look(other, 'slow')).isThere)
  })

  test('is filled anew when an older copy takes the place of Redis, and the connections stay', async () => {
    await redis.ask('SAVE')
    const savedAt = performance.now()
    await feed.store.revoke({ kind: 'token', jti: 'a' }, act)
    await until('the entry is there', async () => (await look(redis, 'a')).isThere)
    assert.equal(await redis.ask('DEBUG', 'RELOAD', 'NOSAVE'), '+OK')
    await until('the entry is there again', async () => {
      const { isLive, isThere } = await look(redis, 'a')
      // The older copy has a `:live` that is its own age old.
      if (performance.now() - savedAt > 5000) assert.ok(isThere || !isLive, 'live without the entry')
      return isLive && isThere
    })
  })
})

describe('two servers with one database and one Redis', { skip: requires('redis-server') }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-mirrors-'))
  let redis: RunningRedis
  let store: Store
  let servers: { readonly url: string; readonly child: ChildProcess }[] = []

  async function startServer(): Promise<(typeof servers)[number]> {
    const { PATH = '', HOME = '', COUNTERSIGN_TEST_RUN = '' } = process.env
    const port = await findFreePort()
    const main = join(import.meta.dirname, '../../packages/server/src/main.ts')
    const child = spawn(process.execPath, ['--conditions=@countersign/source', main, 'dev'], {
      cwd: folder,
      env: {
        ...{ PATH, HOME, COUNTERSIGN_TEST_RUN, PORT: String(port), COUNTERSIGN_DATA_DIR: folder },
        ...{ COUNTERSIGN_ISSUER: 'http://127.0.0.1:4000', COUNTERSIGN_REDIS_URL: redis.url },
      },
      stdio: 'ignore',
    })
    return { url: `http://127.0.0.1:${port}`, child }
  }

  async function stateOf({ url }: { readonly url: string }): Promise<string | undefined> {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(500) }).catch(() => undefined)
    return answer && ((await answer.json()) as { checks?: { redisMirror?: string } }).checks?.redisMirror
  }

  /** The one that keeps the copy, and the one that stands by. */
  async function findRoles(): Promise<readonly [live: (typeof servers)[number], other: (typeof servers)[number]]> {
    let states: (string | undefined)[] = []
    await until('one keeps the copy, and one stands by', async () => {
      states = await Promise.all(servers.map(stateOf))
      return states.toSorted().join() === 'live,standby'
    })
    const live = servers[states.indexOf('live')]
    const other = servers[states.indexOf('standby')]
    assert.ok(live && other)
    return [live, other]
  }

  before(async () => {
    redis = await startRedis()
    servers = [await startServer()]
    await until('the first server', async () => servers[0] !== undefined && (await stateOf(servers[0])) === 'live')
    servers.push(await startServer())
    store = openSqliteStore({ path: join(folder, 'countersign.db') })
  })
  after(async () => {
    for (const { child } of servers) {
      const gone = child.exitCode ?? child.signalCode ?? once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    }
    await store.close()
    await redis.end()
    rmSync(folder, { recursive: true, force: true })
  })

  test('the other keeps the copy when one stands still, which then changes nothing of it', async () => {
    const [live, other] = await findRoles()
    live.child.kill('SIGSTOP')
    const took = await until('the other keeps the copy', async () => {
      assert.ok((await look(redis, '')).isLive, 'it was not live in between')
      return (await stateOf(other)) === 'live'
    })
    assert.ok(took < 5000, `${took} ms`)
    await store.revoke({ kind: 'token', jti: 'a' }, act)
    await until('the entry is there', async () => (await look(redis, 'a')).isThere)
    live.child.kill('SIGCONT')
    let latest = { epoch: '', seq: 0 }
    const end = performance.now() + 3000
    while (performance.now() < end) {
      const { isLive, isThere } = await look(redis, 'a')
      assert.ok(isLive && isThere)
      const [epoch = '', seq] = (await redis.ask('GET', 'countersign:live'))?.split(':') ?? []
      assert.ok(epoch !== latest.epoch || Number(seq) >= latest.seq, 'an older place over a newer one')
      latest = { epoch, seq: Number(seq) }
    }
    assert.deepEqual(await Promise.all([live, other].map(stateOf)), ['standby', 'live'])
  })

  test('the other keeps the copy when one dies, before it has run out', async () => {
    const [live, other] = await findRoles()
    live.child.kill('SIGKILL')
    const took = await until('the other keeps the copy', async () => {
      assert.ok((await look(redis, '')).isLive, 'it was not live in between')
      return (await stateOf(other)) === 'live'
    })
    assert.ok(took < 5000, `${took} ms`)
    await store.revoke({ kind: 'token', jti: 'b' }, act)
    await until('the entry is there', async () => (await look(redis, 'b')).isThere)
  })

  test("who starts takes the copy over from one that died as Redis's clock was set back", async () => {
    const dead = servers.map(({ child }) => child)
    for (const child of dead) {
      const gone = child.exitCode ?? child.signalCode ?? once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    }
    await store.revoke({ kind: 'token', jti: 'c' }, act)
    await setBack(redis)
    servers = [await startServer()]
    await until('live', async () => servers[0] !== undefined && (await stateOf(servers[0])) === 'live')
    await until('the entry is there', async () => (await look(redis, 'c')).isThere)
    assert.ok((await left(redis)) <= 5000)
  })
})
