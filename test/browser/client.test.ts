// The client in a real browser, with cookies, tabs, locks, channels and the back/forward cache as they are (protocol C1-C9).
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import type { Page } from 'playwright-core'
import { until } from '../client/fake-time.ts'
import { ada, bob, paths } from '../client/live-server.ts'
import { moment } from '../client/signed-in.ts'
import { requires } from '../requires.ts'
import {
  type BrowserOptions,
  type ClientBrowser,
  login,
  run,
  startClientBrowser,
  statesOf,
  statusOf,
  tokenOf,
} from './client-browser.ts'

const skip = requires('chromium')
const timeout = 120_000

/** So many tabs, in all of which Ada is signed in. */
async function openTabs(
  t: TestContext,
  count: number,
  options?: BrowserOptions,
): Promise<ClientBrowser & { tabs: Page[]; first: Page }> {
  const browser = await startClientBrowser(t, options)
  const first = await browser.open()
  await login(first, ada)
  const tabs = [first]
  while (tabs.length < count) tabs.push(await browser.open())
  await Promise.all(tabs.map(tokenOf))
  for (const tab of tabs) await run(tab, 'states.length = 0')
  browser.live.proxy.seen.length = 0
  return { ...browser, tabs, first }
}

const noChange = (tabs: Page[]) => tabs.map(() => [])
const allStates = (tabs: Page[]) => Promise.all(tabs.map(statesOf))

