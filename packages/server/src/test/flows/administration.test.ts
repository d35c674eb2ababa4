import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ada, claimsOf, issuer, startTestServer, type Tokens } from '../test-server.ts'

const admin = { email: 'root@example.com', password: 'another quite long password' }

async function start(t: TestContext) {
  const server = startTestServer(t)
  const { accessToken } = await server.signUp(admin.email, admin.password)
  await server.server.updateAccount(String(claimsOf(accessToken).sub), { roles: ['admin'] })
  const user = await server.signUp()
  const { accessToken: token } = await server.signIn(admin.email, admin.password)
  const revoke = (subject: object, by = token) =>
    server.call('POST', '/api/admin/revocations', { json: { sub_id: subject, reason: 'a test' }, token: by })
  const isAlive = async ({ accessToken: one }: Tokens) =>
    (await server.call('GET', '/api/auth/me', { token: one })).status === 200
  return { ...server, token, user, userId: String(claimsOf(user.accessToken).sub), revoke, isAlive }
}

test('an admin suspends a user: no session, no token, no login until restored', async (t) => {
  const { call, token, user, userId, isAlive, refresh } = await start(t)
  const login = () => call('POST', '/api/auth/login', { json: ada })
  assert.equal(
    (await call('POST', `/api/admin/users/${userId}/suspend`, { token, json: { reason: 'abuse' } })).status,
    204,
  )
  assert.equal(await isAlive(user), false)
  assert.equal((await refresh(user.refreshToken)).status, 401)
  const refused = await login()
  assert.deepEqual([refused.status, refused.json.code], [401, 'invalid_credentials'])
  assert.equal((await call('POST', `/api/admin/users/${userId}/restore`, { token })).status, 204)
  assert.equal((await login()).status, 200)
  assert.equal(await isAlive(user), false)
  const { records } = (await call('GET', '/api/admin/audit', { token })).json
  const adminId = claimsOf(token).sub
  assert.deepEqual(
    records.map(({ event, actor, subject, reason }: Record<string, string>) => [event, actor, subject, reason]),
    [
      ['user.restore', adminId, userId, ''],
      ['user.suspend', adminId, userId, 'abuse'],
    ],
  )
})

test('an admin revokes by user, address, token and session', async (t) => {
  for (const subject of ['iss_sub', 'email', 'jwt_id', 'session']) {
    const { revoke, user, userId, isAlive } = await start(t)
    const { jti, sid } = claimsOf(user.accessToken)
    const named = {
      iss_sub: { iss: issuer, sub: userId },
      email: { email: ada.email },
      jwt_id: { iss: issuer, jti },
      session: { sid },
    }
    const reply = await revoke({ format: subject, ...named[subject as 'email'] })
    assert.equal(reply.status, 204, reply.text)
    assert.equal(await isAlive(user), false, subject)
  }
})

test('an admin revokes everything, and has to sign in again too', async (t) => {
  const { revoke, user, isAlive, clock, signIn } = await start(t)
  assert.equal((await revoke({ format: 'all' })).status, 204)
  assert.equal(await isAlive(user), false)
  assert.equal((await revoke({ format: 'all' })).status, 401)
  clock.now += 1000
  assert.equal(await isAlive(await signIn()), true)
})

test('after the revocation of the signing key the next token is signed by another, and sessions live on', async (t) => {
  const { revoke, user, isAlive, refresh, call } = await start(t)
  const kidOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid
  const kid = kidOf(user.accessToken)
  assert.equal((await revoke({ format: 'key', kid })).status, 204)
  assert.equal(await isAlive(user), false)
  const { accessToken } = (await refresh(user.refreshToken)).json
  assert.notEqual(kidOf(accessToken), kid)
  assert.equal((await call('GET', '/api/auth/me', { token: accessToken })).status, 200)
})

test('what is not there cannot be revoked', async (t) => {
  const { revoke } = await start(t)
  for (const subject of [
    { format: 'iss_sub', iss: issuer, sub: 'nobody' },
    { format: 'iss_sub', iss: 'https://other.example.com', sub: 'nobody' },
    { format: 'email', email: 'nobody@example.com' },
    { format: 'session', sid: 'none' },
    { format: 'client', client_id: 'none' },
    { format: 'key', kid: 'none' },
  ])
    assert.equal((await revoke(subject)).status, 404, JSON.stringify(subject))
  assert.equal((await revoke({ format: 'phone' })).status, 400)
})

test('only an admin administers, with a recent sign-in and a token for this server', async (t) => {
  const { call, user, userId, token, clock, server, refresh, signIn } = await start(t)
  const suspend = (by?: string) =>
    call('POST', `/api/admin/users/${userId}/suspend`, by === undefined ? {} : { token: by })
  assert.equal((await suspend()).status, 401)
  assert.equal((await suspend(user.accessToken)).json.code, 'insufficient_role')

  const session = await signIn(admin.email, admin.password)
  clock.now += 901_000
  const { accessToken: later } = (await refresh(session.refreshToken)).json
  const stale = await suspend(later)
  assert.deepEqual([stale.status, stale.json.code], [401, 'insufficient_user_authentication'])
  assert.match(stale.headers.get('www-authenticate') ?? '', /error="insufficient_user_authentication"/)

  const fresh = await signIn(admin.email, admin.password)
  await server.updateAccount(String(claimsOf(token).sub), { roles: [] })
  assert.equal((await suspend(fresh.accessToken)).json.code, 'insufficient_role')
})

test("an admin's token for an API opens no administration", async (t) => {
  const server = startTestServer(t, { audience: 'https://api.example.com' })
  const { accessToken } = await server.signUp(admin.email, admin.password)
  await server.server.updateAccount(String(claimsOf(accessToken).sub), { roles: ['admin'] })
  const login = async (audience?: string) =>
    (await server.call('POST', '/api/auth/login', { json: { ...admin, audience } })).json.accessToken
  assert.equal((await server.call('GET', '/api/admin/audit', { token: await login() })).status, 401)
  assert.equal((await server.call('GET', '/api/admin/audit', { token: await login(issuer) })).status, 200)
})
