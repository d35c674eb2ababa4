// Clocks that are set, of a server and of PostgreSQL: all times are the database's, and what it reads now is known without asking.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { newLocation, openAt } from '../../store/postgres/postgres-store.fixture.ts'
import { ask, skip, stopCluster } from '../postgres-cluster.ts'
import { startTestServer, type TestServer } from '../test-server.ts'

const hour = 3_600_000
const directions = [
  ['forward', hour],
  ['back', -hour],
] as const

const ignoreAnswer = () => true

async function statusOfMe({ call }: TestServer, token: string): Promise<number> {
  return (await call('GET', '/api/auth/me', { token })).status
}

describe('a clock is set by an hour', { skip }, () => {
  after(stopCluster)

  for (const [word, by] of directions)
    test(`${word}, of a server: nobody is refused, and what it knows of the database's clock stays right`, async (t) => {
      const server = startTestServer(t, { store: openAt(await newLocation((remove) => t.after(remove))) })
      const { call, signUp, refresh, store } = server
      const { accessToken, refreshToken } = await signUp()
      const real = Date.now
      t.after(() => {
        Date.now = real
      })
      Date.now = () => real() + by
      assert.ok(Math.abs(store.estimateNow() - (await store.now())) < 1000)
      assert.equal(await statusOfMe(server, accessToken), 200)
      const headers = { 'x-original-method': 'GET' }
      assert.equal((await call('GET', '/forward-auth', { token: accessToken, headers })).status, 204)
      const refreshed = await refresh(refreshToken)
      assert.equal(refreshed.status, 200)
      assert.equal(await statusOfMe(server, refreshed.json.accessToken), 200)
    })

  for (const [word, by] of directions)
    test(`${word}, of PostgreSQL: tokens of a sign-in and a refresh after it are taken at once`, async (t) => {
      const url = await newLocation((remove) => t.after(remove))
      const server = startTestServer(t, { store: openAt(url) })
      const { signUp, signIn, refresh, store } = server
      const { refreshToken } = await signUp()
      const name = new URL(url).pathname.slice(1)
      // The connections that come from now on have the other clock.
      await ask(url, `ALTER DATABASE ${name} SET countersign.test_clock = '${Date.now() + by}'`)
      const others = "application_name = 'countersign' AND datname = current_database()"
      await ask(url, `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE ${others}`)
      // Calls whose answers do not have the time; those of connections that are gone fail.
      const isBack = () =>
        Promise.all([store.findAccount('nobody'), store.listPeppers()]).then(ignoreAnswer, () => false)
      while (!(await isBack()));
      const { accessToken } = await signIn()
      assert.equal(await statusOfMe(server, accessToken), 200)
      const refreshed = await refresh(refreshToken)
      assert.equal(refreshed.status, 200)
      assert.equal(await statusOfMe(server, refreshed.json.accessToken), 200)
    })

  test('of PostgreSQL, is found out within a moment by a server that hears of the time by no act of its own', async (t) => {
    const url = await newLocation((remove) => t.after(remove))
    const store = openAt(url)
    t.after(() => store.close())
    await store.now()
    const name = new URL(url).pathname.slice(1)
    await ask(url, `ALTER DATABASE ${name} SET countersign.test_clock = '${Date.now() + hour}'`)
    await ask(
      url,
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'countersign' AND datname = current_database()",
    )
    const end = performance.now() + 5000
    while (store.estimateNow() - Date.now() < hour / 2) {
      assert.ok(performance.now() < end, 'it goes by the clock of before')
      await store.listPeppers().catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })
})
