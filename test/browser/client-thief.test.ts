// The opposite of not signing honest people out: a stolen refresh cookie in a second browser ends the session, for both.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { ada } from '../client/live-server.ts'
import { requires } from '../requires.ts'
import { login, run, startClientBrowser, statusOf, tokenOf } from './client-browser.ts'

const skip = requires('chromium')

for (const order of ['thief first', 'owner first'] as const) {
  test(`a copied refresh cookie ends the session within two turns of each, and both must sign in again (${order})`, {
    skip,
    timeout: 120_000,
  }, async (t) => {
    const browser = await startClientBrowser(t)
    const { live, context, open, time } = browser
    const owner = await open()
    await login(owner, ada)

    const other = await context.browser()?.newContext()
    assert.ok(other)
    await other.clock.install({ time: time.now })
    await other.addCookies(await context.cookies())
    const thief = await other.newPage()
    await thief.goto(`${live.issuer}/`)
    // A page whose clock stands still sends nothing: so the two come one after the other, further apart than the minute for which a token is held.
    const wake = async (page: Page) => {
      time.now += 700_000
      await page.clock.fastForward(1_400_000)
      return tokenOf(page)
    }

    let turns = 0
    const pair: Page[] = order === 'thief first' ? [thief, owner] : [owner, thief]
    const isOver = async () => (await Promise.all(pair.map(statusOf))).includes('signed-out')
    while (turns < 6 && !(await isOver())) await wake(pair[turns++ % 2] as Page)
    t.diagnostic(`found in turn ${turns}`)
    assert.ok(turns <= 4)
    assert.deepEqual(
      live.warnings.filter((event) => event.startsWith('refresh.')),
      ['refresh.reuse'],
    )
    const audit = await live.store.listAudit(undefined, 10)
    assert.ok(
      audit.some(({ event }) => event === 'refresh.reuse'),
      JSON.stringify(audit),
    )

    for (const page of [owner, thief]) {
      assert.equal((await wake(page)) ?? null, null)
      assert.equal(await statusOf(page), 'signed-out')
    }
    await login(owner, ada)
    assert.equal(await run(owner, "auth.fetch('/api/orders').then(({ status }) => status)"), 200)
    assert.equal((await tokenOf(thief)) ?? null, null)
  })
}
