// The setting in which most tests of the client begin: Ada is signed in, in one tab, and her refresh token is in a storage.
import type { TestContext } from 'node:test'
import { FakeTime, settle } from './fake-time.ts'
import type { Fault, SeenRequest } from './faulty-proxy.ts'
import { ada, type LiveServer, paths, startLiveServer } from './live-server.ts'
import { type Opening, openTab, SharedStorage, type Tab } from './open-client.ts'

export interface SignedIn extends Tab {
  readonly live: LiveServer
  readonly time: FakeTime
  readonly storage: SharedStorage
  /** How many refreshes have reached the proxy. */
  refreshes(): number
  /** Opens another tab on the same storage. */
  open(opening?: Opening): Tab
}

export async function signedIn(t: TestContext, opening: Opening = {}): Promise<SignedIn> {
  const time = new FakeTime()
  const live = await startLiveServer(t, time)
  const storage = new SharedStorage()
  const open = (own: Opening = {}) => openTab(t, live, time, { storage, ...opening, ...own })
  const tab = open()
  await tab.client.login(ada)
  await settle()
  tab.states.length = 0
  return { ...tab, live, time, storage, open, refreshes: () => live.proxy.count(paths.refresh) }
}

/** The same fault for every request to a path. */
export function faultAt(path: string, fault: Fault): (request: SeenRequest) => Fault | undefined {
  return (request) => (request.path === path ? fault : undefined)
}

/** A moment that the test decides. */
export function moment(): { readonly until: Promise<void>; come(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { until: promise, come: resolve }
}

/** Ends the session of a stored refresh token at the server, unseen by any client. */
export async function endAtServer({ issuer }: LiveServer, record: string | undefined): Promise<void> {
  const refreshToken = record?.split(' ')[0]
  const headers = { 'content-type': 'application/json' }
  await fetch(issuer + paths.logout, { method: 'POST', headers, body: JSON.stringify({ refreshToken }) })
}
