// An hour in ten tabs of a real browser, on a network that loses every other refresh in one way or another: nobody is signed out.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { until } from '../client/fake-time.ts'
import type { Fault } from '../client/faulty-proxy.ts'
import { ada, paths } from '../client/live-server.ts'
import { requires } from '../requires.ts'
import { login, run, startClientBrowser, statesOf, statusOf, tokenOf } from './client-browser.ts'

const minutes = 60
const stepsInMinute = 4

test('ten tabs and a flaky network cannot sign a user out in an hour', {
  skip: requires('chromium'),
  timeout: 300_000,
}, async (t) => {
  // A minute, the shortest there is: so that there is something to lose.
  const browser = await startClientBrowser(t, { accessTokenLifetime: 60 })
  const { live, context, open, pass } = browser
  const first = await open()
  await login(first, ada)
  const tabs = [first]
  while (tabs.length < 10) tabs.push(await open())
  await Promise.all(tabs.map(tokenOf))
  for (const tab of tabs) await run(tab, 'states.length = 0')

  const random = createRandom(20_261_126)
  const held: (() => void)[] = []
  const happened: Record<string, number> = {}
  live.proxy.fault = ({ path }) => {
    if (path !== paths.refresh) return undefined
    const fault = pickFault(random(), held)
    const what = fault === undefined ? 'answered' : fault.kind
    happened[what] = (happened[what] ?? 0) + 1
    return fault
  }

  const answers: Record<string, number> = {}
  for (let step = 0; step < minutes * stepsInMinute; step++) {
    if (step % 40 === 20) await context.setOffline(true)
    if (step % 40 === 24) await context.setOffline(false)
    const index = Math.floor(random() * tabs.length)
    await useTab(tabs[index] as Page)
    if (step % 25 === 24) tabs[index] = await reopen(tabs[index] as Page)
    for (const release of held.splice(0)) release()
    // Time that a test lets pass takes no time: what is on its way must arrive before, or it would arrive a quarter of a minute late.
    await until(() => live.proxy.busy === 0)
    await sleep(20)
    await pass(60_000 / stepsInMinute)
  }

  async function useTab(tab: Page): Promise<void> {
    // Half of the time nobody waits: the page is being left, or the user is reading.
    const use =
      "void auth.fetch('/api/orders').then(({ status }) => status, ({ code, name }) => code ?? name).then((answer) => answers.push(answer))"
    await run(tab, `globalThis.answers ??= [], ${use}`)
    if (random() < 0.5) await sleep(20)
  }

  async function reopen(tab: Page): Promise<Page> {
    await context.setOffline(false)
    assert.ok(!(await statesOf(tab)).includes('signed-out'))
    await tab.close()
    return open()
  }

  live.proxy.fault = () => undefined
  for (const release of held) release()
  await context.setOffline(false)
  for (const tab of tabs) {
    for (const answer of await run<string[]>(tab, 'globalThis.answers ?? []'))
      answers[answer] = (answers[answer] ?? 0) + 1
  }
  for (let tries = 0; tries < 3; tries++) {
    await pass(31_000)
    await sleep(200)
  }
  const tokens = await Promise.all(tabs.map(tokenOf))
  t.diagnostic(
    `refreshes: ${JSON.stringify(happened)}; requests of five minutes or less ago: ${JSON.stringify(answers)}`,
  )
  assert.ok(tokens.every((token) => token?.startsWith('ey')))
  assert.deepEqual(await Promise.all(tabs.map(statusOf)), Array(10).fill('signed-in'))
  for (const tab of tabs) assert.ok(!(await statesOf(tab)).includes('signed-out'))
  assert.deepEqual(
    live.warnings.filter((event) => event.startsWith('refresh.')),
    [],
  )
  assert.ok(Object.values(happened).reduce((a, b) => a + b) > 100)
  assert.equal(Object.keys(happened).length, 6, Object.keys(happened).join())
})

function pickFault(chance: number, held: (() => void)[]): Fault | undefined {
  const later = () => new Promise<void>((resolve) => void held.push(resolve))
  if (chance < 0.1) return { kind: 'refuse' }
  if (chance < 0.25) return { kind: 'lose answer' }
  if (chance < 0.3) return { kind: 'hold answer', until: new Promise(() => {}) }
  if (chance < 0.4) return { kind: 'hold answer', until: later() }
  if (chance < 0.45) return { kind: 'hold request', until: later() }
  if (chance < 0.55) return { kind: 'answer', reply: { status: chance < 0.5 ? 503 : 429, body: '{}' } }
  return undefined
}

/** The same numbers in every run (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
