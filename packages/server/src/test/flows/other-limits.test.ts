import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createTestClient, form } from '../test-client.ts'
import { ada, type Reply, startTestServer, type TestServer } from '../test-server.ts'

async function repeat(times: number, act: (turn: number) => Promise<Reply>): Promise<number[]> {
  const statuses: number[] = []
  for (let turn = 0; turn < times; turn++) statuses.push((await act(turn)).status)
  return statuses
}

describe('registrations from one network', () => {
  test('are refused past the limit, those of a known address alike', async (t) => {
    const server = startTestServer(t, { rateLimits: { registrationPerNetwork: '4/1h' } })
    const register = (email: string, from = '192.0.2.7') =>
      server.call('POST', '/api/auth/register', { json: { ...ada, email }, from })
    const emails = [
      'a@example.com',
      'a@example.com',
      'b@example.com',
      'a@example.com',
      'a@example.com',
      'c@example.com',
    ]
    assert.deepEqual(await repeat(6, (turn) => register(emails[turn] ?? '')), [201, 201, 201, 201, 429, 429])
    assert.equal((await register('d@example.com', '203.0.113.1')).status, 201)
  })
})

describe('wrong passwords of someone who is signed in', () => {
  const wrong = { currentPassword: 'not the password', newPassword: 'another long password' }

  test('are refused past the limit when changing the password and when deleting the account', async (t) => {
    const { call, signUp } = startTestServer(t)
    const { accessToken: token } = await signUp()
    const change = () => call('POST', '/api/auth/password', { token, json: wrong })
    const remove = () => call('DELETE', '/api/users/profile', { token, json: wrong })
    assert.deepEqual(await repeat(12, (turn) => (turn % 2 === 0 ? change() : remove())), [
      ...Array<number>(10).fill(401),
      ...[429, 429],
    ])
    assert.equal(
      (await call('DELETE', '/api/users/profile', { token, json: { currentPassword: ada.password } })).status,
      429,
    )
  })

  test('do not hold up another session of the same user, who may end the one that tries', async (t) => {
    const { call, signUp, signIn } = startTestServer(t)
    const thief = (await signUp()).accessToken
    await repeat(12, () => call('POST', '/api/auth/password', { token: thief, json: wrong }))
    const { accessToken: token } = await signIn()
    const json = { currentPassword: ada.password, newPassword: 'another long password' }
    assert.equal((await call('POST', '/api/auth/password', { token, json })).status, 204)
    assert.equal((await call('GET', '/api/auth/me', { token: thief })).status, 401)
  })
})

describe('clients that cannot authenticate themselves', () => {
  const limited = { rateLimits: { clientPerNetwork: '5/5m' } }
  const ask = (server: TestServer, path: string, basic: string) =>
    form(server, path, { grant_type: 'client_credentials', token: 'x' }, basic)

  test('are told 429 past the limit of their network, in the words of OAuth', async (t) => {
    const server = startTestServer(t, limited)
    const { id } = await createTestClient(server, ['orders:read'])
    const paths = ['/oauth/token', '/oauth/introspect', '/oauth/revoke']
    const basic = (turn: number) => `Basic ${btoa(`${turn % 2 === 0 ? id : `nobody-${turn}`}:wrong`)}`
    const statuses = await repeat(8, (turn) => ask(server, paths[turn % 3] ?? '', basic(turn)))
    assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429, 429])
    const reply = await ask(server, '/oauth/token', basic(0))
    assert.equal(reply.headers.get('content-type'), 'application/json')
    assert.ok(Number(reply.headers.get('retry-after')) > 0)
    assert.deepEqual(Object.keys(reply.json), ['error', 'error_description'])
    assert.equal(reply.json.error, 'too_many_requests')
  })

  test('do not hold up one with the right secret behind the same address', async (t) => {
    const server = startTestServer(t, limited)
    const client = await createTestClient(server, ['orders:read'])
    await repeat(10, () => ask(server, '/oauth/token', `Basic ${btoa(`${client.id}:wrong`)}`))
    assert.equal((await ask(server, '/oauth/token', client.basic)).status, 200)
  })
})

