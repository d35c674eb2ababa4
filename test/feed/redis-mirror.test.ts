// The copy of what is revoked in a real Redis, which is killed, emptied and set up wrongly.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { findFreePort, type Program, startPythonExample } from '../examples/running-program.ts'
import { requires } from '../requires.ts'
import { type LiveFeed, startLiveFeed } from './live-feed.ts'

const act = { actor: 'test', reason: '' }
const parts = ['redis-server', 'python3-redis', 'python3-flask', 'python3-jwt', 'python3-cryptography'] as const

describe('the copy in Redis', { skip: requires(...parts) }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-redis-'))
  let port: number
  let redis: ChildProcess
  let feed: LiveFeed
  let flask: Program

  async function startRedis(...options: string[]): Promise<void> {
    const args = [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      folder,
      ...options,
    ]
    redis = spawn('/usr/bin/redis-server', args, { stdio: 'ignore' })
    await until(async () => (await ask('PING')) === '+PONG')
  }

  async function stopRedis(): Promise<void> {
    const gone = once(redis, 'exit')
    redis.kill('SIGKILL')
    await gone
  }

  before(async () => {
    port = await findFreePort()
    await startRedis()
    feed = await startLiveFeed({ url: `redis://127.0.0.1:${port}` })
    const { issuer: ISSUER, audience: AUDIENCE } = feed
    flask = await startPythonExample('examples/flask-redis', {
      ISSUER,
      AUDIENCE,
      REDIS_URL: `redis://127.0.0.1:${port}`,
      PORT: '0',
    })
    await isLive()
  })
  after(async () => {
    await flask.stop()
    await feed.close()
    await stopRedis()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Asks Redis one thing; nothing if it does not answer. The first line of its answer, or of what that holds. */
  function ask(...words: string[]): Promise<string | undefined> {
    return new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.setTimeout(1000, () => socket.destroy())
      socket.on('error', () => undefined)
      socket.on('close', () => resolve(undefined))
      socket.on('data', (data) => {
        const [first = '', second = ''] = data.toString().split('\r\n')
        resolve(first === '$-1' ? undefined : first.startsWith('$') ? second : first)
        socket.destroy()
      })
      socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`)
    })
  }

  async function until(holds: () => Promise<boolean>, longest = 15_000): Promise<void> {
    const end = performance.now() + longest
    while (!(await holds())) {
      if (performance.now() > end) throw new Error(`not within ${longest} ms: ${holds}`)
      await sleep(20)
    }
  }

  async function isLive(): Promise<void> {
    await until(async () => (await ask('GET', 'countersign:live')) !== undefined)
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
    await until(async () => (await ask('GET', `countersign:sid:${sid}`)) === '0')
    assert.equal(await statusOf(accessToken), 401)
    await feed.store.revoke({ kind: 'user', userId }, act)
    await until(async () => Number(await ask('GET', `countersign:sub:${userId}`)) > iat)
    const lifetime = Number((await ask('TTL', `countersign:sid:${sid}`))?.slice(1))
    assert.ok(lifetime > 640 && lifetime <= 662, String(lifetime))
    assert.ok(Number((await ask('TTL', 'countersign:live'))?.slice(1)) <= 5)
  })

  test('an empty Redis lets no revoked token in: 503 until everything is there again', async () => {
    const { accessToken, userId } = await feed.signUp('bob')
    await feed.store.revoke({ kind: 'user', userId }, act)
    await until(async () => (await statusOf(accessToken)) === 401)
    await ask('FLUSHALL')
    const seen = new Set<number>()
    const end = performance.now() + 4000
    while (performance.now() < end) seen.add(await statusOf(accessToken))
    assert.ok(!seen.has(200), [...seen].join())
    await isLive()
    assert.equal(await statusOf(accessToken), 401)
  })

  test('a Redis that is killed holds up no act, and catches up when it is back', async () => {
    const { accessToken, userId } = await feed.signUp('carol')
    assert.equal(await statusOf(accessToken), 200)
    await stopRedis()
    const began = performance.now()
    assert.deepEqual(await feed.store.revoke({ kind: 'user', userId }, act), { outcome: 'revoked' })
    const answer = await fetch(`${feed.issuer}/readyz`)
    assert.equal(answer.status, 200)
    assert.ok(performance.now() - began < 2000)
    assert.equal(await statusOf(accessToken), 503)
    await startRedis()
    await isLive()
    assert.equal(await statusOf(accessToken), 401)
    assert.deepEqual(await (await fetch(`${feed.issuer}/readyz`)).json(), { status: 'ok', redisMirror: 'live' })
  })

  test('a Redis that may evict keys is never live, and /readyz says why', async () => {
    const { accessToken } = await feed.signUp('dora')
    await stopRedis()
    await startRedis('--maxmemory-policy', 'volatile-lru')
    await until(
      async () =>
        ((await (await fetch(`${feed.issuer}/readyz`)).json()) as { redisMirror: string }).redisMirror === 'evicting',
    )
    assert.equal(await ask('GET', 'countersign:live'), undefined)
    assert.equal(await statusOf(accessToken), 503)
    await ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    await isLive()
    assert.equal(await statusOf(accessToken), 200)
  })
})
