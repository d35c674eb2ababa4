// Sleep, wrong clocks, and pages that come back (protocol C3, C9).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settle, until } from './fake-time.ts'
import { ada, bob, paths } from './live-server.ts'
import { SharedStorage } from './open-client.ts'
import { endAtServer, faultAt, moment, signedIn } from './signed-in.ts'

test('after two hours of sleep the token is known to be old, although the monotonic clock stood still', async (t) => {
  const { client, time, refreshes, states } = await signedIn(t)
  time.sleep(7_200_000)
  assert.ok(await client.getAccessToken())
  assert.deepEqual([refreshes(), states], [1, []])
})

test('waking up refreshes without being asked', async (t) => {
  const { page, time, refreshes } = await signedIn(t)
  time.sleep(7_200_000)
  page.tell('awake')
  await until(() => refreshes() === 1)
})

test('a request that was under way when the machine fell asleep is not waited for', async (t) => {
  const { client, live, time, refreshes, states } = await signedIn(t)
  live.proxy.fault = faultAt(paths.refresh, { kind: 'hold answer', until: new Promise(() => {}) })
  await time.pass(480_000)
  await until(() => refreshes() === 1)
  live.proxy.fault = () => undefined
  time.sleep(7_200_000)
  assert.ok(await client.getAccessToken())
  assert.deepEqual([refreshes(), states], [2, []])
})

test('waking up after a nap refreshes nothing', async (t) => {
  const { page, time, refreshes } = await signedIn(t)
  time.sleep(60_000)
  page.tell('awake')
  await settle()
  assert.equal(refreshes(), 0)
  assert.ok((time.nextTimer ?? 0) <= 420_000)
})

test('a clock that is set an hour ahead costs one refresh', async (t) => {
  const { client, time, refreshes, states } = await signedIn(t)
  time.skew = 3_600_000
  await client.getAccessToken()
  await client.getAccessToken()
  assert.deepEqual([refreshes(), states], [1, []])
})

test('a clock that is set an hour back costs nothing, and the token still ends in time', async (t) => {
  const { client, time, refreshes } = await signedIn(t)
  const token = await client.getAccessToken()
  time.skew = -3_600_000
  assert.equal(await client.getAccessToken(), token)
  assert.equal(refreshes(), 0)
  await time.pass(480_000)
  await until(() => refreshes() === 1)
})

for (const skew of [-3_600_000, 3_600_000, 86_400_000 * 365]) {
  test(`a clock that is always ${skew / 3_600_000} h wrong changes nothing`, async (t) => {
    const { client, time, open, refreshes, states } = await signedIn(t)
    time.skew = skew
    const other = open({ storage: new SharedStorage() })
    await other.client.login(ada)
    const token = await other.client.getAccessToken()
    await time.pass(100_000)
    assert.equal(await other.client.getAccessToken(), token)
    void client
    assert.deepEqual([states, other.client.session.status], [[], 'signed-in'])
    assert.ok(refreshes() <= 1)
  })
}

test('a page out of the back/forward cache asks the server, and sees that someone else has signed in (C9)', async (t) => {
  const { client, page, open, states, refreshes } = await signedIn(t)
  await open().client.login(bob)
  assert.equal(states.length, 0)
  page.tell('left')
  page.tell('restored')
  await until(() => refreshes() >= 1 && states.length === 1)
  const session = client.session
  assert.ok(session.status === 'signed-in')
  const { sub } = (await (await client.fetch('/api/orders')).json()) as { sub: string }
  assert.equal(sub, session.userId)
})

test('a page out of the back/forward cache sees that the session has ended (C9)', async (t) => {
  const { page, storage, live, states } = await signedIn(t)
  await endAtServer(live, storage.stored)
  page.tell('left')
  page.tell('restored')
  await until(() => states.length === 1)
  assert.deepEqual(states, ['signed-out'])
})

test('a page out of the back/forward cache that is offline stays signed in, and asks when the network is back', async (t) => {
  const { page, states, refreshes } = await signedIn(t)
  page.online = false
  page.tell('restored')
  await settle()
  assert.deepEqual([refreshes(), states], [0, []])
  page.online = true
  page.tell('online')
  await until(() => refreshes() === 1)
})

test('a page that was frozen while it refreshed goes on', async (t) => {
  const { client, live, page, time, refreshes, states } = await signedIn(t)
  const late = moment()
  live.proxy.fault = faultAt(paths.refresh, { kind: 'hold answer', until: late.until })
  await time.pass(480_000)
  await until(() => refreshes() === 1)
  time.sleep(3_600_000)
  live.proxy.fault = () => undefined
  late.come()
  await settle()
  page.tell('awake')
  assert.ok(await client.getAccessToken())
  assert.equal((await client.fetch('/api/orders')).status, 200)
  assert.deepEqual(states, [])
})
