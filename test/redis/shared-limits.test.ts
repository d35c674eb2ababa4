// Two servers with one database: the limits that they share through Redis, and what they do while they cannot.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openWay, type Way } from '../feed/live-feed.ts'
import { type RunningRedis, startRedis, until } from '../feed/running-redis.ts'
import { requires } from '../requires.ts'
import { ada, countTogether, type Installation, type Instance, install, statusesOf, wrong } from './installation.ts'

const skip = requires('redis-server')

async function stateOf(instance: Instance): Promise<string | undefined> {
  const { status, json } = await instance.ready()
  assert.equal(status, 200)
  return json.checks.redis
}

function isIn(instances: readonly Instance[], state: string): Promise<number> {
  return until(`Redis is ${state}`, async () =>
    (await Promise.all(instances.map(stateOf))).every((found) => found === state),
  )
}

describe('two servers with one Redis', { skip }, () => {
  let redis: RunningRedis
  let installation: Installation
  let one: Instance
  let other: Instance

  before(async () => {
    redis = await startRedis()
    installation = await install(2, { redis: { url: redis.url } })
    const [first, second] = installation.instances
    assert.ok(first && second)
    one = first
    other = second
    await isIn(installation.instances, 'ready')
  })
  afterEach(() => redis.ask('FLUSHALL'))
  after(async () => {
    await installation.close()
    await redis.end()
  })

  test('count wrong passwords together, and forget them together', async () => {
    assert.ok(await countTogether([one, other], '10.0.0'))
    await redis.ask('FLUSHALL')
    await statusesOf(9, (turn) => (turn % 2 === 0 ? one : other).login(wrong))
    assert.equal((await one.login()).status, 200)
    await until('forgotten', async () => !(await keysOf(redis)).some((key) => key.includes('PerAccountAndNetwork')))
    assert.equal((await statusesOf(9, () => other.login(wrong))).includes(429), false)
  })

  test('know together from where an account has signed in', async () => {
    await one.login()
    await until('known', async () => (await keysOf(redis)).some((key) => key.includes('knownPlaces')))
    await statusesOf(31, (turn) => other.login(wrong, `198.51.100.${turn}`))
    assert.equal((await other.login(ada, '203.0.113.1')).status, 429)
    assert.equal((await other.login()).status, 200)
  })

  test('keep neither mailbox nor network nor token in Redis, and everything there ends', async () => {
    const { refreshToken = '' } = (await one.login()).json
    await one.login(wrong)
    await one.login(wrong, '2001:db8::1')
    await one.post('/api/auth/register', { ...ada, email: 'bob@example.com' })
    await one.refresh('rt1.MARKED')
    const keys = await keysOf(redis)
    assert.ok(
      keys.some((key) => key.startsWith('countersign:limit:')),
      keys.join(),
    )
    const everything = [...keys, ...(await Promise.all(keys.map((key) => redis.ask('GET', key))))].join(' ')
    for (const personal of ['ada', 'bob', '192.0.2', '2001:db8', refreshToken, 'MARKED'])
      assert.ok(!everything.includes(personal), personal)
    for (const key of keys) assert.notEqual(await redis.ask('TTL', key), ':-1', key)
  })
})

async function keysOf(redis: RunningRedis): Promise<string[]> {
  return (await redis.askAll('KEYS', '*')).filter((key) => key !== undefined)
}

test('without Redis each server counts for itself', async (t) => {
  const { instances, close } = await install(2)
  t.after(close)
  for (const instance of instances)
    assert.deepEqual((await statusesOf(11, () => instance.login(wrong))).slice(9), [401, 429])
})

/** What goes wrong with Redis, how it is mended, and what /readyz then says. */
interface Fault {
  readonly state: string
  begin(redis: RunningRedis, way: Way): unknown
  end(redis: RunningRedis, way: Way): unknown
}

