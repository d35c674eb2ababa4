// When the client refreshes, how often, and what trouble does to a session: nothing (protocol C1, C4).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ClientError } from '@countersign/client'
import { FakeTime, settle, until } from './fake-time.ts'
import type { Fault } from './faulty-proxy.ts'
import { ada, bob, paths, startLiveServer } from './live-server.ts'
import { openTab, SharedStorage } from './open-client.ts'
import { endAtServer, faultAt, moment, signedIn } from './signed-in.ts'

const fail = (fault: Fault) => faultAt(paths.refresh, fault)
const isOf = (code: string) => (error: unknown) => error instanceof ClientError && error.code === code

describe('a token', () => {
  test('is given as long as it lasts, and renewed at 80 % of its life', async (t) => {
    const { client, time, refreshes, states } = await signedIn(t)
    const token = await client.getAccessToken()
    await time.pass(479_000)
    assert.equal(await client.getAccessToken(), token)
    assert.equal(refreshes(), 0)
    await time.pass(1000)
    await until(() => refreshes() === 1)
    await until(() => (time.nextTimer ?? 0) > 400_000)
    assert.notEqual(await client.getAccessToken(), token)
    assert.deepEqual(states, [])
  })

  for (const [random, due] of [
    [0, 540],
    [0.999999, 420],
  ] as const) {
    test(`is renewed between 70 and 90 % of its life, by chance: ${due} s`, async (t) => {
      const { time } = await signedIn(t, { random: () => random })
      assert.equal(Math.round((time.nextTimer ?? 0) / 1000), due)
    })
  }

  test('is renewed when less is left than the caller needs', async (t) => {
    const { client, time, refreshes } = await signedIn(t)
    const token = await client.getAccessToken()
    await time.pass(200_000)
    assert.equal(await client.getAccessToken({ minimumLifetime: 390 }), token)
    assert.notEqual(await client.getAccessToken({ minimumLifetime: 410 }), token)
    assert.equal(refreshes(), 1)
  })

  test('is asked for once, by the timer and twenty callers together (C1)', async (t) => {
    const { client, time, refreshes } = await signedIn(t)
    await time.pass(480_000)
    const tokens = await Promise.all(Array.from({ length: 20 }, () => client.getAccessToken({ minimumLifetime: 500 })))
    assert.equal(new Set(tokens).size, 1)
    assert.equal(refreshes(), 1)
  })

  test('is not renewed by a page that nobody looks at, and at once when somebody does', async (t) => {
    const { page, time, refreshes } = await signedIn(t)
    page.hidden = true
    await time.pass(900_000)
    assert.equal(refreshes(), 0)
    page.hidden = false
    page.tell('awake')
    await until(() => refreshes() === 1)
  })

  test('is given to a hidden page that asks', async (t) => {
    const { client, page, time, refreshes } = await signedIn(t)
    page.hidden = true
    await time.pass(900_000)
    assert.ok(await client.getAccessToken())
    assert.equal(refreshes(), 1)
  })

  test('is none, without a request, where nobody signed in', async (t) => {
    const time = new FakeTime()
    const live = await startLiveServer(t, time)
    const { client, states } = openTab(t, live, time, { storage: new SharedStorage() })
    assert.equal(client.session.status, 'unknown')
    assert.equal(await client.getAccessToken(), undefined)
    assert.deepEqual([states, live.proxy.count(paths.refresh)], [['signed-out'], 0])
  })

  test('is there again after a restart, from what was stored', async (t) => {
    const { live, time, storage } = await signedIn(t)
    const { client, states } = openTab(t, live, time, { storage })
    assert.ok(await client.getAccessToken())
    assert.deepEqual(states, ['signed-in'])
  })
})

describe('an answer', () => {
  test('that repeats the refresh token changes nothing in the storage', async (t) => {
    const { client, storage, time } = await signedIn(t)
    const { stored, writes } = storage
    await time.pass(1000)
    await client.getAccessToken({ minimumLifetime: 9999 })
    assert.deepEqual([storage.stored, storage.writes], [stored, writes])
  })

  test('with another refresh token is stored once', async (t) => {
    const { client, storage, time } = await signedIn(t)
    const { stored, writes } = storage
    await time.pass(100_000)
    await client.getAccessToken({ minimumLifetime: 9999 })
    assert.notEqual(storage.stored, stored)
    assert.equal(storage.writes, writes + 1)
  })

  test('that is not ours, of a captive portal, ends nothing', async (t) => {
    const { client, live, time, states } = await signedIn(t, { random: () => 0 })
    time.sleep(590_000)
    let count = 0
    live.proxy.fault = (request) => {
      if (request.path !== paths.refresh || ++count > 3) return undefined
      const status = [200, 401, 403][count - 1] ?? 500
      return { kind: 'answer', reply: { status, headers: { 'content-type': 'text/html' }, body: '<h1>Pay here</h1>' } }
    }
    assert.ok(await client.getAccessToken({ minimumLifetime: 60 }))
    assert.deepEqual([count, states], [4, []])
  })
})