describe('access tokens that are revoked one by one', () => {
  const revoke = (server: TestServer, token: string, basic?: string) => form(server, '/oauth/revoke', { token }, basic)

  test('are told 429 past the limit of their session, which can be ended all the same', async (t) => {
    const server = startTestServer(t, { rateLimits: { revocationPerSession: '3/15m' } })
    const { accessToken, refreshToken } = await server.signUp()
    assert.deepEqual(await repeat(9, () => revoke(server, accessToken)), Array<number>(9).fill(200), 'one and the same')
    const another = async () => revoke(server, (await server.refresh(refreshToken)).json.accessToken)
    assert.deepEqual(await repeat(4, another), [200, 200, 429, 429])
    const reply = await another()
    assert.deepEqual([reply.json.error, Number(reply.headers.get('retry-after')) > 0], ['too_many_requests', true])
    const { seq } = await server.store.sequence(100, 0)
    assert.equal(seq, 3)
    const other = await server.signIn()
    assert.equal((await revoke(server, other.accessToken)).status, 200)
    assert.equal((await revoke(server, refreshToken)).status, 200)
    assert.equal((await server.refresh(refreshToken)).status, 401)
  })

  test('are told 429 past the limit of their client, where they have no session', async (t) => {
    const server = startTestServer(t, { rateLimits: { revocationPerClient: '3/15m' } })
    const [one, other] = [await createTestClient(server, ['a']), await createTestClient(server, ['a'])]
    assert.deepEqual(await repeat(5, async () => revoke(server, await one.token(), one.basic)), [
      ...[200, 200, 200],
      ...[429, 429],
    ])
    assert.equal((await revoke(server, await other.token(), other.basic)).status, 200)
  })
})

describe('forged tokens', () => {
  test('are told 429 past the limit of their network; good and expired ones of the same network are not', async (t) => {
    const server = startTestServer(t, { rateLimits: { forgedPerNetwork: '6/5m' } })
    const { accessToken, refreshToken } = await server.signUp()
    const me = (token: string) => server.call('GET', '/api/auth/me', { token })
    const forged = [
      `${accessToken.slice(0, -6)}AAAAAA`,
      'nonsense',
      accessToken.replace(/^[^.]+/, btoa('{"alg":"none"}')),
    ]
    const attack = (turn: number) =>
      turn % 2 === 0 ? me(forged[(turn / 2) % 3] ?? '') : server.refresh(`rt1.${'A'.repeat(60)}`)
    assert.deepEqual(await repeat(10, attack), [...Array<number>(6).fill(401), ...Array<number>(4).fill(429)])
    assert.equal((await me(accessToken)).status, 200)
    assert.equal((await server.refresh(refreshToken)).status, 200)
    server.clock.now += 700_000
    assert.equal((await me(accessToken)).status, 401)
    assert.equal((await server.refresh(refreshToken)).status, 200)
  })

  test('count where the revocation feed is read, and not where a proxy asks, which could not pass 429 on', async (t) => {
    const { call } = startTestServer(t, { rateLimits: { forgedPerNetwork: '2/5m' } })
    const attack = (path: string, from: string) => repeat(4, () => call('GET', path, { token: 'nonsense', from }))
    for (const [turn, path] of ['snapshot', 'stream', 'changes'].entries())
      assert.deepEqual(await attack(`/revocations/${path}`, `198.51.100.${turn}`), [401, 401, 429, 429])
    assert.deepEqual(await attack('/forward-auth', '198.51.100.9'), [401, 401, 401, 401])
    assert.deepEqual(await attack('/forward-auth', '198.51.100.0'), [401, 401, 401, 401])
  })

  test('count for their network alone, and for nobody where no address is known', async (t) => {
    const { call } = startTestServer(t, { rateLimits: { forgedPerNetwork: '2/5m' } })
    const attack = (from: string | null) => repeat(4, () => call('GET', '/api/auth/me', { token: 'nonsense', from }))
    assert.deepEqual(await attack('198.51.100.1'), [401, 401, 429, 429])
    assert.deepEqual(await attack('198.51.100.2'), [401, 401, 429, 429])
    assert.deepEqual(await attack(null), [401, 401, 401, 401])
  })
})

describe('a refused refresh token that comes back and back', () => {
  test('is told 429, and the sessions of others and of its user refresh on', async (t) => {
    const server = startTestServer(t)
    const gone = await server.signUp()
    await server.call('POST', '/api/auth/logout', { json: { refreshToken: gone.refreshToken } })
    const statuses = await repeat(22, () => server.refresh(gone.refreshToken))
    assert.deepEqual(statuses, [...Array<number>(20).fill(401), 429, 429])
    const { refreshToken } = await server.signIn()
    assert.equal((await server.refresh(refreshToken)).status, 200)
  })

  test('a token that is good is never refused, however often it is sent', async (t) => {
    const server = startTestServer(t)
    const { refreshToken } = await server.signUp()
    assert.deepEqual(new Set(await repeat(60, () => server.refresh(refreshToken))), new Set([200]))
  })
})