const faults: Record<string, Fault> = {
  killed: { state: 'away', begin: (redis) => redis.kill(), end: (redis) => redis.start() },
  stopped: {
    state: 'slow',
    begin: (redis) => redis.signal('SIGSTOP'),
    end: (redis) => redis.signal('SIGCONT'),
  },
  slow: { state: 'slow', begin: (_, way) => way.delay(400), end: (_, way) => way.mend() },
  unreachable: { state: 'away', begin: (_, way) => way.cut(), end: (_, way) => way.mend() },
  'made a replica': {
    state: 'read-only',
    begin: (redis) => redis.ask('REPLICAOF', '127.0.0.1', '1'),
    end: (redis) => redis.ask('REPLICAOF', 'NO', 'ONE'),
  },
  full: {
    state: 'full',
    begin: (redis) => redis.ask('CONFIG', 'SET', 'maxmemory', '1'),
    end: (redis) => redis.ask('CONFIG', 'SET', 'maxmemory', '0'),
  },
  'closed to our user': {
    state: 'refused',
    begin: (redis) => redis.ask('ACL', 'SETUSER', 'default', 'resetpass', '>another', '-@all'),
    end: async (redis) => {
      await redis.kill()
      await redis.start()
    },
  },
}

describe('a Redis that is', { skip }, () => {
  for (const [name, fault] of Object.entries(faults))
    test(`${name} holds up no login and no refresh, and limits hold for each server meanwhile`, async (t) => {
      const redis = await startRedis()
      const way = await openWay(() => Number(new URL(redis.url).port))
      const { instances, close } = await install(2, { redis: { url: `redis://127.0.0.1:${way.port}` } })
      t.after(async () => {
        await close()
        way.close()
        redis.signal('SIGCONT')
        await redis.end()
      })
      const [one, other] = instances
      assert.ok(one && other)
      await isIn(instances, 'ready')
      const usual = await measure(one)

      await fault.begin(redis, way)
      const during = await measure(one)
      assert.ok(during.median < 5 * usual.median, `${during.median} ms, usually ${usual.median} ms`)
      assert.ok(during.worst < 1000, `${during.worst} ms`)
      await isIn(instances, fault.state)
      const later = await measure(other)
      assert.ok(later.worst < Math.max(5 * usual.worst, 300), `${later.worst} ms, usually ${usual.worst} ms`)
      for (const instance of instances)
        assert.deepEqual((await statusesOf(11, () => instance.login(wrong, '198.51.100.9'))).slice(9), [401, 429])

      await fault.end(redis, way)
      await isIn(instances, 'ready')
      assert.ok(await countTogether([one, other], '10.0.0'))
      const told = one.log.filter(({ fields }) => fields.event === 'redis.state').map(({ fields }) => fields.state)
      assert.ok(told.length <= 6, told.join())
    })

  test('killed leaves known to each server the places that it saw, and is told of them when it is back', async (t) => {
    const redis = await startRedis()
    const { instances, close } = await install(3, { redis: { url: redis.url } })
    t.after(async () => {
      await close()
      await redis.end()
    })
    const [one, other, third] = instances
    assert.ok(one && other && third)
    await isIn(instances, 'ready')
    assert.equal((await one.login()).status, 200)
    await until('known', async () => (await keysOf(redis)).some((key) => key.includes('knownPlaces')))
    assert.equal((await other.login()).status, 200)
    await redis.kill()
    await isIn(instances, 'away')
    for (const instance of instances) await statusesOf(31, (turn) => instance.login(wrong, `198.51.100.${turn}`))
    assert.deepEqual([(await one.login()).status, (await other.login()).status], [200, 200])
    assert.equal((await third.login()).status, 429, 'it has not seen that network')

    await redis.start()
    await isIn(instances, 'ready')
    assert.equal((await one.login()).status, 200)
    await until('known again', async () => (await keysOf(redis)).some((key) => key.includes('knownPlaces')))
    await statusesOf(31, (turn) => one.login(wrong, `203.0.113.${turn}`))
    assert.equal((await third.login()).status, 200)
  })

  test('emptied forgets counts and places, and refuses nobody', async (t) => {
    const redis = await startRedis()
    const { instances, close } = await install(1, { redis: { url: redis.url } })
    t.after(async () => {
      await close()
      await redis.end()
    })
    const [one] = instances
    assert.ok(one)
    await isIn(instances, 'ready')
    await statusesOf(11, () => one.login(wrong))
    assert.equal((await one.login()).status, 429)
    await redis.ask('FLUSHALL')
    assert.equal((await one.login()).status, 200)
  })

  test('never there: servers start and serve without it', async (t) => {
    const { instances, close } = await install(1, { redis: { url: 'redis://127.0.0.1:1' } })
    t.after(close)
    const [one] = instances
    assert.ok(one)
    assert.equal(await stateOf(one), 'away')
    assert.deepEqual((await statusesOf(11, () => one.login(wrong))).slice(9), [401, 429])
  })
})