describe('trouble signs nobody out (C4)', () => {
  for (const [what, fault] of [
    ['no connection', { kind: 'refuse' }],
    ['a lost answer', { kind: 'lose answer' }],
    ['500', { kind: 'answer', reply: { status: 500, body: '{}' } }],
    ['502 of a proxy', { kind: 'answer', reply: { status: 502, body: 'Bad Gateway' } }],
    ['429', { kind: 'answer', reply: { status: 429, body: '{}' } }],
    ['400 of a proxy', { kind: 'answer', reply: { status: 400, body: '' } }],
  ] satisfies [string, Fault][]) {
    test(`${what}: tries again, longer apart each time, and goes on`, async (t) => {
      const { client, live, time, refreshes, states } = await signedIn(t, { random: () => 1 })
      live.proxy.fault = fail(fault)
      await time.pass(420_000)
      const pauses: number[] = []
      for (let tries = 1; tries <= 8; tries++) {
        await until(() => refreshes() === tries)
        await until(() => (time.nextTimer ?? 7000) !== 7000 && time.nextTimer !== undefined)
        pauses.push(time.nextTimer ?? 0)
        if (tries < 8) await time.pass(time.nextTimer ?? 0)
      }
      assert.deepEqual(pauses, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
      assert.deepEqual(states, [])
      live.proxy.fault = () => undefined
      await time.pass(30_000)
      await until(() => refreshes() === 9)
      await until(() => (time.nextTimer ?? 0) > 400_000)
      assert.ok(await client.getAccessToken({ minimumLifetime: 590 }))
    })
  }

  test('Retry-After is kept to', async (t) => {
    const { live, time, refreshes } = await signedIn(t, { random: () => 1 })
    live.proxy.fault = fail({ kind: 'answer', reply: { status: 503, headers: { 'retry-after': '17' }, body: '{}' } })
    await time.pass(420_000)
    await until(() => refreshes() === 1 && time.nextTimer === 17_000)
  })

  test('Retry-After as a date is kept to, and one that asks for a day is not', async (t) => {
    const { live, time, refreshes } = await signedIn(t, { random: () => 0 })
    const dateIn = (seconds: number) => new Date(time.now + seconds * 1000).toUTCString()
    live.proxy.fault = () => ({ kind: 'answer', reply: { status: 503, headers: { 'retry-after': dateIn(40) } } })
    await time.pass(540_000)
    await until(() => refreshes() === 1 && Math.abs((time.nextTimer ?? 0) - 40_000) <= 1000)
    live.proxy.fault = () => ({ kind: 'answer', reply: { status: 429, headers: { 'retry-after': '86400' } } })
    await time.pass(41_000)
    await until(() => refreshes() === 2 && Math.abs((time.nextTimer ?? 0) - 300_000) <= 2000)
  })

  test('an answer that does not come in 7 s is given up, and its retry gets the successor', async (t) => {
    const { client, live, time, storage, refreshes, states } = await signedIn(t, { random: () => 0 })
    const { stored } = storage
    await time.pass(540_000)
    await until(() => refreshes() === 1)
    await until(() => (time.nextTimer ?? 0) > 400_000)
    const first = storage.stored
    assert.notEqual(first, stored)

    const never = new Promise(() => {})
    live.proxy.fault = fail({ kind: 'hold answer', until: never })
    await time.pass(540_000)
    await until(() => refreshes() === 2)
    assert.equal(time.nextTimer, 7000)
    live.proxy.fault = () => undefined
    await time.pass(7000)
    await until(() => refreshes() === 3)
    await until(() => storage.stored !== first)
    assert.ok(await client.getAccessToken({ minimumLifetime: 500 }))
    assert.deepEqual([states, live.warnings], [[], []])
  })

  test('a caller gets the token that is still good while the server is away', async (t) => {
    const { client, live, time } = await signedIn(t)
    const token = await client.getAccessToken()
    live.proxy.fault = fail({ kind: 'answer', reply: { status: 503 } })
    const asked = client.getAccessToken({ minimumLifetime: 9999 })
    await until(() => live.proxy.count(paths.refresh) === 1)
    await time.pass(20_000)
    assert.equal(await asked, token)
  })

  test('a caller without a token is told why after 20 s, and the client goes on trying', async (t) => {
    const { client, live, time, states } = await signedIn(t)
    await time.pass(480_000)
    await until(() => live.proxy.count(paths.refresh) === 1)
    await until(() => (time.nextTimer ?? 0) > 400_000)
    time.sleep(700_000)
    live.proxy.fault = fail({ kind: 'answer', reply: { status: 503 } })
    const asked = client.getAccessToken().catch((error: unknown) => error)
    await until(() => live.proxy.count(paths.refresh) === 2)
    for (let passed = 0; passed < 20_000; passed += 500) {
      await time.pass(500)
      await settle()
    }
    assert.ok(isOf('temporarily_unavailable')(await asked))
    live.proxy.fault = () => undefined
    await time.pass(time.nextTimer ?? 0)
    await until(() => (time.nextTimer ?? 0) > 400_000)
    assert.ok(await client.getAccessToken())
    assert.deepEqual(states, [])
  })

  test('offline: waits for the network, tells callers at once, and refreshes when it is back', async (t) => {
    const { client, page, time, refreshes, states } = await signedIn(t)
    page.online = false
    await time.pass(700_000)
    assert.equal(refreshes(), 0)
    const asked = client.getAccessToken().catch((error: unknown) => error)
    await time.pass(1)
    assert.ok(isOf('network_error')(await asked))
    page.online = true
    page.tell('online')
    await until(() => refreshes() === 1)
    assert.ok(await client.getAccessToken())
    assert.deepEqual(states, [])
  })

  test('a hidden page with trouble stops trying until it is looked at', async (t) => {
    const { live, page, time, refreshes } = await signedIn(t)
    live.proxy.fault = fail({ kind: 'refuse' })
    await time.pass(480_000)
    await until(() => refreshes() === 1)
    await until(() => time.nextTimer === 250)
    page.hidden = true
    await time.pass(300_000)
    assert.equal(refreshes(), 1)
    live.proxy.fault = () => undefined
    page.hidden = false
    page.tell('awake')
    await until(() => refreshes() === 2)
  })

  test('a storage that cannot be read ends nothing', async (t) => {
    const { client, time, storage, states } = await signedIn(t, { random: () => 0 })
    const { read } = storage
    storage.read = () => {
      storage.read = read
      throw new Error('the key chain is locked')
    }
    await time.pass(540_000)
    await until(() => storage.read === read && (time.nextTimer ?? 0) > 400_000)
    assert.ok(await client.getAccessToken())
    assert.deepEqual(states, [])
  })

  test('a storage that cannot be written ends nothing either, however often', async (t) => {
    const { client, time, storage, states, live } = await signedIn(t)
    storage.write = () => {
      throw new Error('the disk is full')
    }
    for (let hour = 0; hour < 6; hour++) {
      time.sleep(3_600_000)
      assert.ok(await client.getAccessToken())
    }
    assert.deepEqual([states, live.warnings], [[], []])
  })
})

test('an answer for a session that is not in the storage any more is void: the one that is there counts', async (t) => {
  const { client, live, storage, open, refreshes, states } = await signedIn(t)
  const other = new SharedStorage()
  const session = await open({ storage: other }).client.login(bob)
  const late = moment()
  live.proxy.fault = fail({ kind: 'hold answer', until: late.until })
  const asked = client.getAccessToken({ minimumLifetime: 9999 })
  await until(() => refreshes() === 1)
  storage.stored = other.stored
  live.proxy.fault = () => undefined
  late.come()
  assert.ok(await asked)
  await settle()
  assert.deepEqual({ ...client.session }, { ...session })
  assert.deepEqual([storage.stored, states], [other.stored, ['signed-in']])
})

describe('a refusal', () => {
  test('ends the session, once, and tells why nobody is signed in', async (t) => {
    const { client, live, storage, states } = await signedIn(t)
    await endAtServer(live, storage.stored)
    const tokens = await Promise.all([1, 2, 3].map(() => client.getAccessToken({ minimumLifetime: 9999 })))
    await settle()
    assert.deepEqual(tokens, [undefined, undefined, undefined])
    assert.deepEqual([states, storage.stored], [['signed-out'], undefined])
    assert.equal(await client.getAccessToken(), undefined)
    assert.equal(live.proxy.count(paths.refresh), 1)
  })

  test('of a token that was replaced in the storage meanwhile leads to the other one', async (t) => {
    const { client, live, storage, time, states } = await signedIn(t)
    const mine = storage.stored
    const other = new SharedStorage()
    await openTab(t, live, time, { storage: other }).client.login(ada)
    const released = moment()
    let isFirst = true
    live.proxy.fault = ({ path }) => {
      if (path !== paths.refresh || !isFirst) return undefined
      isFirst = false
      return { kind: 'hold request', until: released.until }
    }
    const asked = client.getAccessToken({ minimumLifetime: 9999 })
    while (isFirst) await settle()
    await endAtServer(live, mine)
    storage.stored = other.stored
    released.come()
    assert.ok(await asked)
    await settle()
    assert.deepEqual([states, storage.stored], [['signed-in'], other.stored])
  })

  test('that is no refusal of the session, but of the page, is told and ends nothing', async (t) => {
    const { client, live, time, states, refreshes } = await signedIn(t)
    const body = JSON.stringify({ code: 'cross_site_request' })
    live.proxy.fault = fail({ kind: 'answer', reply: { status: 403, body } })
    time.sleep(700_000)
    await assert.rejects(client.getAccessToken(), isOf('cross_site_request'))
    assert.deepEqual([refreshes(), states], [1, []])
  })
})
