import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chromium } from 'playwright-core'
import { startAuthorizationServer } from '../examples/running-program.ts'
import { requires } from '../requires.ts'

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

test('the API page shows every endpoint, calls one, and breaks no rule of its own policy', {
  skip: requires('chromium'),
}, async (t) => {
  const server = await startAuthorizationServer({})
  t.after(() => server.stop())
  const issuer = server.url.replace('127.0.0.1', 'localhost')
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: flags })
  t.after(() => browser.close())
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())))
  page.on('pageerror', (error) => void complaints.push(String(error)))
  const hosts = new Set<string>()
  page.on('request', (request) => void hosts.add(new URL(request.url()).origin))

  await page.goto(`${issuer}/docs/api`)
  await page.locator('.opblock').first().waitFor()
  const { paths } = (await (await fetch(`${server.url}/openapi.json`)).json()) as { paths: Record<string, object> }
  const operations = Object.values(paths).flatMap((methods) => Object.keys(methods))
  assert.ok(operations.length > 20)
  assert.equal(await page.locator('.opblock').count(), operations.length)
  await page.locator('#operations-Health-getHealthz').click()
  await page.getByRole('button', { name: 'Try it out' }).click()
  await page.getByRole('button', { name: 'Execute' }).click()
  await page.locator('.live-responses-table .response-col_status').getByText('200').waitFor()
  if (process.env.COUNTERSIGN_TEST_SCREENSHOTS)
    await page.screenshot({ path: `${process.env.COUNTERSIGN_TEST_SCREENSHOTS}/api-page.png`, fullPage: true })
  assert.equal(await page.locator('.errors-wrapper').count(), 0)
  assert.deepEqual(complaints, [])
  hosts.delete('null')
  assert.deepEqual([...hosts], [issuer])
})
