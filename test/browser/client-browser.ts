// Real Chromium with pages that have the client in them, before the real server behind a network that fails on demand.
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { build } from 'esbuild'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { FakeTime } from '../client/fake-time.ts'
import { type LiveServer, startLiveServer } from '../client/live-server.ts'

const root = join(import.meta.dirname, '../..')
export const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export interface ClientBrowser {
  readonly live: LiveServer
  readonly time: FakeTime
  readonly context: BrowserContext
  /** Opens a tab with a client in it, `auth`; what it was told of the session is in `states`. */
  open(origin?: string): Promise<Page>
  /** Lets time pass, at the server and in every tab. What a tab has to do meanwhile it does once, as after a nap. */
  pass(milliseconds: number): Promise<void>
}

/** Bundles the client for a page; `code` may use what `@countersign/client` exports. */
export async function bundle(code: string): Promise<string> {
  const { outputFiles } = await build({
    ...{ stdin: { contents: code, resolveDir: join(root, 'packages/client') }, absWorkingDir: root },
    ...{ bundle: true, format: 'iife', platform: 'browser', write: false, conditions: ['@countersign/source'] },
    define: { 'process.env.NODE_ENV': '"production"' },
  })
  return outputFiles[0]?.text ?? ''
}

/** Makes the reply with which a page is loaded. */
export function pageReply(script: string) {
  const headers = { 'content-type': 'text/html; charset=utf-8' }
  return {
    status: 200,
    headers,
    body: `<!doctype html><title>Client</title><div id="root"></div><script>${script}</script>`,
  }
}

const standard = (issuer: string) => `
  import { createClient } from '@countersign/client'
  globalThis.auth = createClient({ issuer: '${issuer}' })
  globalThis.states = []
  auth.onChange(({ status }) => states.push(status))
  globalThis.restored = 0
  addEventListener('pageshow', ({ persisted }) => { restored += persisted ? 1 : 0 })
`

export interface BrowserOptions {
  /** Runs in each page before its own scripts. */
  readonly before?: string
  readonly ignoreDefaultArgs?: string[]
  /** Seconds. @default 600 */
  readonly accessTokenLifetime?: number
  /** Whether the test moves the clocks of the pages. @default true */
  readonly fakeClock?: boolean
}

/** Starts a server and a browser, which end with the test. */
export async function startClientBrowser(
  t: TestContext,
  { before, ignoreDefaultArgs = [], fakeClock = true, accessTokenLifetime = 600 }: BrowserOptions = {},
): Promise<ClientBrowser> {
  const time = new FakeTime()
  const live = await startLiveServer(t, time, { allowedOrigins: 'localhost', accessTokenLifetime })
  const script = await bundle(standard(live.issuer))
  live.own = ({ path }) => (path === '/' ? pageReply(script) : undefined)
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: flags, ignoreDefaultArgs })
  t.after(() => browser.close())
  const context = await browser.newContext()
  if (fakeClock) await context.clock.install({ time: time.now })
  if (before !== undefined) await context.addInitScript(before)

  return {
    live,
    time,
    context,
    async open(origin = live.issuer) {
      const page = await context.newPage()
      await page.goto(`${origin}/`)
      return page
    },
    async pass(milliseconds) {
      time.now += milliseconds
      await context.clock.fastForward(milliseconds)
    },
  }
}

/** Runs an expression in a page. */
export function run<Result>(page: Page, expression: string): Promise<Result> {
  return page.evaluate<Result>(expression)
}

export const login = (page: Page, account: object): Promise<{ status: string; userId: string; sid: string }> =>
  run(page, `auth.login(${JSON.stringify(account)})`)
export const tokenOf = (page: Page): Promise<string | undefined> => run(page, 'auth.getAccessToken()')
export const statusOf = (page: Page): Promise<string> => run(page, 'auth.session.status')
export const statesOf = (page: Page): Promise<string[]> => run(page, 'states')
