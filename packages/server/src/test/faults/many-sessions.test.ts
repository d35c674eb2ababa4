// A user who has far more sessions than there may be, as a database from before there was a limit may have, and who asks over and over.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { newLocation, openAt } from '../../store/postgres/postgres-store.fixture.ts'
import { ask, skip, stopCluster } from '../postgres-cluster.ts'
import { claimsOf, startTestServer } from '../test-server.ts'

describe('a user with 100,000 sessions', { skip }, () => {
  after(stopCluster)

  test('who ends the others without pause, sixty times at once, keeps nobody else from being served', async (t) => {
    const url = await newLocation((remove) => t.after(remove))
    const { call, signUp, refresh } = startTestServer(t, { store: openAt(url) })
    const { accessToken: token } = await signUp()
    const other = await signUp('grace@example.com')
    await ask(
      url,
      `INSERT INTO countersign.sessions SELECT md5('s' || i), decode(md5(i::text), 'hex'), s.user_id, s.client_id, s.mode, s.scope, s.audience, s.amr,
         s.user_agent, s.ip, s.pepper_id, 1, 0, 0, s.last_served_at, s.generation_started_at, false, 0, s.created_at, s.last_seen_at,
         s.authenticated_at, s.idle_expires_at, s.absolute_expires_at
       FROM countersign.sessions s, generate_series(1, 100000) i WHERE s.user_id = '${claimsOf(token).sub}'`,
    )
    await ask(url, 'VACUUM ANALYZE countersign.sessions')
    let isOver = false
    const statuses = new Set<number>()
    const attackers = Array.from({ length: 60 }, async () => {
      while (!isOver) statuses.add((await call('DELETE', '/api/auth/sessions', { token })).status)
    })
    await setTimeout(300)
    const times: number[] = []
    for (let time = 0; time < 5; time++) {
      const began = performance.now()
      assert.equal((await call('GET', '/api/auth/me', { token: other.accessToken })).status, 200)
      assert.equal((await refresh(other.refreshToken)).status, 200)
      times.push(performance.now() - began)
    }
    isOver = true
    await Promise.all(attackers)
    assert.deepEqual(statuses, new Set([204]))
    assert.ok(Math.max(...times) < 2000, `milliseconds: ${times.map(Math.round).join(' ')}`)
    const { sessions } = (await call('GET', '/api/auth/sessions', { token })).json
    assert.deepEqual(
      sessions.map(({ current }: { current: boolean }) => current),
      [true],
    )
  })
})
