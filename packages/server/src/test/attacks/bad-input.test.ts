import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { newLocation } from '../../store/sqlite/sqlite-store.fixture.ts'
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts'
import { ada, type Call, type Reply, startTestServer } from '../test-server.ts'

/** What every refusal looks like, whatever went wrong. */
function assertProblem(reply: Reply, status: number, code: string, member?: string): void {
  const told = `${reply.status} ${reply.text}`
  assert.equal(reply.status, status, told)
  assert.equal(reply.headers.get('content-type'), 'application/problem+json', told)
  assert.equal(reply.headers.get('cache-control'), 'no-store')
  assert.deepEqual([reply.json.status, reply.json.code, reply.json.error], [status, code, code], told)
  assert.equal(typeof reply.json.title, 'string')
  assert.equal(typeof reply.json.detail, 'string')
  if (member !== undefined)
    assert.ok(
      reply.json.errors.some((one: { member: string }) => one.member === member),
      told,
    )
  assert.ok(!/\bat \S+:\d|node:|\.ts:/.test(reply.text), 'a stack trace')
}

const json = { 'content-type': 'application/json' }

describe('a body that is no JSON object', () => {
  const bodies: Record<string, Call> = {
    'broken off': { body: '{"email":', headers: json },
    empty: { body: '', headers: json },
    'a list': { body: '[]', headers: json },
    'a text': { body: '"x"', headers: json },
    null: { body: 'null', headers: json },
    'two objects': { body: '{}{}', headers: json },
    'not UTF-8': { body: new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), headers: json },
    'with a byte order mark': { body: '\ufeff{}', headers: json },
  }
  for (const [name, call] of Object.entries(bodies)) {
    test(`${name}: 400 that names the body`, async (t) => {
      const server = startTestServer(t)
      assertProblem(await server.call('POST', '/api/auth/login', call), 400, 'invalid_request', 'body')
    })
  }
})

describe('a member', () => {
  const cases: [title: string, path: string, body: unknown, member: string, detail: string][] = [
    ['missing', '/api/auth/register', { email: ada.email }, 'password', 'is missing'],
    ['missing twice', '/api/auth/login', {}, 'email', 'is missing'],
    ['of the wrong type', '/api/auth/login', { email: ada.email, password: 12345678 }, 'password', 'must be a string'],
    ['null', '/api/auth/login', { ...ada, email: null }, 'email', 'must be a string'],
    ['an object', '/api/auth/login', { ...ada, email: { $ne: '' } }, 'email', 'must be a string'],
    ['a list', '/api/auth/refresh', { refreshToken: ['rt1.x'] }, 'refreshToken', 'must be a string'],
    ['no address', '/api/auth/register', { ...ada, email: 'ada' }, 'email', 'has the wrong form'],
    [
      'an address with a line break',
      '/api/auth/register',
      { ...ada, email: 'ada@example.com\r\nBcc: eve@example.com' },
      'email',
      'has the wrong form',
    ],
    [
      'an address with a NUL',
      '/api/auth/register',
      { ...ada, email: 'ada\0@example.com' },
      'email',
      'has the wrong form',
    ],
    [
      'too long an address',
      '/api/auth/register',
      { ...ada, email: `${'a'.repeat(64)}@${'b'.repeat(250)}` },
      'email',
      'must have at most 254 characters',
    ],
    [
      'too short a password',
      '/api/auth/register',
      { ...ada, password: '1234567' },
      'password',
      'must have at least 8 characters',
    ],
    [
      'too long a password',
      '/api/auth/register',
      { ...ada, password: 'x'.repeat(257) },
      'password',
      'must have at most 256 characters',
    ],
    [
      'the address as password',
      '/api/auth/register',
      { ...ada, password: 'ADA@example.com' },
      'password',
      'must not be the e-mail address',
    ],
    [
      'half a character',
      '/api/auth/register',
      { ...ada, password: 'long enough \ud800' },
      'password',
      'must be well-formed Unicode',
    ],
    [
      'an unknown mode',
      '/api/auth/login',
      { ...ada, mode: 'telepathy' },
      'mode',
      'must be "bearer" or "cookie" or "session"',
    ],
    ['a scope with a quote', '/api/auth/login', { ...ada, scope: 'a"b' }, 'scope', 'has the wrong form'],
  ]
  for (const [title, path, body, member, detail] of cases) {
    test(`${title}: 400 that names it and does not repeat it`, async (t) => {
      const reply = await startTestServer(t).call('POST', path, { json: body })
      assertProblem(reply, 400, 'invalid_request', member)
      assert.ok(
        reply.json.errors.some(
          (one: { member: string; detail: string }) => one.member === member && one.detail === detail,
        ),
        reply.text,
      )
      assert.equal(
        reply.json.detail,
        reply.json.errors.map((one: { member: string; detail: string }) => `${one.member} ${one.detail}`).join('; '),
      )
    })
  }

  test('that is unknown or named like a prototype is ignored', async (t) => {
    const { call } = startTestServer(t)
    const body = `{"email":"${ada.email}","password":"${ada.password}","__proto__":{"roles":["admin"]},"constructor":1,"roles":["admin"]}`
    assert.equal((await call('POST', '/api/auth/register', { body, headers: json })).status, 201)
    const { accessToken } = (await call('POST', '/api/auth/login', { json: ada })).json
    assert.deepEqual((await call('GET', '/api/auth/me', { token: accessToken })).json.user.roles, [])
  })
})

