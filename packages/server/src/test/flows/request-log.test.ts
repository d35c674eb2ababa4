import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestClient } from '../test-client.ts'
import { ada, claimsOf, issuer, type LogLine, startTestServer } from '../test-server.ts'

const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }
const requests = (log: readonly LogLine[]) => log.filter(({ fields }) => fields.event === 'http.request')

test('a request has one line: what it asked for by the row, how it was answered, how long it took', async (t) => {
  const { call, signUp, log } = startTestServer(t)
  const { accessToken: token } = await signUp()
  log.length = 0
  const reply = await call('DELETE', '/api/auth/sessions/some-session?x=y', { token, headers: trace })
  await call('GET', '/api/auth/me', { token })
  const [refused, answered, ...more] = log
  assert.deepEqual(more, [])
  const { durationMs, ...fields } = refused?.fields ?? {}
  assert.ok(typeof durationMs === 'number' && durationMs > 0)
  assert.deepEqual(fields, {
    ...{ event: 'http.request', method: 'DELETE', route: '/api/auth/sessions/:sid', status: 404 },
    ...{ code: 'not_found', reason: 'no such session of this user' },
    ...{ requestId: reply.headers.get('x-request-id'), traceId: '0af7651916cd43dd8448eb211c80319c' },
  })
  assert.deepEqual([refused?.level, refused?.message], ['info', 'request refused'])
  assert.deepEqual(
    [answered?.level, answered?.message],
    ['debug', 'request answered'],
    'the proxy has a line of it too',
  )
  assert.deepEqual(Object.keys(answered?.fields ?? {}).sort(), [
    'durationMs',
    'event',
    'method',
    'requestId',
    'route',
    'status',
  ])
})

test('no line of it has an address, a user agent or a path as it was sent', async (t) => {
  const { call, signUp, log } = startTestServer(t, { trustedProxies: 1 })
  await signUp()
  const headers = { 'x-forwarded-for': '198.51.100.9', 'user-agent': 'a browser of its own' }
  await call('POST', '/api/auth/login', { json: ada, headers })
  await call('GET', '/a/path/of/someone', { headers })
  const text = JSON.stringify(requests(log))
  for (const one of ['198.51.100.9', '192.0.2.7', 'a browser', 'someone']) assert.ok(!text.includes(one), one)
})

test('a sign-in has a line of its own: whose it is, and the session', async (t) => {
  const { signUp, log } = startTestServer(t)
  const { accessToken } = await signUp()
  const { sid, sub } = claimsOf(accessToken)
  const { level, fields } = log.find((line) => line.fields.event === 'session.opened') ?? {}
  assert.equal(level, 'info')
  assert.deepEqual([fields?.sid, fields?.sub, fields?.mode], [sid, sub, 'bearer'])
  assert.ok(!JSON.stringify(log).includes(ada.email))
})

test('a refusal is told at info, one for want of a part at warn, a failure at error', async (t) => {
  const { call, log, store } = startTestServer(t)
  await call('GET', '/readyz')
  await call('GET', '/api/auth/me')
  await store.close()
  await call('GET', '/readyz')
  await call('POST', '/api/auth/login', { json: ada })
  assert.deepEqual(
    requests(log).map(({ level, message }) => [level, message]),
    [
      ['debug', 'request answered'],
      ['info', 'request refused'],
      ['warn', 'request not served'],
      ['error', 'request failed'],
    ],
  )
})

test('every line that is written meanwhile names the request', async (t) => {
  const { signUp, call, refresh, clock, log } = startTestServer(t)
  const first = (await signUp()).refreshToken
  clock.now += 61_000
  const second = (await refresh(first)).json.refreshToken
  clock.now += 61_000
  await refresh(second)
  log.length = 0
  const robbed = await call('POST', '/api/auth/refresh', { json: { refreshToken: first }, headers: trace })
  assert.equal(robbed.status, 401)
  assert.deepEqual(
    log.map(({ fields }) => [fields.event, fields.requestId, fields.traceId]),
    ['refresh.reuse', 'http.request'].map((event) => [
      event,
      robbed.headers.get('x-request-id'),
      '0af7651916cd43dd8448eb211c80319c',
    ]),
  )
})

test('requests that are answered at once do not take each other for themselves', async (t) => {
  const { call, log } = startTestServer(t)
  const replies = await Promise.all(Array.from({ length: 50 }, () => call('POST', '/api/auth/refresh', { json: {} })))
  const ids = replies.map(({ headers }) => headers.get('x-request-id'))
  assert.equal(new Set(ids).size, 50)
  assert.deepEqual(
    requests(log)
      .map(({ fields }) => fields.requestId)
      .sort(),
    [...ids].sort(),
  )
})

test('what goes on after a request does not name it: the feed that a reader began', async (t) => {
  const server = startTestServer(t)
  const token = await (await createTestClient(server, ['revocations:read'])).token()
  const { epoch, seq } = (await server.call('GET', '/revocations/snapshot', { token })).json
  const headers = { authorization: `Bearer ${token}`, 'last-event-id': `${epoch}:${seq}` }
  const stream = await server.server.fetch(new Request(`${issuer}/revocations/stream`, { headers }))
  await server.store.close()
  await new Promise((resolve) => setTimeout(resolve, 100))
  const stalled = server.log.find(({ fields }) => fields.event === 'revocations.stalled')
  assert.deepEqual(Object.keys(stalled?.fields ?? {}).sort(), ['alert', 'err', 'event'])
  await stream.body?.cancel()
})

test('a request names itself: the id that a client sends is not taken', async (t) => {
  const { call, log } = startTestServer(t, { trustedProxies: 1 })
  const reply = await call('GET', '/api/auth/me', { headers: { 'x-request-id': 'chosen-by-someone' } })
  assert.match(reply.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/)
  assert.ok(!JSON.stringify(log).includes('chosen-by-someone'))
})
