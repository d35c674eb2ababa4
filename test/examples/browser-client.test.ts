// examples/browser-client, as a person uses it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chromium } from 'playwright-core'
import { flags } from '../browser/client-browser.ts'
import { requires } from '../requires.ts'
import { startAuthorizationServer, startTypeScriptExample } from './running-program.ts'

test('a page registers, signs in, loads orders, reloads, and signs out in every tab', {
  skip: requires('chromium'),
  timeout: 120_000,
}, async (t) => {
  const server = await startAuthorizationServer({})
  t.after(() => server.stop())
  const issuer = server.url.replace('127.0.0.1', 'localhost')
  const example = await startTypeScriptExample('examples/browser-client', { ISSUER: issuer, PORT: '0' })
  t.after(() => example.stop())
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: flags })
  t.after(() => browser.close())
  const context = await browser.newContext()
  const complaints: string[] = []
  context.on('weberror', (error) => void complaints.push(String(error.error())))
  const address = example.url.replace('127.0.0.1', 'localhost')

  const page = await context.newPage()
  await page.goto(address)
  await page.getByLabel('E-mail').fill('ada@example.com')
  await page.getByLabel('Password').fill('short')
  await page.getByRole('button', { name: 'Make an account' }).click()
  await page.getByText('password must have at least 8 characters').waitFor()
  await page.getByLabel('Password').fill('a quite long password')
  await page.getByRole('button', { name: 'Make an account' }).click()
  await page.getByText('coffee for usr_').waitFor()
  await page.reload()
  await page.getByText('coffee for usr_').waitFor()

  const other = await context.newPage()
  await other.goto(address)
  await other.getByText('coffee for usr_').waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  for (const tab of [page, other]) await tab.getByRole('button', { name: 'Sign in' }).waitFor()
  await other.getByLabel('E-mail').fill('ada@example.com')
  await other.getByLabel('Password').fill('not her password')
  await other.getByRole('button', { name: 'Sign in' }).click()
  await other.getByText('The e-mail address or the password is wrong.').waitFor()
  assert.deepEqual(complaints, [])
})
