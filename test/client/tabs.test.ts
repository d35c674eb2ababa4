// Tabs of one browser: they share a lock that nothing depends on, and tell each other what they know (protocol C2, C8).
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { Locks } from '@countersign/client'
import { settle, until } from './fake-time.ts'
import { ada, bob, paths } from './live-server.ts'
import { type Opening, SharedStorage, type Tab, TestChannels, TestLocks } from './open-client.ts'
import { endAtServer, faultAt, moment, type SignedIn, signedIn } from './signed-in.ts'

/** Five tabs of one browser, in all of which Ada is signed in. */
async function fiveTabs(t: TestContext, opening: Opening = {}): Promise<SignedIn & { tabs: Tab[] }> {
  const first = await signedIn(t, opening)
  const tabs: Tab[] = [first, ...Array.from({ length: 4 }, () => first.open())]
  for (const { client } of tabs) await client.getAccessToken()
  await settle()
  for (const { states } of tabs) states.length = 0
  first.live.proxy.seen.length = 0
  return { ...first, tabs }
}

const ask = (tabs: Tab[]) => Promise.all(tabs.map(({ client }) => client.getAccessToken()))
const statesOf = (tabs: Tab[]) => tabs.map(({ states }) => states)

describe('five tabs whose token has run out', () => {
  test('refresh once, with locks and channels', async (t) => {
    const { tabs, time, refreshes } = await fiveTabs(t, { locks: new TestLocks(), channels: new TestChannels() })
    time.sleep(700_000)
    const tokens = await ask(tabs)
    assert.equal(new Set(tokens).size, 1)
    assert.ok(tokens[0])
    assert.equal(refreshes(), 1)
    assert.deepEqual(statesOf(tabs), [[], [], [], [], []])
  })

  for (const [what, opening] of [
    ['neither locks nor channels (C8)', {}],
    ['channels only (C8)', { channels: new TestChannels() }],
    ['locks only (C8)', { locks: new TestLocks() }],
  ] satisfies [string, Opening][]) {
    test(`stay signed in with ${what}`, async (t) => {
      const { tabs, time, live, storage } = await fiveTabs(t, opening)
      for (let round = 0; round < 5; round++) {
        time.sleep(700_000)
        for (const token of await ask(tabs)) assert.ok(token)
        await settle()
      }
      assert.deepEqual([statesOf(tabs), live.warnings], [[[], [], [], [], []], []])
      assert.ok(storage.stored)
    })
  }

  test('go on after two seconds when a tab holds the lock and never lets go (C2)', async (t) => {
    const locks = new TestLocks()
    const { tabs, time, refreshes } = await fiveTabs(t, { locks, channels: new TestChannels() })
    time.sleep(700_000)
    orphan(locks)
    const asked = ask(tabs)
    await settle()
    assert.equal(refreshes(), 0)
    await time.pass(2000)
    for (const token of await asked) assert.ok(token)
    assert.ok(refreshes() >= 1 && refreshes() <= 5)
    assert.deepEqual(statesOf(tabs), [[], [], [], [], []])
  })

  test('go on when one of them is closed in mid-refresh', async (t) => {
    const { tabs, time, live, refreshes } = await fiveTabs(t, { locks: new TestLocks(), channels: new TestChannels() })
    time.sleep(700_000)
    let isFirst = true
    live.proxy.fault = ({ path }) => {
      if (path !== paths.refresh || !isFirst) return undefined
      isFirst = false
      return { kind: 'lose answer' }
    }
    const asked = ask(tabs.slice(1))
    const killed = tabs[0]?.client.getAccessToken().catch(() => 'killed')
    await until(() => refreshes() === 1)
    tabs[0]?.client.close()
    await killed
    await until(() => refreshes() >= 2 || (time.nextTimer ?? 9999) < 600)
    await time.pass(600)
    for (const token of await asked) assert.ok(token)
    assert.deepEqual([statesOf(tabs), live.warnings], [[[], [], [], [], []], []])
  })
})

