// The copy of what is revoked in a real Redis, which is killed, emptied and set up wrongly.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Program, startPythonExample } from '../examples/running-program.ts'
import { requires } from '../requires.ts'
import { type LiveFeed, startLiveFeed } from './live-feed.ts'
import { type RunningRedis, startRedis, until } from './running-redis.ts'

const act = { actor: 'test', reason: '' }
const parts = ['redis-server', 'python3-redis', 'python3-flask', 'python3-jwt', 'python3-cryptography'] as const

describe('the copy in Redis', { skip: requires(...parts) }, () => {
  let redis: RunningRedis
  let feed: LiveFeed
  let flask: Program

  before(async () => {
    redis = await startRedis()
    feed = await startLiveFeed({ url: redis.url })
    const { issuer: ISSUER, audience: AUDIENCE } = feed
    flask = await startPythonExample('examples/flask-redis', {
      ISSUER,
      AUDIENCE,
      REDIS_URL: redis.url,
      PORT: '0',
    })
    await isLive()
  })
  after(async () => {
    await flask.stop()
    await feed.close()
    await redis.end()
  })

  async function isLive(): Promise<void> {
    await until('live', async () => (await redis.ask('GET', 'countersign:live')) !== undefined)
  }

  async function checks(): Promise<Record<string, string>> {
    const answer = (await (await fetch(`${feed.issuer}/readyz`)).json()) as { checks: Record<string, string> }
    return answer.checks
  }

  async function statusOf(token: string): Promise<number> {
    const response = await fetch(`${flask.url}/orders`, { headers: { authorization: `Bearer ${token}` } })
    await response.arrayBuffer()
    return response.status
  }

  test('has each entry under its name, with its not-before, until its end', async () => {
    const { userId, accessToken } = await feed.signUp('ada')
    const { sid, iat } = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString())
    assert.equal(await statusOf(accessToken), 200)
    await feed.store.revoke({ kind: 'session', sid }, act)
    await until('the session is there', async () => (await redis.ask('GET', `countersign:sid:${sid}`)) === '0')
    assert.equal(await statusOf(accessToken), 401)
    await feed.store.revoke({ kind: 'user', userId }, act)
    await until('the user is there', async () => Number(await redis.ask('GET', `countersign:sub:${userId}`)) > iat)
    const lifetime = Number((await redis.ask('TTL', `countersign:sid:${sid}`))?.slice(1))
    assert.ok(lifetime > 640 && lifetime <= 662, String(lifetime))
    assert.ok(Number((await redis.ask('TTL', 'countersign:live'))?.slice(1)) <= 5)
  })

  test('an empty Redis lets no revoked token in: 503 until everything is there again', async () => {
    const { accessToken, userId } = await feed.signUp('bob')
    await feed.store.revoke({ kind: 'user', userId }, act)
    await until('refused', async () => (await statusOf(accessToken)) === 401)
    await redis.ask('FLUSHALL')
    const seen = new Set<number>()
    const end = performance.now() + 4000
    while (performance.now() < end) seen.add(await statusOf(accessToken))
    assert.ok(!seen.has(200), [...seen].join())
    await isLive()
    assert.equal(await statusOf(accessToken), 401)
  })

  test('a Redis whose clock was set back is not believed while nobody writes', async () => {
    const { accessToken } = await feed.signUp('eve')
    assert.equal(await statusOf(accessToken), 200)
    await redis.ask('CONFIG', 'SET', 'maxmemory', '1')
    await redis.ask('PEXPIRE', 'countersign:live', '3600000')
    assert.equal(await statusOf(accessToken), 503)
    await redis.ask('CONFIG', 'SET', 'maxmemory', '0')
    await until('believed', async () => (await statusOf(accessToken)) === 200)
  })

  test('a Redis that is killed holds up no act, and catches up when it is back', async () => {
    const { accessToken, userId } = await feed.signUp('carol')
    assert.equal(await statusOf(accessToken), 200)
    await redis.kill()
    const began = performance.now()
    assert.deepEqual(await feed.store.revoke({ kind: 'user', userId }, act), { outcome: 'revoked' })
    const answer = await fetch(`${feed.issuer}/readyz`)
    assert.equal(answer.status, 200)
    assert.ok(performance.now() - began < 2000)
    assert.equal(await statusOf(accessToken), 503)
    await redis.start()
    await isLive()
    assert.equal(await statusOf(accessToken), 401)
    const { redis: connection, redisMirror } = await checks()
    assert.deepEqual([connection, redisMirror], ['ready', 'live'])
  })

  test('a Redis that may evict keys is never live, and /readyz says why', async () => {
    const { accessToken } = await feed.signUp('dora')
    await redis.kill()
    await redis.start('--maxmemory-policy', 'volatile-lru')
    await until('evicting', async () => (await checks()).redisMirror === 'evicting')
    assert.equal(await redis.ask('GET', 'countersign:live'), undefined)
    assert.equal(await statusOf(accessToken), 503)
    await redis.ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    await isLive()
    assert.equal(await statusOf(accessToken), 200)
  })
})
