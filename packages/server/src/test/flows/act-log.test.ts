import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { form } from '../test-client.ts'
import { ada, claimsOf, issuer, startTestServer } from '../test-server.ts'

const another = 'another quite long password'

async function start(t: TestContext) {
  const server = startTestServer(t)
  const tokens = await server.signUp()
  const { sid, sub } = claimsOf(tokens.accessToken)
  /** What was told since it was asked last, of requests apart. */
  const told = () =>
    server.log
      .splice(0)
      .filter(({ fields }) => fields.event !== 'http.request' && fields.event !== 'keys.signing')
      .map(({ level, fields: { requestId, ...fields } }) => {
        assert.deepEqual([level, typeof requestId], ['info', 'string'])
        return JSON.parse(JSON.stringify(fields))
      })
  return { ...server, ...tokens, token: tokens.accessToken, sid, sub, told }
}

test('an account has a line for its making, each change of its password, and its end', async (t) => {
  const { call, signIn, token, sid, sub, told } = await start(t)
  assert.deepEqual(told(), [
    { event: 'account.created', sub },
    { event: 'session.opened', sid, sub, mode: 'bearer' },
  ])
  await call('POST', '/api/auth/register', { json: { ...ada, password: another } })
  assert.deepEqual(told(), [], 'a known address has no account made')
  await call('POST', '/api/auth/password', {
    token,
    json: { currentPassword: ada.password, newPassword: another },
  })
  assert.deepEqual(told(), [{ event: 'password.changed', sub, sid }])
  const { accessToken } = await signIn(ada.email, another)
  told()
  await call('DELETE', '/api/users/profile', { token: accessToken, json: { currentPassword: another } })
  assert.deepEqual(told(), [{ event: 'account.deleted', sub }])
})

test('a session that is ended has a line with the reason, whatever token it was ended by, and one only', async (t) => {
  const { call, signIn, refreshToken, token, sid, sub, told } = await start(t)
  told()
  for (let time = 0; time < 2; time++) await call('POST', '/api/auth/logout', { json: { refreshToken } })
  await call('POST', '/api/auth/logout', { token })
  assert.deepEqual(told(), [{ event: 'session.ended', sid, sub, reason: 'logout' }])
  const [kept, other] = [await signIn(), await signIn()]
  await signIn()
  told()
  const [keptSid, otherSid] = [kept, other].map(({ accessToken }) => claimsOf(accessToken).sid)
  await call('DELETE', `/api/auth/sessions/${otherSid}`, { token: kept.accessToken })
  await call('DELETE', '/api/auth/sessions', { token: kept.accessToken })
  await call('POST', '/api/auth/logout-all', { token: kept.accessToken })
  assert.deepEqual(told(), [
    { event: 'session.ended', sid: otherSid, sub, reason: 'ended_by_user' },
    { event: 'sessions.ended', sub, reason: 'ended_by_user', kept: keptSid },
    { event: 'sessions.ended', sub, reason: 'logout_all' },
  ])
})

test('what ends no session has no line', async (t) => {
  const { call, token, told, store, sub } = await start(t)
  told()
  assert.equal((await call('DELETE', '/api/auth/sessions', { token })).status, 204)
  await store.revokeSessions(String(sub), 'logout_all', String(claimsOf(token).sid))
  assert.deepEqual(told(), [])
})

test('an access token that whoever holds it has revoked has one line, and none in the audit table', async (t) => {
  const server = await start(t)
  const { token, told, store } = server
  told()
  for (let time = 0; time < 3; time++) await form(server, '/oauth/revoke', { token })
  assert.deepEqual(told(), [{ event: 'token.revoked', subject: claimsOf(token).jti }])
  assert.deepEqual(await store.listAudit(undefined, 10), [])
})

test("an administrator's act has a line: who did what to whom, and never the reason or a token given by mistake", async (t) => {
  const { call, server, signIn, signUp, log, refreshToken: mistaken, sub, told } = await start(t)
  const actor = String(claimsOf((await signUp('root@example.com', another)).accessToken).sub)
  told()
  await server.updateAccount(actor, { roles: ['admin'] })
  const { accessToken: token } = await signIn('root@example.com', another)
  log.splice(0)
  const reason = 'Ada Lovelace of 12 St James Square'
  const act = (path: string, json: object) => call('POST', `/api/admin/${path}`, { token, json: { reason, ...json } })
  await act(`users/${sub}/suspend`, {})
  await act('users/nobody/suspend', {})
  await act(`users/${sub}/restore`, {})
  await act('revocations', { sub_id: { format: 'jwt_id', iss: issuer, jti: mistaken } })
  await act('revocations', { sub_id: { format: 'all' } })
  assert.deepEqual(told(), [
    { event: 'user.suspend', subject: sub, actor },
    { event: 'user.restore', subject: sub, actor },
    { event: 'revoke.token', subject: '[struck out]', actor },
    { event: 'revoke.all', subject: '*', actor },
  ])
})
