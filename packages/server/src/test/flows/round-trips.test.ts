import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newLocation } from '../../store/sqlite/sqlite-store.fixture.ts'
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts'
import type { Store } from '../../store/store.ts'
import { ada, type Call, startTestServer } from '../test-server.ts'

type StoreCall = (...values: unknown[]) => unknown

/** A store that notes which calls take a round trip. */
function noteCalls(store: Store, calls: string[]): Store {
  const noted = Object.entries(store as unknown as Record<string, StoreCall>).map(([name, call]) => [
    name,
    (...values: unknown[]) => {
      if (name !== 'estimateNow') calls.push(name)
      return call(...values)
    },
  ])
  return Object.fromEntries(noted)
}

test('a refresh and a session check are one round trip to the store, a sign-in is two', async (t) => {
  const calls: string[] = []
  const path = newLocation((remove) => t.after(remove))
  const { call, signUp, refresh } = startTestServer(t, { store: noteCalls(openSqliteStore({ path }), calls) })
  const login = (more: object) => call('POST', '/api/auth/login', { json: { ...ada, ...more } })
  const me = (by: Call) => call('GET', '/api/auth/me', by)
  const { accessToken, refreshToken } = await signUp()
  const { sessionToken } = (await login({ mode: 'session', transport: 'bearer' })).json
  const [set = ''] = (await login({ mode: 'session' })).headers.getSetCookie()
  const headers = { cookie: set.split(';')[0] ?? '', 'sec-fetch-site': 'same-origin' }

  const seen = async (work: () => Promise<{ status: number }>) => {
    calls.length = 0
    assert.equal((await work()).status, 200)
    return [...calls]
  }
  assert.deepEqual(await seen(() => login({})), ['findCredentials', 'openSession'])
  assert.deepEqual(await seen(() => refresh(refreshToken)), ['rotate'])
  assert.deepEqual(await seen(() => me({ token: accessToken })), ['findLiveSession'])
  assert.deepEqual(await seen(() => me({ token: sessionToken })), ['useSession'])
  assert.deepEqual(await seen(() => me({ headers })), ['useSession'])
})