describe('a content type', () => {
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=utf-16',
    'application/jsonp',
    'nonsense',
  ]) {
    test(`${type}: 415`, async (t) => {
      const reply = await startTestServer(t).call('POST', '/api/auth/login', {
        body: JSON.stringify(ada),
        headers: { 'content-type': type },
      })
      assertProblem(reply, 415, 'unsupported_media_type')
    })
  }
  for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"']) {
    test(`${type} is read`, async (t) => {
      const { call } = startTestServer(t)
      assert.equal(
        (await call('POST', '/api/auth/register', { body: JSON.stringify(ada), headers: { 'content-type': type } }))
          .status,
        201,
      )
    })
  }
})

describe('a body over 64 KiB', () => {
  const large = JSON.stringify({ ...ada, padding: 'x'.repeat(64 * 1024) })
  test('that says its length: 413', async (t) => {
    assertProblem(
      await startTestServer(t).call('POST', '/api/auth/login', {
        body: large,
        headers: { ...json, 'content-length': String(large.length) },
      }),
      413,
      'payload_too_large',
    )
  })
  test('that comes in pieces: 413', async (t) => {
    const body = new ReadableStream({
      start(controller) {
        for (let piece = 0; piece < 70; piece++) controller.enqueue(new TextEncoder().encode(' '.repeat(1024)))
        controller.close()
      },
    })
    assertProblem(
      await startTestServer(t).call('POST', '/api/auth/login', { body, headers: json }),
      413,
      'payload_too_large',
    )
  })
})

describe('a path or method that is not there', () => {
  test('an unknown path: 404', async (t) => {
    const { call } = startTestServer(t)
    for (const path of [
      '/',
      '/nope',
      '/api/auth',
      '/api/auth/login/',
      '/api/auth/LOGIN',
      '/.well-known/',
      '/.git/config',
    ]) {
      assertProblem(await call('GET', path), 404, 'not_found')
    }
  })
  test('a wrong method: 405 that lists the right ones', async (t) => {
    const { call } = startTestServer(t)
    const cases = [
      ['GET', '/api/auth/login', 'POST'],
      ['PUT', '/api/users/profile', 'GET, HEAD, DELETE'],
      ['PATCH', '/api/auth/sessions/x', 'DELETE'],
      ['POST', '/.well-known/jwks.json', 'GET, HEAD'],
      ['OPTIONS', '/healthz', 'GET, HEAD'],
    ] as const
    for (const [method, path, allow] of cases) {
      const reply = await call(method, path)
      assertProblem(reply, 405, 'method_not_allowed')
      assert.equal(reply.headers.get('allow'), allow)
    }
  })
  test('HEAD answers as GET does, without a body', async (t) => {
    const reply = await startTestServer(t).call('HEAD', '/.well-known/jwks.json')
    assert.deepEqual([reply.status, reply.text], [200, ''])
  })
})

test('an error of ours: 500 with a request id that the log has, and no stack trace', async (t) => {
  const { call, log } = startTestServer(t, {
    accounts: {
      async verifyCredentials() {
        throw Object.assign(new Error('the users table is on fire'), { config: { data: ada.password } })
      },
      async findAccount() {
        return undefined
      },
    },
  })
  const reply = await call('POST', '/api/auth/login', { json: ada })
  assertProblem(reply, 500, 'server_error')
  assert.ok(!reply.text.includes('fire'))
  const line = log.find(({ level }) => level === 'error')
  assert.equal(line?.fields.requestId, reply.json.requestId)
  assert.match(inspect(line?.fields.err), /on fire/)
  assert.ok(!inspect(line?.fields.err).includes(ada.password), 'an error may hold the request that failed')
})

test('a store that is away: 503 with Retry-After, and readiness says so', async (t) => {
  const { call, store } = startTestServer(t)
  assert.equal((await call('GET', '/readyz')).status, 200)
  await store.close()
  const ready = await call('GET', '/readyz')
  assertProblem(ready, 503, 'temporarily_unavailable')
  assert.equal(ready.headers.get('retry-after'), '1')
  assert.equal((await call('GET', '/healthz')).status, 200)
})

test('a store that is away at the start: 503 for all but the health of the process, until it is back', async (t) => {
  const store = openSqliteStore({ path: newLocation((remove) => t.after(remove)) })
  const { listPeppers } = store
  store.listPeppers = () => Promise.reject(new Error('away'))
  const { call, server, signUp } = startTestServer(t, { store })
  assertProblem(await call('POST', '/api/auth/login', { json: ada }), 503, 'temporarily_unavailable')
  assertProblem(await call('GET', '/readyz'), 503, 'temporarily_unavailable')
  assert.equal((await call('GET', '/healthz')).status, 200)
  assert.ok(server.answers('/api/auth/login') && !server.answers('/mine'), 'a host application goes on')
  store.listPeppers = listPeppers
  assert.ok(await signUp())
})