describe('the lock', () => {
  for (const [what, request] of [
    ['throws', () => assert.fail('no locks in a page of an opaque origin')],
    ['refuses', () => Promise.reject(new Error('not fully active'))],
  ] satisfies [string, Locks['request']][]) {
    test(`is done without at once when the browser ${what}`, async (t) => {
      const { client, refreshes } = await signedIn(t, { locks: { request } })
      assert.ok(await client.getAccessToken({ minimumLifetime: 9999 }))
      assert.equal(refreshes(), 1)
    })
  }

  test('that is granted after all does not refresh a second time', async (t) => {
    const late = moment()
    const locks: Locks = { request: (_name, _options, act) => late.until.then(act) }
    const { client, time, refreshes } = await signedIn(t, { locks })
    const asked = client.getAccessToken({ minimumLifetime: 9999 })
    await settle()
    await time.pass(2000)
    await asked
    late.come()
    await settle()
    assert.equal(refreshes(), 1)
  })

  test('is not held while a listener runs', async (t) => {
    const locks = new TestLocks()
    const { live, storage, open } = await signedIn(t, { locks })
    const { client } = open()
    const heldWhenCalled: number[] = []
    client.onChange(() => void heldWhenCalled.push(locks.held.size))
    await client.getAccessToken()
    await endAtServer(live, storage.stored)
    await client.getAccessToken({ minimumLifetime: 9999 })
    await settle()
    assert.deepEqual(heldWhenCalled, [0, 0])
  })
})

