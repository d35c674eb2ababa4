import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startTestServer } from '../test-server.ts'

const paths = [
  '/healthz',
  '/nope',
  '/.well-known/jwks.json',
  '/.well-known/oauth-authorization-server',
  '/api/auth/me',
  '/docs/api',
  '/openapi.json',
]

test('every answer has the security headers', async (t) => {
  const { call } = startTestServer(t)
  for (const path of paths) {
    const { headers } = await call('GET', path)
    assert.equal(headers.get('x-content-type-options'), 'nosniff', path)
    assert.equal(headers.get('x-frame-options'), 'DENY', path)
    assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin', path)
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'.*frame-ancestors 'none'/, path)
    assert.match(headers.get('strict-transport-security') ?? '', /max-age=\d{8}/, path)
    assert.equal(headers.get('referrer-policy'), path === '/docs/api' ? 'same-origin' : 'no-referrer', path)
    assert.match(headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/, path)
  }
})

test('only public documents may be kept', async (t) => {
  const { call } = startTestServer(t)
  for (const path of paths) {
    const expected = path.startsWith('/.well-known/') ? /^public, max-age=300/ : /^no-store$/
    assert.match((await call('GET', path)).headers.get('cache-control') ?? '', expected, path)
  }
})

test('public documents need not be sent twice', async (t) => {
  const { call } = startTestServer(t)
  for (const path of ['/.well-known/jwks.json', '/.well-known/oauth-authorization-server']) {
    const etag = (await call('GET', path)).headers.get('etag') ?? ''
    assert.match(etag, /^"[\w-]+"$/)
    const again = await call('GET', path, { headers: { 'if-none-match': etag } })
    assert.deepEqual([again.status, again.text, again.headers.get('etag')], [304, '', etag])
  }
})

test('an http issuer sends no Strict-Transport-Security', async (t) => {
  const { call } = startTestServer(t, { issuer: 'http://localhost:4000' })
  assert.equal((await call('GET', '/healthz')).headers.get('strict-transport-security'), null)
})

describe('scripts of other origins', () => {
  const preflight = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' }
  const allowed = 'https://app.example.com'

  test('may read the keys and the metadata from anywhere, without credentials', async (t) => {
    const { call } = startTestServer(t)
    for (const path of ['/.well-known/jwks.json', '/.well-known/oauth-authorization-server']) {
      const { headers } = await call('GET', path, { headers: { origin: 'https://anyone.example' } })
      assert.equal(headers.get('access-control-allow-origin'), '*')
      assert.equal(headers.get('access-control-allow-credentials'), null)
    }
  })

  test('of the list may call, with credentials', async (t) => {
    const { call } = startTestServer(t, { allowedOrigins: [allowed] })
    const before = await call('OPTIONS', '/api/auth/login', { headers: { origin: allowed, ...preflight } })
    assert.equal(before.status, 204)
    assert.equal(before.headers.get('access-control-allow-origin'), allowed)
    assert.equal(before.headers.get('access-control-allow-credentials'), 'true')
    assert.match(before.headers.get('access-control-allow-headers') ?? '', /content-type/)
    const actual = await call('GET', '/api/auth/me', { headers: { origin: allowed } })
    assert.equal(actual.headers.get('access-control-allow-origin'), allowed)
    assert.match(actual.headers.get('vary') ?? '', /Origin/i)
  })

  test('not of the exact list get no permission, and the log names the setting', async (t) => {
    const { call, log } = startTestServer(t, { allowedOrigins: [allowed] })
    const others = [
      'null',
      'http://app.example.com',
      'https://app.example.com.evil.net',
      'https://evil-app.example.com',
      'https://app.example.com:444',
      'https://APP.example.com',
      'http://localhost:3000',
    ]
    for (const origin of others) {
      const { headers } = await call('OPTIONS', '/api/auth/login', { headers: { origin, ...preflight } })
      assert.equal(headers.get('access-control-allow-origin'), null, origin)
      assert.equal(
        (await call('GET', '/api/auth/me', { headers: { origin } })).headers.get('access-control-allow-origin'),
        null,
        origin,
      )
    }
    assert.match(
      log.find(({ fields }) => fields.event === 'cors.refused')?.message ?? '',
      /COUNTERSIGN_ALLOWED_ORIGINS/,
    )
  })

  test('of localhost may call in dev, those that only look like it may not', async (t) => {
    const { call } = startTestServer(t, { allowedOrigins: 'localhost' })
    const answered = async (origin: string) =>
      (await call('GET', '/api/auth/me', { headers: { origin } })).headers.get('access-control-allow-origin')
    for (const origin of ['http://localhost', 'http://localhost:5173', 'https://127.0.0.1:8443'])
      assert.equal(await answered(origin), origin)
    for (const origin of [
      'http://localhost.evil.net',
      'http://evil.net?localhost',
      'null',
      'file://',
      'http://127.0.0.1.evil.net',
    ])
      assert.equal(await answered(origin), null)
  })
})

test('an answer without an Origin says that it varies with it', async (t) => {
  const { call } = startTestServer(t)
  assert.match((await call('GET', '/api/auth/me')).headers.get('vary') ?? '', /Origin/i)
})
