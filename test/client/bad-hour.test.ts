// An hour of everything at once, many times over: whatever the network, the clocks and the tabs do, nobody is signed out and nobody is taken for a thief.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client } from '@countersign/client'
import fc from 'fast-check'
import { FakeTime, settle, until } from './fake-time.ts'
import type { Fault } from './faulty-proxy.ts'
import { ada, paths, startLiveServer } from './live-server.ts'
import { type Opening, openTab, SharedStorage, type Tab, TestChannels, TestLocks } from './open-client.ts'

type Kind = 'none' | 'refuse' | 'lose answer' | 'hold answer' | 'hold request' | '503' | '429' | 'portal'

const kinds: readonly Kind[] = ['none', 'refuse', 'lose answer', 'hold answer', 'hold request', '503', '429', 'portal']
const anyTab = fc.nat(4)
const step = fc.oneof(
  fc.record({ act: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 120 }) }),
  fc.record({ act: fc.constant('sleep' as const), seconds: fc.integer({ min: 1, max: 900 }) }),
  fc.record({ act: fc.constantFrom('ask' as const, 'fetch' as const), tab: anyTab }),
  fc.record({
    act: fc.constantFrom('hide' as const, 'show' as const, 'replace' as const, 'restore' as const),
    tab: anyTab,
  }),
  fc.record({ act: fc.constantFrom('offline' as const, 'online' as const), tab: anyTab }),
  fc.record({ act: fc.constant('orphan the lock' as const) }),
  fc.record({ act: fc.constant('set the clock' as const), hours: fc.integer({ min: -2, max: 2 }) }),
)

test('five tabs come through any hour', { timeout: 120_000 }, async (t) => {
  let refreshes = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 60, maxLength: 90 }),
      fc.array(fc.constantFrom(...kinds), { minLength: 7, maxLength: 31 }),
      fc.boolean(),
      async (steps, faults, isCoordinated) => {
        const endings: (() => unknown)[] = []
        const context = { after: (end: () => unknown) => void endings.unshift(end) }
        try {
          refreshes += await liveThrough(context as never, steps, faults, isCoordinated)
        } finally {
          for (const end of endings.reverse()) await end()
        }
      },
    ),
    { numRuns: 15, endOnFailure: true },
  )
  t.diagnostic(`${refreshes} refreshes`)
  assert.ok(refreshes > 200)
})

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

async function liveThrough(t: never, steps: Step[], faults: Kind[], isCoordinated: boolean): Promise<number> {
  const time = new FakeTime()
  const live = await startLiveServer(t, time)
  const storage = new SharedStorage()
  const locks = new TestLocks()
  // Time passes in no time here: what is on its way has to arrive before, or it would arrive minutes late, and after its client has given up.
  let underWay = 0
  const countedFetch = (request: Request) => {
    underWay += 1
    return fetch(request).finally(() => {
      underWay -= 1
    })
  }
  time.quiet = async () => {
    await settle()
    await until(() => underWay <= live.proxy.holding && live.proxy.busy === 0)
    await settle()
  }
  const shared = isCoordinated ? { locks, channels: new TestChannels() } : {}
  const opening: Opening = { fetch: countedFetch, storage, random: Math.random, ...shared }
  const open = () => openTab(t, live, time, opening)
  const first = open()
  await first.client.login(ada)
  await settle()
  first.states.length = 0
  const tabs = [first, open(), open(), open(), open()]
  const all = [...tabs]

  const held: (() => void)[] = []
  let count = 0
  live.proxy.fault = ({ path }) => {
    if (path !== paths.refresh) return undefined
    const kind = faults[count++ % faults.length] ?? 'none'
    const isHolding = kind === 'hold answer' || kind === 'hold request'
    return isHolding ? { kind, until: new Promise<void>((resolve) => void held.push(resolve)) } : toFault(kind)
  }
  for (const one of steps) {
    for (const release of held.splice(0)) release()
    await time.quiet()
    await take(one, tabs['tab' in one ? one.tab : 0] as Tab)
    await time.quiet()
  }

  async function take(one: Step, tab: Tab): Promise<void> {
    if (one.act === 'pass') await time.pass(one.seconds * 1000)
    // A machine is awake between two sleeps for as long as it waits for an answer.
    if (one.act === 'sleep') {
      time.sleep(one.seconds * 1000)
      await time.pass(7000)
    }
    if (one.act === 'ask') void tab.client.getAccessToken().catch(() => {})
    if (one.act === 'fetch') void tab.client.fetch('/api/orders').catch(() => {})
    if (one.act === 'hide' || one.act === 'show') tab.page.hidden = one.act === 'hide'
    if (one.act === 'show') tab.page.tell('awake')
    if (one.act === 'offline' || one.act === 'online') tab.page.online = one.act === 'online'
    if (one.act === 'online') tab.page.tell('online')
    if (one.act === 'orphan the lock') locks.held.add(`countersign ${live.issuer}/api/auth test`)
    if (one.act === 'set the clock') time.skew = one.hours * 3_600_000
    if (one.act === 'restore') {
      tab.page.tell('left')
      tab.page.tell('restored')
    }
    if (one.act === 'replace') {
      tab.client.close()
      all.push(open())
      tabs[tabs.indexOf(tab)] = all.at(-1) as Tab
    }
  }

  live.proxy.fault = () => undefined
  for (const release of held) release()
  for (const { page } of tabs) {
    page.online = true
    page.tell('online')
  }
  for (const { client } of tabs) await untilServed(client, time)
  for (const { states } of all) assert.ok(!states.includes('signed-out'), states.join())
  // Others say that a client had hung up.
  assert.deepEqual(
    live.warnings.filter((event) => event.startsWith('refresh.')),
    [],
  )
  return count
}

/** What went wrong before may have to be waited for, half a minute at most, and a caller gives up earlier. */
async function untilServed(client: Client, time: FakeTime): Promise<void> {
  const results: unknown[] = []
  for (let tries = 0; tries < 4 && results.at(-1) !== 200; tries++) {
    let isDone = false
    const asked = client
      .fetch('/api/orders')
      .then(({ status }) => results.push(status))
      .catch((error) => results.push(error.code ?? error))
      .finally(() => {
        isDone = true
      })
    while (!isDone) await time.pass(1000)
    await asked
  }
  assert.equal(results.at(-1), 200, results.join())
}

function toFault(kind: Kind): Fault | undefined {
  if (kind === 'refuse' || kind === 'lose answer') return { kind }
  if (kind === '503') return { kind: 'answer', reply: { status: 503, headers: { 'retry-after': '3' } } }
  if (kind === '429') return { kind: 'answer', reply: { status: 429, body: '{}' } }
  if (kind === 'portal') return { kind: 'answer', reply: { status: 401, body: '<h1>Pay here</h1>' } }
  return undefined
}
