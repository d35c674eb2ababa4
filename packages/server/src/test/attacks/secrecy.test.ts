/** Feeds marked secrets through every success and failure there is, and searches everything that came out. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { ada, type Call, startTestServer } from '../test-server.ts'

test('no log line and no refusal ever holds a password, token, key or cookie', async (t) => {
  const masterKey = Buffer.from('MARKED-master-key-of-32-bytes!!!')
  const signingSecret = 'MARKED-kV9w2Rz-5tQ8xLmN3pYc7BdFhJ1sGv6A'
  const { call, signUp, refresh, clock, log, store } = startTestServer(t, {
    masterKey,
    signingAlgorithm: 'HS256',
    signingSecret,
  })
  const { password } = ada
  const tokens = await signUp()
  const token = tokens.accessToken
  const attempts: [string, string, Call][] = [
    ['POST', '/api/auth/login', { json: { ...ada, password: 'MARKED-wrong' } }],
    ['POST', '/api/auth/login', { json: { email: 'MARKED-no-address', password: 'MARKED-wrong' } }],
    [
      'POST',
      '/api/auth/login',
      { body: '{"password":"MARKED-broken', headers: { 'content-type': 'application/json' } },
    ],
    ['POST', '/api/auth/login', { body: 'MARKED', headers: { 'content-type': 'text/plain' } }],
    ['POST', '/api/auth/register', { json: { email: 'eve@example.com', password: 'MARKED' } }],
    ['POST', '/api/auth/refresh', { json: { refreshToken: 'rt1.MARKED' } }],
    ['POST', '/api/auth/refresh', { json: { refreshToken: tokens.refreshToken }, token: tokens.refreshToken }],
    ['GET', '/api/auth/me', { token: 'MARKED.MARKED.MARKED' }],
    ['GET', '/api/auth/me', { token: `${token}MARKED` }],
    ['GET', '/api/auth/me', { headers: { authorization: 'Basic MARKED' } }],
    ['GET', '/api/auth/me', { headers: { cookie: 'session=MARKED' } }],
    [
      'POST',
      '/api/auth/password',
      { token, json: { currentPassword: 'MARKED-wrong', newPassword: 'MARKED-new-password' } },
    ],
    ['DELETE', '/api/users/profile', { token, json: { currentPassword: 'MARKED-wrong' } }],
    ['POST', '/api/auth/logout', { json: { refreshToken: 'MARKED' } }],
  ]
  const answers: string[] = []
  for (const [method, path, sent] of attempts) answers.push((await call(method, path, sent)).text)
  clock.now += 61_000
  const next = (await refresh(tokens.refreshToken)).json.refreshToken
  clock.now += 61_000
  const last = (await refresh(next)).json.refreshToken
  answers.push((await refresh(tokens.refreshToken)).text)
  await store.close()
  answers.push((await call('POST', '/api/auth/login', { json: ada })).text)
  answers.push((await refresh(last)).text)

  const everything = inspect([answers, log], { depth: 20, maxStringLength: null, maxArrayLength: null })
  for (const secret of ['MARKED', password, token, tokens.refreshToken, next, last]) {
    assert.ok(!everything.includes(secret), `${secret} came out`)
  }
  assert.ok(log.some(({ level }) => level === 'warn'))
  assert.ok(log.length > attempts.length - 3)
})
