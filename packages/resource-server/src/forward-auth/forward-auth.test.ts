import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createTestIssuer, type TestClaims } from '../testing/testing.ts'
import { createForwardAuth, type ForwardAuthAnswer, type ForwardAuthOptions, IDENTITY_HEADERS } from './forward-auth.ts'

const origin = 'https://app.example'

async function ask(
  headers: Record<string, string>,
  claims: TestClaims = {},
  options: Partial<ForwardAuthOptions> = {},
): Promise<ForwardAuthAnswer> {
  const issuer = await createTestIssuer()
  const token = issuer.token(claims)
  const forwardAuth = createForwardAuth({
    ...issuer.options,
    cookie: { origins: [origin] },
    log: { warn: () => undefined },
    ...options,
  } as ForwardAuthOptions)
  const sent: Record<string, string> = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value.replace('TOKEN', token)]),
  )
  return forwardAuth({ method: 'GET', header: (name) => sent[name] }, new URLSearchParams())
}

describe('the answer to a proxy', () => {
  test('has every identity header, so that each takes the place of what the client sent', async () => {
    const { status, headers } = await ask({ authorization: 'Bearer TOKEN' }, { scope: 'a b', roles: ['x', 'y'] })
    assert.equal(status, 204)
    assert.deepEqual(
      IDENTITY_HEADERS.map((name) => headers[name]),
      ['user-1', 'a b', 'x,y', 'user-1', 'x,y'],
    )
    const anonymous = await ask({}, {}, { optional: true })
    assert.equal(anonymous.status, 204)
    assert.deepEqual(
      IDENTITY_HEADERS.map((name) => anonymous.headers[name]),
      ['', '', '', '', ''],
    )
  })

  for (const claims of [
    { sub: 'a\r\nx-admin: 1' },
    { sub: 'ü' },
    { roles: ['a,b'] },
    { roles: ['a\n'] },
    { scope: 'ü' },
  ]) {
    test(`is no for what no header can carry: ${JSON.stringify(claims)}`, async () => {
      assert.equal((await ask({ authorization: 'Bearer TOKEN' }, claims)).status, 401)
    })
  }

  test('is no when the session is over', async () => {
    for (const isLive of [() => false, async () => false])
      assert.equal((await ask({ authorization: 'Bearer TOKEN' }, {}, { isLive })).status, 401)
  })

  const cookie = '__Host-at-abcdefgh=TOKEN'
  const cases: [string, number, Record<string, string>][] = [
    ['a page that is read', 204, { 'x-forwarded-method': 'GET' }],
    ['a page that is read, as nginx is told to say', 204, { 'x-original-method': 'GET' }],
    ['a change from a listed origin', 204, { 'x-forwarded-method': 'POST', origin }],
    ['a change from another site', 403, { 'x-forwarded-method': 'POST', origin: 'https://evil.example' }],
    ['a proxy that does not tell the method', 403, {}],
    [
      'a method that the proxy and the client tell alike',
      204,
      { 'x-forwarded-method': 'GET', 'x-original-method': 'GET' },
    ],
    [
      'a client that tells another method than nginx',
      403,
      { 'x-forwarded-method': 'GET', 'x-original-method': 'POST' },
    ],
    [
      'a client that tells another method than Caddy',
      403,
      { 'x-forwarded-method': 'POST', 'x-original-method': 'GET' },
    ],
    ['a method that is told twice', 403, { 'x-forwarded-method': 'GET, GET' }],
    [
      'a WebSocket from another site',
      403,
      { 'x-forwarded-method': 'GET', 'sec-websocket-key': 'x', origin: 'https://evil.example' },
    ],
  ]
  for (const [what, status, headers] of cases) {
    test(`is ${status} to a cookie with ${what} (OWASP ASVS 5.0 V3.5.1)`, async () => {
      assert.equal((await ask({ ...headers, cookie })).status, status)
    })
  }
})