describe('in Chromium', { skip, timeout }, () => {
  test('nothing of a session is where a script can read it, and a reload goes on with it', async (t) => {
    const { live, context, first } = await openTabs(t, 1)
    const cookies = await context.cookies()
    assert.equal(cookies.length, 1)
    assert.match(cookies[0]?.name ?? '', /^__Host-rt-/)
    assert.deepEqual([cookies[0]?.httpOnly, cookies[0]?.sameSite, cookies[0]?.secure], [true, 'Strict', true])
    const readable = '[document.cookie, { ...localStorage }, { ...sessionStorage }, auth.session]'
    assert.doesNotMatch(JSON.stringify(await run(first, readable)), /rt1\.|eyJ/)
    assert.deepEqual(await run(first, 'indexedDB.databases()'), [])
    await first.reload()
    assert.ok(await tokenOf(first))
    assert.deepEqual(await statesOf(first), ['signed-in'])
    assert.equal(await run(first, "auth.fetch('/api/orders').then(({ status }) => status)"), 200)
    assert.equal(live.proxy.count(paths.refresh), 1)
  })

  test('a page of another origin signs in where the server lists it', async (t) => {
    const browser = await startClientBrowser(t)
    const other = createServer((_request, response) => {
      const reply = browser.live.own({ method: 'GET', path: '/', headers: {}, body: '' })
      response.writeHead(200, { 'content-type': 'text/html' }).end(reply?.body)
    })
    await new Promise<void>((resolve) => void other.listen(0, '127.0.0.1', resolve))
    t.after(() => other.close())
    const page = await browser.open(`http://localhost:${(other.address() as AddressInfo).port}`)
    await login(page, ada)
    await page.reload()
    assert.ok(await tokenOf(page))
    await run(page, 'auth.logout()')
    await page.reload()
    assert.equal((await tokenOf(page)) ?? null, null)
  })

  test('a logout lasts', async (t) => {
    const { first, context } = await openTabs(t, 1)
    await run(first, 'auth.logout()')
    await first.reload()
    assert.equal((await tokenOf(first)) ?? null, null)
    assert.deepEqual([await statusOf(first), await context.cookies()], ['signed-out', []])
  })

  test('ten tabs whose token runs out refresh once, or little more, and stay signed in', async (t) => {
    const { tabs, live, pass } = await openTabs(t, 10)
    await pass(700_000)
    const tokens = await Promise.all(tabs.map(tokenOf))
    t.diagnostic(`${live.proxy.count(paths.refresh)} refreshes`)
    assert.ok(tokens.every((token) => token?.startsWith('ey')))
    assert.ok(live.proxy.count(paths.refresh) < 10)
    assert.deepEqual([await allStates(tabs), live.warnings], [noChange(tabs), []])
  })

  test('ten tabs without Web Locks and BroadcastChannel stay signed in (C8)', async (t) => {
    const before = 'delete Navigator.prototype.locks; delete globalThis.BroadcastChannel'
    const { tabs, live, pass } = await openTabs(t, 10, { before })
    assert.equal(
      await run(tabs[0] as Page, "navigator.locks === undefined && typeof BroadcastChannel === 'undefined'"),
      true,
    )
    for (let round = 0; round < 3; round++) {
      await pass(700_000)
      for (const token of await Promise.all(tabs.map(tokenOf))) assert.match(token ?? '', /^ey/)
    }
    assert.deepEqual([await allStates(tabs), live.warnings], [noChange(tabs), []])
  })

  test('a tab that takes the lock and never lets go holds nobody up (C2)', async (t) => {
    const { tabs, live, pass, open } = await openTabs(t, 5)
    const greedy = await open()
    const name = `countersign ${live.issuer}/api/auth cookie`
    await run(greedy, `void navigator.locks.request('${name}', () => new Promise(() => {}))`)
    await run(greedy, 'auth.close()')
    await pass(700_000)
    const asked = Promise.all(tabs.map(tokenOf))
    for (const token of await asked) assert.match(token ?? '', /^ey/)
    const held = (await run(
      greedy,
      'navigator.locks.query().then(({ held }) => held.map(({ name }) => name))',
    )) as string[]
    assert.deepEqual(held, [name])
    assert.deepEqual([await allStates(tabs), live.warnings], [noChange(tabs), []])
  })

  test('a tab that is killed in mid-refresh takes nothing with it', async (t) => {
    const { tabs, live, pass } = await openTabs(t, 4)
    const [victim, ...others] = tabs as [Page, ...Page[]]
    for (const kind of ['hold answer', 'hold request'] as const) {
      const killed = kind === 'hold answer' ? victim : (others.pop() as Page)
      const late = moment()
      live.proxy.fault = ({ path }) => (path === paths.refresh ? { kind, until: late.until } : undefined)
      await pass(700_000)
      const before = live.proxy.count(paths.refresh)
      void tokenOf(killed).catch(() => {})
      await until(() => live.proxy.count(paths.refresh) > before)
      await killed.close()
      live.proxy.fault = () => undefined
      const asked = Promise.all(others.map(tokenOf))
      late.come()
      for (const token of await asked) assert.match(token ?? '', /^ey/)
    }
    assert.deepEqual([await allStates(others), live.warnings], [noChange(others), []])
  })

  test('a laptop that slept for two hours refreshes when it is looked at (C3)', async (t) => {
    const { tabs, first, live, time, context } = await openTabs(t, 3)
    time.now += 7_200_000
    const monotonic = await run<number>(first, 'performance.now()')
    await context.clock.setSystemTime(time.now)
    assert.ok((await run<number>(first, 'performance.now()')) - monotonic < 60_000)
    await run(first, "document.dispatchEvent(new Event('visibilitychange'))")
    await until(() => live.proxy.count(paths.refresh) === 1)
    for (const tab of tabs) assert.equal(await run(tab, "auth.fetch('/api/orders').then(({ status }) => status)"), 200)
    assert.deepEqual(await allStates(tabs), noChange(tabs))
  })

  test('two users in turn: every tab follows, and a late answer of the first does not come back (C5)', async (t) => {
    const { tabs, first, live, context } = await openTabs(t, 3)
    const [, second, third] = tabs as [Page, Page, Page]
    const late = moment()
    live.proxy.fault = ({ path }) => (path === paths.refresh ? { kind: 'hold answer', until: late.until } : undefined)
    await run(third, 'void auth.getAccessToken({ minimumLifetime: 9999 })')
    await until(() => live.proxy.count(paths.refresh) === 1)
    const session = await login(second, bob)
    late.come()
    live.proxy.fault = () => undefined
    for (const tab of tabs) {
      await tab.waitForFunction(`auth.session.userId === '${session.userId}'`)
      const { sub } = await run<{ sub: string }>(tab, "auth.fetch('/api/orders').then((answer) => answer.json())")
      assert.equal(sub, session.userId)
    }
    assert.equal((await context.cookies()).length, 1)
    await run(first, 'auth.logout()')
    for (const tab of tabs) await tab.waitForFunction("auth.session.status === 'signed-out'")
    assert.deepEqual(
      await allStates(tabs),
      tabs.map(() => ['signed-in', 'signed-out']),
    )
    await login(third, ada)
    for (const tab of tabs)
      await tab.waitForFunction(`auth.session.userId !== '${session.userId}' && auth.session.status === 'signed-in'`)
  })

  test('a logout that could not be told ends no session that was opened since', async (t) => {
    const { tabs, live } = await openTabs(t, 2, { fakeClock: false })
    const [first, second] = tabs as [Page, Page]
    const fault = { kind: 'answer', reply: { status: 503, body: '{}' } } as const
    live.proxy.fault = ({ path }) => (path === paths.logout ? fault : undefined)
    const logout = run(first, "auth.logout().then(() => 'told', ({ code }) => code)")
    await until(() => live.proxy.count(paths.logout) >= 1)
    const session = await login(second, bob)
    await first.waitForFunction(`auth.session.userId === '${session.userId}'`)
    live.proxy.fault = () => undefined
    await logout
    for (const tab of tabs) {
      assert.match((await run<string>(tab, 'auth.getAccessToken({ minimumLifetime: 9999 })')) ?? '', /^ey/)
      assert.equal(await run(tab, 'auth.session.sid'), session.sid)
    }
  })

  test('a page out of the back/forward cache sees who signed in meanwhile (C9)', async (t) => {
    const ignoreDefaultArgs = ['--disable-back-forward-cache']
    const { first, live, open } = await openTabs(t, 1, { ignoreDefaultArgs, fakeClock: false })
    const ownBefore = live.own
    live.own = (request) =>
      request.path === '/elsewhere'
        ? { status: 200, headers: { 'content-type': 'text/html' }, body: 'x' }
        : ownBefore(request)
    await first.goto(`${live.issuer}/elsewhere`)
    const other = await open()
    const session = await login(other, bob)
    await first.goBack({ waitUntil: 'commit' })
    await first.waitForFunction(`auth.session.userId === '${session.userId}'`)
    assert.equal(await run(first, 'restored'), 1)

    await first.goto(`${live.issuer}/elsewhere`)
    await run(other, 'auth.logout()')
    await first.goBack({ waitUntil: 'commit' })
    await first.waitForFunction("auth.session.status === 'signed-out'")
    assert.equal(await run(first, 'restored'), 2)
  })

  test('offline waits and goes on (C4)', async (t) => {
    const { tabs, live, context, pass } = await openTabs(t, 3)
    await context.setOffline(true)
    await pass(700_000)
    for (const tab of tabs) {
      const refusal = await run(tab, 'auth.getAccessToken().catch(({ name, code }) => [name, code])')
      assert.deepEqual(refusal, ['ClientError', 'network_error'])
    }
    assert.equal(live.proxy.count(paths.refresh), 0)
    await context.setOffline(false)
    for (const token of await Promise.all(tabs.map(tokenOf))) assert.match(token ?? '', /^ey/)
    assert.deepEqual(await allStates(tabs), noChange(tabs))
  })

  test('a redirect gets no token to another origin', async (t) => {
    const { first, live } = await openTabs(t, 1)
    const received: (string | undefined)[] = []
    const other = createServer((request, response) => {
      received.push(request.headers.authorization)
      response
        .writeHead(200, { 'access-control-allow-origin': '*', 'access-control-allow-headers': 'authorization' })
        .end('{}')
    })
    await new Promise<void>((resolve) => void other.listen(0, '127.0.0.1', resolve))
    t.after(() => other.close())
    const location = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`
    live.own = ({ path }) => (path === '/moved' ? { status: 302, headers: { location } } : undefined)
    assert.equal(await run(first, "auth.fetch('/moved').catch(({ code }) => code)"), 'redirect_refused')
    assert.equal(received.length, 0)
    assert.equal(await run(first, "auth.fetch('/moved', { redirect: 'follow' }).then(({ status }) => status)"), 200)
    assert.ok(received.every((authorization) => authorization === undefined))
    assert.equal(await run(first, `auth.fetch('${location}').then(({ status }) => status)`), 200)
    assert.ok(received.length >= 2 && received.every((authorization) => authorization === undefined))
  })
})
