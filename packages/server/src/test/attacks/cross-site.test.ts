import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openBrowser } from '../browser-client.ts'
import { ada, startTestServer, type TestServer } from '../test-server.ts'

const own = 'https://auth.example.com'
const listed = 'https://app.example.com'
const sibling = 'https://blog.example.com'

const origins = [
  undefined,
  own,
  listed,
  sibling,
  'http://auth.example.com',
  'https://auth.example.com.evil.example',
  'null',
  '',
]
const sites = [undefined, 'same-origin', 'same-site', 'cross-site', 'none']
const requestedWith = [undefined, 'countersign']
const types = [
  undefined,
  'application/json',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
]

/** The rule, once more and shorter: what a request must say of where it comes from. */
function mayGoOn(origin: string | undefined, site: string | undefined, custom: string | undefined): boolean {
  if (origin === own || origin === listed || site === 'same-origin') return true
  return origin === undefined && site === undefined && custom !== undefined
}

async function start(t: Parameters<typeof startTestServer>[0]): Promise<TestServer> {
  const server = startTestServer(t, { allowedOrigins: [listed] })
  await server.call('POST', '/api/auth/register', { json: ada })
  return server
}

function headersOf(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

describe('a request with a cookie from a page of another site', () => {
  for (const mode of ['cookie', 'session'] as const) {
    test(`changes nothing: every Origin, Sec-Fetch-Site, X-Requested-With and content type, mode ${mode}`, async (t) => {
      const server = await start(t)
      const browser = openBrowser(server)
      await browser.login({ mode })
      const cookie = [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ')
      const path = mode === 'cookie' ? '/api/auth/refresh' : '/api/auth/password'
      for (const origin of origins)
        for (const site of sites)
          for (const custom of requestedWith)
            for (const type of types) {
              const sent = { cookie, origin, 'sec-fetch-site': site, 'x-requested-with': custom, 'content-type': type }
              const reply = await server.call('POST', path, {
                headers: headersOf(sent),
                body: type === undefined ? '' : '{}',
              })
              const about = JSON.stringify({ ...sent, cookie: '' })
              const isJson = type === 'application/json' || (type === undefined && mode === 'cookie')
              if (!isJson && mode === 'cookie') assert.equal(reply.status, 415, about)
              else if (!mayGoOn(origin, site, custom)) assert.equal(reply.json.code, 'cross_site_request', about)
              else if (!isJson) assert.equal(reply.status, 415, about)
              else assert.equal(reply.status, mode === 'cookie' ? 200 : 400, about)
              assert.deepEqual(reply.headers.getSetCookie(), [], about)
            }
    })
  }

  test('cannot sign out, end sessions or delete the account', async (t) => {
    const server = await start(t)
    const browser = openBrowser(server, sibling)
    const { id } = (await openBrowser(server).login({ mode: 'session' })).json.user
    const victim = openBrowser(server)
    await victim.login({ mode: 'session' })
    for (const [name, value] of victim.jar) browser.jar.set(name, value)
    for (const [method, path] of [
      ['POST', '/api/auth/logout'],
      ['POST', '/api/auth/logout-all'],
      ['DELETE', `/api/auth/sessions/${id}`],
      ['DELETE', '/api/users/profile'],
      ['POST', `/api/admin/users/${id}/suspend`],
    ] as const) {
      const reply = await browser.call(method, path, { headers: { 'sec-fetch-site': 'same-site' } })
      assert.deepEqual([reply.status, reply.json.code], [403, 'cross_site_request'], path)
    }
    assert.equal((await victim.call('GET', '/api/auth/me')).status, 200)
  })

  test('may read nothing either: its origin is not named in the answer', async (t) => {
    const server = await start(t)
    const browser = openBrowser(server)
    await browser.login({ mode: 'session' })
    const reply = await browser.call('GET', '/api/auth/me', {
      headers: { origin: sibling, 'sec-fetch-site': 'same-site' },
    })
    assert.equal(reply.headers.get('access-control-allow-origin'), null)
    const page = await browser.call('GET', '/api/auth/me', {
      headers: { origin: listed, 'sec-fetch-site': 'same-site' },
    })
    assert.deepEqual(
      ['access-control-allow-origin', 'access-control-allow-credentials', 'vary'].map((name) => page.headers.get(name)),
      [listed, 'true', 'Origin'],
    )
  })
})

describe('a login that sets a cookie', () => {
  test('is refused to a page of another site, which would sign the browser in as someone else', async (t) => {
    const server = await start(t)
    for (const origin of origins)
      for (const site of sites) {
        const json = { ...ada, mode: 'cookie' }
        const reply = await server.call('POST', '/api/auth/login', {
          json,
          headers: headersOf({ origin, 'sec-fetch-site': site }),
        })
        const isProgram = origin === undefined && site === undefined
        const expected = isProgram || mayGoOn(origin, site, undefined) ? 200 : 403
        assert.equal(reply.status, expected, JSON.stringify({ origin, site }))
        assert.equal(reply.headers.getSetCookie().length, expected === 200 ? 1 : 0)
      }
  })

  test('takes no form', async (t) => {
    const server = await start(t)
    for (const type of types.slice(2)) {
      const body = JSON.stringify({ ...ada, mode: 'cookie' })
      const reply = await server.call('POST', '/api/auth/login', {
        body,
        headers: { 'content-type': type ?? '', origin: own },
      })
      assert.deepEqual([reply.status, reply.headers.getSetCookie().length], [415, 0])
    }
  })

  test('is judged by the public origin of the issuer, whatever Host a proxy writes', async (t) => {
    const server = await start(t)
    for (const [origin, status] of [
      [own, 200],
      ['http://10.0.0.7:4000', 403],
    ] as const) {
      const headers = { origin, host: '10.0.0.7:4000', 'x-forwarded-host': '10.0.0.7:4000' }
      const reply = await server.call('POST', '/api/auth/login', { json: { ...ada, mode: 'cookie' }, headers })
      assert.equal(reply.status, status, origin)
    }
  })
})

describe('a Cookie header of an attacker', () => {
  test('names that merely look like ours are not ours (cookie tossing, prefix tricks)', async (t) => {
    const server = await start(t)
    const browser = openBrowser(server)
    await browser.login({ mode: 'session' })
    const [name = '', value = ''] = [...browser.jar][0] ?? []
    const tricks = [
      `\u2000${name}=${value}`,
      ` ${name}=${value}`,
      `x=1;  ${name}=${value}`,
      `\t${name}=${value}`,
      `=${name}=${value}`,
      `$Version=1; ${name}x=${value}`,
      `${name.toLowerCase()}=${value}`,
      `${name} =${value}`,
      `${name}="${value}"`,
      `${name}=${value} `,
      `session=${value}`,
      `__Secure-${name}=${value}`,
    ].map((text) => Buffer.from(text).toString('latin1'))
    for (const cookie of tricks) {
      const reply = await server.call('GET', '/api/auth/me', { headers: { cookie } }).catch(() => ({ status: 400 }))
      assert.ok([400, 401].includes(reply.status) || cookie.trim() === `${name}=${value}`, JSON.stringify(cookie))
    }
    const twice = `${name}=${value}; ${name}=st1.other`
    assert.equal(
      (await server.call('GET', '/api/auth/me', { headers: { cookie: twice } })).json.code,
      'invalid_request',
    )
    assert.equal(
      (await server.call('GET', '/api/auth/me', { headers: { cookie: `a=b; ${name}=${value}; c` } })).status,
      200,
    )
  })
})