describe('a sibling', () => {
  test('follows a logout and a login', async (t) => {
    const { tabs, client, refreshes } = await fiveTabs(t, { channels: new TestChannels() })
    await client.logout()
    await settle()
    assert.deepEqual(statesOf(tabs), Array(5).fill(['signed-out']))
    const session = await client.login(bob)
    await settle()
    for (const tab of tabs) assert.deepEqual({ ...tab.client.session }, { ...session })
    for (const tab of tabs) assert.equal((await tab.client.fetch('/api/orders')).status, 200)
    assert.equal(refreshes(), 0)
  })

  test('follows the end of the session', async (t) => {
    const { tabs, client, live, storage, refreshes } = await fiveTabs(t, { channels: new TestChannels() })
    await endAtServer(live, storage.stored)
    await client.getAccessToken({ minimumLifetime: 9999 })
    await settle()
    assert.deepEqual([statesOf(tabs), refreshes()], [Array(5).fill(['signed-out']), 1])
  })

  test('drops its refresh when another one signs out', async (t) => {
    const { tabs, live, storage, refreshes } = await fiveTabs(t, { channels: new TestChannels() })
    const late = moment()
    live.proxy.fault = faultAt(paths.refresh, { kind: 'hold answer', until: late.until })
    const asked = tabs[1]?.client.getAccessToken({ minimumLifetime: 9999 })
    await until(() => refreshes() === 1)
    await tabs[0]?.client.logout()
    await settle()
    late.come()
    assert.equal(await asked, undefined)
    assert.deepEqual([statesOf(tabs), storage.stored], [Array(5).fill(['signed-out']), undefined])
  })

  test('that missed a login finds out by its next refresh', async (t) => {
    const { tabs, client } = await fiveTabs(t)
    await client.login(bob)
    const [, other] = tabs
    await other?.client.getAccessToken({ minimumLifetime: 9999 })
    assert.deepEqual({ ...other?.client.session }, { ...client.session })
  })

  test('never tells a refresh token', async (t) => {
    const channels = new TestChannels()
    const { client, time } = await signedIn(t, { channels })
    for (let count = 0; count < 3; count++) {
      time.sleep(700_000)
      await client.getAccessToken()
    }
    await client.logout()
    await client.login(bob)
    assert.ok(channels.posted.length >= 6)
    assert.doesNotMatch(JSON.stringify(channels.posted), /rt1\./)
  })

  test('is not believed when it says what does not fit: the server is asked', async (t) => {
    const channels = new TestChannels()
    const { client, live, open, states, refreshes } = await signedIn(t, { channels })
    const { client: other } = open({ channels: new TestChannels(), storage: new SharedStorage() })
    await other.login(bob)
    const foreign = await other.getAccessToken()
    const forge = channels.open(`countersign ${live.issuer}/api/auth test`)
    const message = { kind: 'token', text: foreign, expiresIn: 600, sentAt: 1_800_000_000_000, isLogin: false }
    const before = client.session
    forge.postMessage(message)
    await until(() => refreshes() === 1)
    forge.postMessage({ kind: 'signed-out', sid: 'another' })
    await until(() => refreshes() === 2)
    forge.postMessage({ kind: 'signed-out' })
    await until(() => refreshes() === 3)
    await settle()
    assert.deepEqual([states, client.session], [[], before])
  })

  test('is told of a logout before the server has answered', async (t) => {
    const { tabs, client, live } = await fiveTabs(t, { channels: new TestChannels() })
    const late = moment()
    live.proxy.fault = faultAt(paths.logout, { kind: 'hold request', until: late.until })
    const logout = client.logout()
    await until(() => live.proxy.count(paths.logout) === 1)
    await settle()
    assert.deepEqual(statesOf(tabs), Array(5).fill(['signed-out']))
    late.come()
    await logout
    await settle()
    assert.deepEqual(statesOf(tabs), Array(5).fill(['signed-out']))
  })

  test('is not heard while the page may be in the back/forward cache', async (t) => {
    const channels = new TestChannels()
    const { page } = await signedIn(t, { channels })
    assert.equal(channels.count, 1)
    page.tell('left')
    assert.equal(channels.count, 0)
    page.tell('restored')
    assert.equal(channels.count, 1)
  })

  test('that speaks late, or of a token that ends sooner, changes nothing', async (t) => {
    const channels = new TestChannels()
    const { client, live, page, time, refreshes } = await signedIn(t, { channels })
    const forge = channels.open(`countersign ${live.issuer}/api/auth test`)
    const message = { kind: 'token', text: await client.getAccessToken(), isLogin: false }
    page.hidden = true
    forge.postMessage({ ...message, expiresIn: 1000, sentAt: time.now - 700_000 })
    forge.postMessage({ ...message, expiresIn: 100, sentAt: time.now })
    await settle()
    time.sleep(300_000)
    await client.getAccessToken()
    assert.equal(refreshes(), 0)
    time.sleep(320_000)
    await client.getAccessToken()
    assert.equal(refreshes(), 1)
  })

  test('that tells of an older login than one knows is not followed', async (t) => {
    const channels = new TestChannels()
    const { client, live, time, storage, states } = await signedIn(t, { channels })
    const text = await client.getAccessToken()
    time.sleep(10_000)
    const session = await client.login(bob)
    const { stored } = storage
    states.length = 0
    const forge = channels.open(`countersign ${live.issuer}/api/auth test`)
    forge.postMessage({ kind: 'token', text, expiresIn: 600, sentAt: time.now, isLogin: true })
    await until(() => live.proxy.count(paths.refresh) === 1)
    await client.getAccessToken({ minimumLifetime: 9999 })
    assert.deepEqual([states, client.session, storage.stored], [[], session, stored])
  })

  test('is not heard when it says anything else', async (t) => {
    const channels = new TestChannels()
    const { client, live, states, refreshes } = await signedIn(t, { channels })
    const forge = channels.open(`countersign ${live.issuer}/api/auth test`)
    const text = await client.getAccessToken()
    const good = { kind: 'token', text, expiresIn: 600, sentAt: 0, isLogin: true }
    for (const data of [
      ...[undefined, null, 1, 'signed-out', [], {}, { kind: 'signed-in' }, { kind: 'signed-out', sid: 5 }],
      ...[
        { ...good, text: 5 },
        { ...good, text: 'a.b.c' },
        { ...good, text: 'a.bnVsbA.c' },
      ],
      ...[
        { ...good, expiresIn: -1 },
        { ...good, expiresIn: '600' },
        { ...good, expiresIn: 1e9 },
      ],
      ...[{ ...good, expiresIn: Number.NaN }, { ...good, sentAt: undefined }, good],
    ])
      forge.postMessage(data)
    await settle()
    assert.deepEqual([states, refreshes(), await client.getAccessToken()], [[], 0, text])
  })

  test('is not told anything, nor followed, where the refresh token is not shared', async (t) => {
    const channels = new TestChannels()
    const { open } = await signedIn(t)
    const { client } = open({ channels, storage: undefined as never })
    await client.login(ada)
    await client.logout()
    assert.deepEqual(channels.posted, [])
  })
})

function orphan(locks: TestLocks): void {
  const request = locks.request.bind(locks)
  locks.request = async (name, options, act) => {
    locks.held.add(name)
    return request(name, options, act)
  }
}
