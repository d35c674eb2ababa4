// @countersign/client/react in a real page.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ada } from '../client/live-server.ts'
import { requires } from '../requires.ts'
import { bundle, login, pageReply, run, startClientBrowser } from './client-browser.ts'

const code = (issuer: string) => `
  import { createElement } from 'react'
  import { createRoot } from 'react-dom/client'
  import { renderToString } from 'react-dom/server'
  import { createClient } from '@countersign/client'
  import { useSession } from '@countersign/client/react'
  globalThis.auth = createClient({ issuer: '${issuer}' })
  globalThis.rendered = []
  function Status() {
    const { status } = useSession(auth)
    rendered.push(status)
    return createElement('p', null, status)
  }
  globalThis.onServer = renderToString(createElement(Status))
  const root = createRoot(document.getElementById('root'))
  root.render(createElement(Status))
  globalThis.unmount = () => root.unmount()
`

test('useSession renders what is known, and again when that changes', {
  skip: requires('chromium'),
  timeout: 60_000,
}, async (t) => {
  const { live, open } = await startClientBrowser(t)
  const script = await bundle(code(live.issuer))
  live.own = ({ path }) => (path === '/' ? pageReply(script) : undefined)
  const page = await open()
  await page.getByText('signed-out').waitFor()
  assert.equal(await run(page, 'onServer'), '<p>unknown</p>')
  await login(page, ada)
  await page.getByText('signed-in').waitFor()
  assert.deepEqual([...new Set(await run<string[]>(page, 'rendered'))], ['unknown', 'signed-out', 'signed-in'])
  const count = await run<number>(page, 'rendered.length')
  await run(page, 'auth.getAccessToken({ minimumLifetime: 9999 })')
  assert.equal(await run(page, 'rendered.length'), count)
  await run(page, 'unmount()')
  await run(page, 'auth.logout()')
  assert.equal(await run(page, 'rendered.length'), count)
})
