/**
 * Two servers on one database, of which one is cut off from it: what its clients see, and what is true when the cut is healed. The way
 * to cut is for the caller to say.
 */
import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { until } from './following-api.ts'
import { ask as askDatabase } from './postgres-cluster.ts'
import { refresh, signUp } from './running-server.ts'
import { claimsOf } from './test-server.ts'

export interface Partition {
  /** Of the server that nobody cuts off. */
  readonly url: string
  readonly database: string
  /** Asks the server that is cut off, also while it is. */
  askCut(
    method: 'GET' | 'POST',
    path: string,
    token: string,
  ): Promise<{ readonly status: number; readonly body: string }>
  cut(): void
  heal(): void
}

/** Longer than any time-out between server and database. */
const cutFor = 9000

/** Runs the story. @throws AssertionError where it goes otherwise */
export async function assertSurvives({ url, database, askCut, cut, heal }: Partition): Promise<void> {
  const names = ['ada', 'bob', 'eve'] as const
  const [ada, bob, eve] = await Promise.all(names.map((name) => signUp(url, name)))
  assert.ok(ada && bob && eve)
  const kid = JSON.parse(Buffer.from(ada.accessToken.split('.')[0] ?? '', 'base64url').toString()).kid
  for (const { accessToken } of [ada, bob, eve])
    assert.equal((await askCut('GET', '/api/auth/me', accessToken)).status, 200)

  cut()
  const cutAt = performance.now()
  // In flight when it is cut: whether it happened nobody knows, and its client asks the other server.
  const lost = await askCut('POST', '/api/auth/refresh', ada.refreshToken)
  assert.equal(lost.status, 503, lost.body)
  assert.ok(performance.now() - cutAt < 6500, 'it answers within its time-out')
  assert.equal((await askCut('GET', '/api/auth/me', bob.accessToken)).status, 503, 'it lets nobody in')
  assert.equal((await askCut('GET', '/readyz', '')).status, 503)
  assert.equal((await askCut('GET', '/healthz', '')).status, 200)

  const elsewhere = await refresh(url, ada.refreshToken)
  assert.equal(elsewhere.status, 200)
  const { refreshToken } = (await elsewhere.json()) as { refreshToken: string }
  const authorization = `Bearer ${bob.refreshToken}`
  assert.equal((await fetch(`${url}/api/auth/logout`, { method: 'POST', headers: { authorization } })).status, 204)
  await setTimeout(Math.max(0, cutFor - (performance.now() - cutAt)))
  heal()

  await until('it comes back', async () => (await askCut('GET', '/readyz', '')).status === 200)
  assert.equal((await askCut('GET', '/api/auth/me', bob.accessToken)).status, 401, 'no session that was ended lives')
  assert.equal((await askCut('POST', '/api/auth/refresh', bob.refreshToken)).status, 401)
  for (const token of [refreshToken, ada.refreshToken, eve.refreshToken])
    assert.equal((await askCut('POST', '/api/auth/refresh', token)).status, 200, 'every other lives')
  const signed = await askCut('POST', '/api/auth/refresh', eve.refreshToken)
  const { accessToken } = JSON.parse(signed.body) as { accessToken: string }
  assert.equal(JSON.parse(Buffer.from(accessToken.split('.')[0] ?? '', 'base64url').toString()).kid, kid)
  assert.deepEqual(await askDatabase(database, "SELECT 1 FROM countersign.audit WHERE event = 'refresh.reuse'"), [])
  const [{ sid }] = [claimsOf(bob.accessToken)]
  const entries = await askDatabase(database, `SELECT seq FROM countersign.revocations WHERE value = '${sid}'`)
  assert.equal(entries.length, 1)
}
