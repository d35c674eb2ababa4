// One suite for every adapter: the same routes, the same requests over HTTP, the same answers to the letter.
import assert from 'node:assert/strict'
import { request as send } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { createTestIssuer, type TestIssuer } from '@countersign/resource-server/testing'

/** An application that listens on 127.0.0.1, with the routes of `routes` below. */
export interface Application {
  readonly url: string
  close(): Promise<unknown>
}

const appOrigin = 'https://app.example'
const resource = 'https://api.example/v1'

/** The options of each protected part of an application. */
export interface Parts {
  /** `/api/*` */
  readonly api: TestIssuer['options']
  /** `/optional` */
  readonly optional: TestIssuer['options'] & { readonly optional: true }
  /** `/named` */
  readonly named: TestIssuer['options'] & { readonly as: 'user' }
  /** `/thrown` */
  readonly thrown: TestIssuer['options'] & { readonly onRefusal: 'throw' }
  /** `/cookie`, GET and POST */
  readonly cookie: TestIssuer['options'] & { readonly cookie: { readonly origins: readonly string[] } }
  /** `/resource` */
  readonly resource: TestIssuer['options'] & { readonly resource: string }
  /** `/broken` */
  readonly broken: TestIssuer['options'] & { readonly claimCheck: () => boolean }
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

/**
 * Tests an application with these routes; each answers `{ sub }` of the accepted token, or null.
 *
 *   GET  /open         unprotected
 *   GET  /api/me       needs a token
 *   GET  /api/orders   needs the scope orders:read
 *   POST /api/orders   needs the scope orders:write; answers `{ sub, item }` of its JSON body
 *   GET  /api/admin    needs the role admin or owner
 *   GET  /api/recent   needs a sign-in within 300 s, of the class strong
 *   and those of `Parts`; the error handler behind /thrown answers 418 with `{ caught: error.code }`
 *
 * `hasErrorHandling` tells whether the framework has a place for errors that handlers throw, `problemType` how it labels a refusal.
 */
export function testFramework(
  name: string,
  start: (parts: Parts) => Promise<Application>,
  { hasErrorHandling = true, problemType = 'application/problem+json' } = {},
): void {
  describe(name, () => {
    const lines: { code?: string; reason?: string; tokenError?: string; expected?: unknown; received?: unknown }[] = []
    let issuer: TestIssuer
    let app: Application

    before(async () => {
      issuer = await createTestIssuer()
      const options = { ...issuer.options, log: { warn: (fields: object) => void lines.push(fields) } }
      app = await start({
        api: options,
        optional: { ...options, optional: true },
        named: { ...options, as: 'user' },
        thrown: { ...options, onRefusal: 'throw' },
        cookie: { ...options, cookie: { origins: [appOrigin] } },
        resource: { ...options, resource },
        broken: {
          ...options,
          claimCheck: () => {
            throw new Error('a mistake of the program')
          },
        },
      })
    })
    after(() => app.close())

    async function get(path: string, token?: string, init: RequestInit = {}): Promise<Answer> {
      const headers = new Headers(init.headers)
      if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
      const response = await fetch(`${app.url}${path}`, { ...init, headers, signal: AbortSignal.timeout(10_000) })
      return { status: response.status, headers: response.headers, body: await response.text() }
    }

    function assertRefused(answer: Answer, status: number, code: string, challenge: string | null): void {
      assert.equal(answer.status, status, answer.body)
      assert.equal(answer.headers.get('www-authenticate'), challenge)
      assert.equal(answer.headers.get('content-type')?.split(';')[0], problemType)
      assert.equal(answer.headers.get('cache-control'), 'no-store')
      const { detail, ...problem } = JSON.parse(answer.body)
      assert.equal(typeof detail, 'string')
      assert.equal(typeof problem.title, 'string')
      assert.deepEqual({ ...problem, title: '' }, { type: 'about:blank', title: '', status, code, error: code })
    }

    test('leaves other routes alone', async () => {
      assert.equal((await get('/open')).status, 200)
    })

    test('passes on who is behind a good token', async () => {
      const answer = await get('/api/me', issuer.token({ sub: 'user-7' }))
      assert.equal(answer.status, 200, answer.body)
      assert.deepEqual(JSON.parse(answer.body), { sub: 'user-7' })
    })

    test('asks for a token without an error word where none came (RFC 6750 §3.1)', async () => {
      assertRefused(await get('/api/me'), 401, 'token_missing', 'Bearer')
    })

    test('takes another scheme for no token', async () => {
      const headers = { authorization: 'Basic dXNlcjpwYXNz' }
      assertRefused(await get('/api/me', undefined, { headers }), 401, 'token_missing', 'Bearer')
    })

    test('takes the scheme in any case (RFC 9110 §11.1)', async () => {
      const headers = { authorization: `bEARER  ${issuer.token()}` }
      assert.equal((await get('/api/me', undefined, { headers })).status, 200)
    })

    for (const authorization of ['Bearer', 'Bearer a b', 'Bearer a, Bearer b']) {
      test(`refuses "${authorization}" as malformed (RFC 6750 §3.1)`, async () => {
        const answer = await get('/api/me', undefined, { headers: { authorization } })
        assertRefused(answer, 400, 'invalid_request', 'Bearer error="invalid_request"')
      })
    }

    test('never reads a token from the query (RFC 6750 §2.3)', async () => {
      assertRefused(await get(`/api/me?access_token=${issuer.token()}`), 401, 'token_missing', 'Bearer')
    })

    test('reads no token from a cookie unless it is asked to', async () => {
      const headers = { cookie: `__Host-at-abcdefgh=${issuer.token()}` }
      assertRefused(await get('/api/me', undefined, { headers }), 401, 'token_missing', 'Bearer')
    })

    const badTokens: [string, (issuer: TestIssuer) => string, string][] = [
      ['a forged token', ({ forgedToken }) => forgedToken(), 'signature_invalid'],
      ['an expired token', ({ token }) => token({ exp: 1000 }), 'token_expired'],
      ['a token for another audience', ({ token }) => token({ aud: 'https://other.example' }), 'audience_mismatch'],
      ['a token of another issuer', ({ token }) => token({ iss: 'https://other.example' }), 'issuer_mismatch'],
      ['an ID token', ({ token }) => token({}, { typ: 'JWT' }), 'type_mismatch'],
      ['a token without jti', ({ token }) => token({ jti: undefined }), 'claim_missing'],
      ['no token at all', () => 'not-a-token', 'token_malformed'],
    ]
    for (const [what, make, tokenError] of badTokens) {
      test(`refuses ${what}: the log has the reason, the client one answer for all (RFC 6750 §3.1)`, async () => {
        const token = make(issuer)
        lines.length = 0
        const answer = await get('/api/me', token)
        assertRefused(answer, 401, 'invalid_token', 'Bearer error="invalid_token"')
        assert.equal(answer.body, (await get('/api/me', `${issuer.token()}x`)).body)
        assert.equal(lines[0]?.tokenError, tokenError)
        assert.ok(!JSON.stringify(lines).includes(token))
      })
    }

    test('refuses a token that is bound to a key, since it came as a bearer token (RFC 9449 §7.2)', async () => {
      const answer = await get('/api/me', issuer.token({ cnf: { jkt: 'thumbprint' } }))
      assertRefused(answer, 401, 'invalid_token', 'Bearer error="invalid_token"')
    })

    test('tells the log what was expected and what came', async () => {
      lines.length = 0
      await get('/api/me', issuer.token({ aud: 'https://other.example' }))
      assert.deepEqual(lines[0]?.expected, [issuer.options.audience])
      assert.equal(lines[0]?.received, 'https://other.example')
    })

    test('asks for the scope that is missing (RFC 6750 §3.1)', async () => {
      assert.equal((await get('/api/orders', issuer.token({ scope: 'profile orders:read' }))).status, 200)
      const challenge = 'Bearer error="insufficient_scope", scope="orders:read"'
      for (const scope of ['', 'orders:write', 'orders:read:all'])
        assertRefused(await get('/api/orders', issuer.token({ scope })), 403, 'insufficient_scope', challenge)
      assertRefused(await get('/api/orders', issuer.token({ scope: undefined })), 403, 'insufficient_scope', challenge)
    })

    test('asks for one of the roles', async () => {
      for (const roles of [['admin'], ['user', 'owner']])
        assert.equal((await get('/api/admin', issuer.token({ roles }))).status, 200)
      for (const roles of [undefined, [], ['user'], 'admin', ['Admin']])
        assertRefused(await get('/api/admin', issuer.token({ roles })), 403, 'insufficient_role', null)
    })

    test('asks for a recent and strong sign-in (RFC 9470 §3)', async () => {
      const now = Math.floor(issuer.options.clock.now())
      const challenge = 'Bearer error="insufficient_user_authentication", acr_values="strong", max_age="300"'
      assert.equal((await get('/api/recent', issuer.token({ auth_time: now - 100, acr: 'strong' }))).status, 200)
      for (const claims of [{}, { auth_time: now - 301, acr: 'strong' }, { auth_time: now, acr: 'weak' }])
        assertRefused(
          await get('/api/recent', issuer.token(claims)),
          401,
          'insufficient_user_authentication',
          challenge,
        )
    })

    test('works beside a body parser', async () => {
      const post = { method: 'POST', body: '{"item":"coffee"}', headers: { 'content-type': 'application/json' } }
      const answer = await get('/api/orders', issuer.token({ scope: 'orders:write' }), post)
      assert.deepEqual(JSON.parse(answer.body), { sub: 'user-1', item: 'coffee' })
      assert.equal((await get('/api/orders', issuer.token(), post)).status, 403)
      assert.equal((await get('/api/orders', undefined, post)).status, 401)
    })

    test('lets requests without a token through where it is optional, and no others', async () => {
      assert.deepEqual(JSON.parse((await get('/optional')).body), { sub: null })
      assert.deepEqual(JSON.parse((await get('/optional', issuer.token())).body), { sub: 'user-1' })
      assert.equal((await get('/optional', issuer.forgedToken())).status, 401)
    })

    test('gives the result another name', async () => {
      assert.deepEqual(JSON.parse((await get('/named', issuer.token())).body), { sub: 'user-1' })
    })

    if (hasErrorHandling) {
      test("leaves a refusal to the application's own error handling", async () => {
        const answer = await get('/thrown')
        assert.equal(answer.status, 418)
        assert.deepEqual(JSON.parse(answer.body), { caught: 'token_missing' })
        assert.equal((await get('/thrown', issuer.token())).status, 200)
      })
    }

    test('names the metadata of the resource in each challenge (RFC 9728 §5.1)', async () => {
      const metadata = 'resource_metadata="https://api.example/.well-known/oauth-protected-resource/v1"'
      assertRefused(await get('/resource'), 401, 'token_missing', `Bearer ${metadata}`)
      const forged = await get('/resource', issuer.forgedToken())
      assertRefused(forged, 401, 'invalid_token', `Bearer error="invalid_token", ${metadata}`)
    })

    test('answers 500 when a check of the application throws, and lets nobody in', async () => {
      assertRefused(await get('/broken', issuer.token()), 500, 'server_error', null)
      assert.equal(lines.at(-1)?.code, 'server_error')
    })

    test('takes a token from a cookie where it is asked to, and that of the last sign-in', async () => {
      const cookie = [
        `__Host-at-abcdefgh=${issuer.token({ sub: 'earlier', auth_time: 1000 })}`,
        `__Host-at-ijklmnop=${issuer.token({ sub: 'later', auth_time: 2000 })}`,
        `__Host-at-qrstuvwx=${issuer.forgedToken({ sub: 'forged', auth_time: 3000 })}`,
        'theme=dark',
      ].join('; ')
      assert.deepEqual(JSON.parse((await get('/cookie', undefined, { headers: { cookie } })).body), { sub: 'later' })
    })

    test('prefers the header to cookies, and never mixes them', async () => {
      const headers = { cookie: `__Host-at-abcdefgh=${issuer.token({ sub: 'cookie' })}` }
      const answer = await get('/cookie', issuer.token({ sub: 'header' }), { headers })
      assert.deepEqual(JSON.parse(answer.body), { sub: 'header' })
      assert.equal((await get('/cookie', issuer.forgedToken(), { headers })).status, 401)
    })

    const crossSite: [string, number, Record<string, string>][] = [
      ['a listed origin', 200, { origin: appOrigin, 'sec-fetch-site': 'cross-site' }],
      ['a page of this origin', 200, { origin: 'https://api.example', 'sec-fetch-site': 'same-origin' }],
      ['a program that sends X-Requested-With', 200, { 'x-requested-with': 'program' }],
      ['another site', 403, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
      ['a sibling subdomain', 403, { origin: 'https://www.app.example', 'sec-fetch-site': 'same-site' }],
      ['a sandboxed page', 403, { origin: 'null', 'sec-fetch-site': 'cross-site' }],
      ['an old browser on another site', 403, { origin: 'https://evil.example', 'x-requested-with': 'x' }],
      ['nobody who says where it comes from', 403, {}],
    ]
    for (const [who, status, headers] of crossSite) {
      test(`answers ${status} to a POST with a cookie from ${who} (OWASP ASVS 5.0 V3.5.1)`, async () => {
        const cookie = `__Host-at-abcdefgh=${issuer.token()}`
        assert.equal((await post('/cookie', { ...headers, cookie })).status, status)
      })
    }

    test('refuses a cookie that came twice', async () => {
      const cookie = `__Host-at-abcdefgh=${issuer.token()}; __Host-at-abcdefgh=${issuer.token({ sub: 'tossed' })}`
      const answer = await get('/cookie', undefined, { headers: { cookie } })
      assertRefused(answer, 400, 'invalid_request', 'Bearer error="invalid_request"')
    })

    test('goes on while the issuer is away, and with its next key', async () => {
      await get('/api/me', issuer.token())
      issuer.setAvailable(false)
      await issuer.rotateKeys()
      assert.equal((await get('/api/me', issuer.token())).status, 200)
      issuer.advance('1h')
      assert.equal((await get('/api/me', issuer.token())).status, 200)
      issuer.setAvailable(true)
    })

    /** Sends exactly these headers; fetch would add some of its own. */
    function post(path: string, headers: Record<string, string>): Promise<{ status: number | undefined }> {
      return new Promise((resolve, reject) => {
        const request = send(`${app.url}${path}`, { method: 'POST', headers: { ...headers, 'content-length': '0' } })
        request.on('error', reject)
        request.on('response', (response) =>
          response.resume().on('end', () => resolve({ status: response.statusCode })),
        )
        request.end()
      })
    }
  })
}
