import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { newLocation } from '../../store/sqlite/sqlite-store.fixture.ts'
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts'
import { claimsOf, startTestServer } from '../test-server.ts'

const second = 1000
const minute = 60 * second
const day = 86_400 * second

describe('refresh', () => {
  test('answers as login does', async (t) => {
    const { signUp, refresh } = startTestServer(t)
    const { refreshToken } = await signUp()
    const reply = await refresh(refreshToken)
    assert.equal(reply.status, 200)
    assert.deepEqual(Object.keys(reply.json).sort(), ['accessToken', 'expiresIn', 'refreshToken', 'tokenType'])
    assert.equal(reply.headers.get('cache-control'), 'no-store')
  })

  test('takes the token from the Authorization header and has its other two paths', async (t) => {
    const { signUp, call } = startTestServer(t)
    const { refreshToken } = await signUp()
    for (const path of ['/api/auth/refresh', '/auth/refresh', '/token/refresh']) {
      assert.equal((await call('POST', path, { token: refreshToken })).status, 200, path)
      assert.equal((await call('POST', path, { json: { refreshToken } })).status, 200, path)
    }
  })

  test('keeps the token for its first minute and then replaces it', async (t) => {
    const { signUp, refresh, clock } = startTestServer(t)
    const { refreshToken } = await signUp()
    clock.now += minute - 1
    assert.equal((await refresh(refreshToken)).json.refreshToken, refreshToken)
    clock.now += minute
    assert.notEqual((await refresh(refreshToken)).json.refreshToken, refreshToken)
  })

  test('100 at once with one token all succeed with the same new token', async (t) => {
    const { signUp, refresh, clock } = startTestServer(t)
    const { refreshToken } = await signUp()
    clock.now += minute
    const replies = await Promise.all(Array.from({ length: 100 }, () => refresh(refreshToken)))
    assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]))
    const successors = new Set(replies.map(({ json }) => json.refreshToken))
    assert.equal(successors.size, 1)
    assert.ok(!successors.has(refreshToken))
  })

  test('a lost answer can be asked for again: at once, at the end of the leeway, after it, and days later', async (t) => {
    for (const wait of [0, 15 * second - 1, 15 * second + 1, minute - 1, minute + 1, 6 * day]) {
      const { signUp, refresh, clock } = startTestServer(t)
      const { refreshToken } = await signUp()
      clock.now += minute
      const lost = (await refresh(refreshToken)).json.refreshToken
      clock.now += wait
      const retried = await refresh(refreshToken)
      assert.equal(retried.status, 200, `after ${wait} ms`)
      assert.equal(retried.json.refreshToken === lost, wait < 15 * second, `after ${wait} ms`)
      clock.now += minute
      assert.equal((await refresh(retried.json.refreshToken)).status, 200, `the next one, after ${wait} ms`)
    }
  })

  test('the answer that was re-issued kills the one that was lost', async (t) => {
    const { signUp, refresh, clock, log } = startTestServer(t)
    const { refreshToken } = await signUp()
    clock.now += minute
    const lost = (await refresh(refreshToken)).json.refreshToken
    clock.now += minute
    const kept = (await refresh(refreshToken)).json.refreshToken
    assert.ok(log.some(({ fields }) => fields.event === 'refresh.late_replay'))
    clock.now += minute
    assert.equal((await refresh(lost)).status, 401)
    assert.equal((await refresh(kept)).status, 401)
  })

  test('ends the session when a token two generations old comes back, and says so in the log alone (RFC 9700 §4.14)', async (t) => {
    const { signUp, refresh, call, clock, log } = startTestServer(t)
    const first = await signUp()
    clock.now += minute
    const next = (await refresh(first.refreshToken)).json
    clock.now += minute
    const last = (await refresh(next.refreshToken)).json
    const theft = await refresh(first.refreshToken)
    assert.equal(theft.status, 401)
    const alert = log.find(({ fields }) => fields.event === 'refresh.reuse')
    assert.deepEqual([alert?.level, alert?.fields.sid], ['warn', claimsOf(first.accessToken).sid])
    const victim = await refresh(last.refreshToken)
    assert.deepEqual([victim.status, victim.json.code, victim.text], [401, 'invalid_grant', theft.text])
    assert.equal((await call('GET', '/api/auth/me', { token: last.accessToken })).status, 401)
    const alerts = log.filter(({ level }) => level === 'warn').length
    await refresh(first.refreshToken)
    assert.equal(log.filter(({ level }) => level === 'warn').length, alerts, 'a token of a dead session is no news')
  })

  test('finds a thief who takes turns with the owner within two turns', async (t) => {
    const { signUp, refresh, clock } = startTestServer(t)
    const held = { owner: (await signUp()).refreshToken, thief: '' }
    held.thief = held.owner
    const statuses: number[] = []
    for (const who of ['owner', 'thief', 'owner', 'thief', 'owner', 'thief'] as const) {
      clock.now += 2 * minute
      const reply = await refresh(held[who])
      statuses.push(reply.status)
      if (reply.status === 200) held[who] = reply.json.refreshToken
    }
    assert.deepEqual(statuses, [200, 200, 401, 401, 401, 401])
  })

  test('refuses idle and old sessions', async (t) => {
    const { signUp, refresh, clock } = startTestServer(t)
    const { refreshToken: idle } = await signUp()
    clock.now += 7 * day
    assert.equal((await refresh(idle)).status, 401)

    const used = startTestServer(t)
    let { refreshToken } = await used.signUp()
    for (let days = 0; days < 30; days += 6) {
      const reply = await used.refresh(refreshToken)
      assert.equal(reply.status, 200, `day ${days}`)
      refreshToken = reply.json.refreshToken
      used.clock.now += 6 * day
    }
    assert.equal((await used.refresh(refreshToken)).status, 401)
  })

  test('refuses a forged, foreign or misshapen token alike and ends nothing', async (t) => {
    const { signUp, refresh, log } = startTestServer(t)
    const other = startTestServer(t, { masterKey: new Uint8Array(32).fill(9) })
    const { refreshToken } = await signUp()
    const foreign = (await other.signUp()).refreshToken
    const flipped = refreshToken.slice(0, -1) + (refreshToken.endsWith('A') ? 'B' : 'A')
    const refused = await refresh(foreign)
    assert.deepEqual([refused.status, refused.json.code], [401, 'invalid_grant'])
    for (const bad of [
      flipped,
      `${refreshToken}A`,
      refreshToken.slice(4),
      'rt1.',
      'rt1.AAAA',
      `rt2.${refreshToken.slice(4)}`,
      `${refreshToken}=`,
    ]) {
      assert.equal((await refresh(bad)).text, refused.text)
    }
    assert.equal((await refresh(refreshToken)).status, 200)
    assert.ok(log.every(({ level }) => level === 'info' || level === 'debug'))
  })

  test('a database that was restored refuses newer tokens, warns, and ends nothing', async (t) => {
    const path = newLocation((remove) => t.after(remove))
    const clock = { now: 1_800_000_000_000 }
    const before = startTestServer(t, { store: openSqliteStore({ path, now: () => clock.now }) })
    const first = await before.signUp()
    await before.store.close()
    copyFileSync(path, `${path}.backup`)
    const during = startTestServer(t, { store: openSqliteStore({ path, now: () => clock.now }) })
    clock.now += minute
    const next = (await during.refresh(first.refreshToken)).json.refreshToken
    const after = startTestServer(t, { store: openSqliteStore({ path: `${path}.backup`, now: () => clock.now }) })
    assert.equal((await after.refresh(next)).status, 401)
    assert.ok(after.log.some(({ fields, level }) => fields.event === 'refresh.ahead' && level === 'warn'))
    assert.equal((await after.refresh(first.refreshToken)).status, 200)
  })

  test('refuses both a body and a header, and neither', async (t) => {
    const { signUp, call } = startTestServer(t)
    const { accessToken, refreshToken } = await signUp()
    const both = await call('POST', '/api/auth/refresh', { json: { refreshToken }, token: refreshToken })
    const neither = await call('POST', '/api/auth/refresh', { json: {} })
    const nothing = await call('POST', '/api/auth/refresh')
    const accessTokenToo = await call('POST', '/api/auth/refresh', { json: { refreshToken }, token: accessToken })
    assert.equal(accessTokenToo.status, 200, 'an access token beside it is not a second refresh token')
    assert.deepEqual([both.status, both.json.errors[0].member], [400, 'refreshToken'])
    assert.deepEqual([neither.status, neither.json.errors[0].detail], [400, 'is missing'])
    assert.deepEqual(
      [nothing.status, nothing.json.code],
      [401, 'invalid_grant'],
      'a browser that asks whether someone is signed in',
    )
  })

  test('changes nothing for a client that has hung up', async (t) => {
    const { signUp, refresh, server, clock } = startTestServer(t)
    const { refreshToken } = await signUp()
    clock.now += minute
    const request = new Request('https://auth.example.com/api/auth/refresh', {
      method: 'POST',
      headers: { authorization: `Bearer ${refreshToken}` },
      signal: AbortSignal.abort(),
    })
    assert.equal((await server.fetch(request)).status, 503)
    clock.now += 16 * second
    const next = (await refresh(refreshToken)).json.refreshToken
    clock.now += 14 * second
    assert.equal((await refresh(refreshToken)).json.refreshToken, next, 'the hung-up request has rotated nothing')
  })

  test('no refresh answer touches a cookie', async (t) => {
    const { signUp, refresh } = startTestServer(t)
    const { refreshToken } = await signUp()
    for (const token of [refreshToken, 'rt1.bad']) assert.equal((await refresh(token)).headers.get('set-cookie'), null)
  })
})