test('a Redis that wants another password than ours is reported as such, and no log line holds ours', {
  skip,
}, async (t) => {
  const redis = await startRedis()
  await redis.kill()
  await redis.start('--requirepass', 'right')
  const url = redis.url.replace('redis://', 'redis://:MARKED-wrong@')
  const { instances, close } = await install(1, { redis: { url } })
  t.after(async () => {
    await close()
    await redis.end()
  })
  const [one] = instances
  assert.ok(one)
  await isIn(instances, 'refused')
  assert.equal((await one.login()).status, 200)
  assert.ok(!JSON.stringify(one.log).includes('MARKED'))
})

describe('a user of Redis', { skip }, () => {
  async function installFor(t: TestContext, ...rights: string[]) {
    const redis = await startRedis()
    await redis.ask('ACL', 'SETUSER', 'countersign', 'on', '>pw', ...rights)
    const url = redis.url.replace('redis://', 'redis://countersign:pw@')
    const { instances, close } = await install(1, { redis: { url } })
    t.after(async () => {
      await close()
      await redis.end()
    })
    const [one] = instances
    assert.ok(one)
    return one
  }

  test('that may use no channel shares limits, whatever anybody signs out of', async (t) => {
    const one = await installFor(t, '~countersign:*', '+@all')
    await isIn([one], 'ready')
    await statusesOf(10, () => one.login(wrong))
    for (let turn = 0; turn < 10; turn++) {
      assert.equal((await one.post('/api/auth/logout', {})).status, 204)
      await sleep(15)
      assert.equal((await one.login(wrong)).status, 429)
      assert.equal(await stateOf(one), 'ready')
    }
  })

  test('that has the rights which the documentation names has all that are needed', async (t) => {
    const [, rights = ''] =
      /ACL SETUSER auth-server on '>[^']+' (.+)$/m.exec(
        readFileSync(join(import.meta.dirname, '../../docs/production.md'), 'utf8'),
      ) ?? []
    const one = await installFor(t, ...rights.split(' '))
    await isIn([one], 'ready')
    await until('the copy is kept', async () => (await one.ready()).json.checks.redisMirror === 'live')
    assert.equal((await one.login()).status, 200)
    await statusesOf(10, () => one.login(wrong))
    assert.equal((await one.login(wrong)).status, 429)
    await one.post('/api/auth/logout', {})
    await sleep(1500)
    const told = one.log.filter(({ fields }) => fields.event === 'redis.state').map(({ fields }) => fields.state)
    assert.deepEqual(told, ['ready'])
  })

  for (const [lack, ...rights] of [
    ['scripts', '-@scripting'],
    ['transactions', '-@transaction'],
    ['what a script counts with', '-incrby'],
    ['the key', 'resetkeys', '~another:*'],
  ] as const)
    test(`that lacks the right to ${lack} is told so, and stays refused`, async (t) => {
      const one = await installFor(t, '~countersign:*', '&*', '+@all', ...rights)
      await isIn([one], 'refused')
      await statusesOf(3, () => one.login(wrong))
      await sleep(1500)
      assert.equal(await stateOf(one), 'refused')
      assert.ok(!one.log.some(({ fields }) => fields.state === 'ready'))
    })
})

/** How long logins and refreshes take, milliseconds. */
async function measure(instance: Instance): Promise<{ readonly median: number; readonly worst: number }> {
  const times: number[] = []
  for (let turn = 0; turn < 12; turn++) {
    const login = await instance.login()
    const refresh = await instance.refresh(login.json.refreshToken ?? '')
    assert.deepEqual([login.status, refresh.status], [200, 200])
    times.push(login.took + refresh.took)
  }
  times.sort((a, b) => a - b)
  return { median: times[6] ?? 0, worst: times.at(-1) ?? 0 }
}
