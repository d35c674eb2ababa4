// The two example APIs, in TypeScript and in Python, against the live authorization server: one table of tokens for both, with
// the keys of the JWK Set and again with a shared secret.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { requires } from '../requires.ts'
import { forge, makeKeyPair, makeSecretSigner, readSegment } from './forged-token.ts'
import { type JwkSetServer, startJwkSetServer, troubles } from './jwk-set-server.ts'
import { audience, password, signIn } from './live-issuer.ts'
import { type Issuer, type RefusedToken, refusedTokens } from './refused-tokens.ts'
import {
  type Program,
  startAuthorizationServer,
  startPythonExample,
  startTypeScriptExample,
} from './running-program.ts'

interface Api {
  name: string
  skip: string | false
  start: (env: Record<string, string>) => Promise<Program>
  reason: (refused: RefusedToken) => RegExp
  /** The body for a request without a token. */
  askForToken: RegExp
  /** The status and code for credentials that are no token (RFC 6750 §3.1). */
  malformed: [status: number, code: string]
  /** The status for a token of an unknown key while the issuer cannot be asked for newer ones. */
  unknownKeyInOutage: number
  noKeys: RegExp
}

const apis: Api[] = [
  {
    name: 'Express',
    skip: false,
    start: (env) => startTypeScriptExample('examples/express-api', env),
    reason: ({ tokenError }) => tokenError,
    askForToken: /"error":"token_missing"/,
    malformed: [400, 'invalid_request'],
    unknownKeyInOutage: 503,
    noKeys: /jwks\.unavailable/,
  },
  {
    name: 'Flask',
    skip: requires('python3-flask', 'python3-jwt', 'python3-cryptography'),
    start: (env) => startPythonExample('examples/flask-api', env),
    reason: ({ pyJwtError }) => pyJwtError,
    askForToken: /^$/,
    malformed: [401, 'invalid_token'],
    unknownKeyInOutage: 401,
    noKeys: /JWK Set unavailable/,
  },
]

for (const secret of [undefined, randomBytes(48).toString('base64')]) {
  const mode = secret === undefined ? 'the keys of the JWK Set' : 'a shared secret'

  describe(`An API that verifies with ${mode}`, () => {
    const published = makeKeyPair('published-by-the-test')
    const attacker = makeKeyPair('unknown')
    const programs: Program[] = []
    const running = new Map<Api, Program>()
    const answers: string[] = []
    const tokens = new Set<string>()
    let jwkSet: JwkSetServer
    let authorizationServer: Program
    let issuer: Issuer

    async function start(program: Promise<Program>): Promise<Program> {
      programs.push(await program)
      return program
    }

    async function get(
      api: Api,
      token?: string,
      path = '/orders',
    ): Promise<{ status: number; challenge: string | null; body: string }> {
      if (token !== undefined) tokens.add(token)
      return request(running.get(api), path, token === undefined ? {} : { authorization: `Bearer ${token}` })
    }

    async function request(api: Program | undefined, path: string, headers: Record<string, string>) {
      const response = await fetch(`${api?.url}${path}`, { headers, signal: AbortSignal.timeout(20_000) })
      const body = await response.text()
      answers.push(`${JSON.stringify([...response.headers])}\n${body}`)
      return {
        status: response.status,
        challenge: response.headers.get('www-authenticate'),
        body,
        headers: response.headers,
      }
    }

    before(async () => {
      jwkSet = await startJwkSetServer(published.jwk)
      authorizationServer = await start(
        startAuthorizationServer({
          COUNTERSIGN_ISSUER: jwkSet.url,
          COUNTERSIGN_AUDIENCE: audience,
          COUNTERSIGN_DEFAULT_SCOPES: 'orders:read',
          ...(secret !== undefined && { COUNTERSIGN_SIGNING_ALG: 'HS256', JWT_SECRET: secret }),
        }),
      )
      jwkSet.republish(authorizationServer.url)
      const { accessToken: fresh, refreshToken } = await signIn(authorizationServer.url)
      tokens.add(fresh).add(refreshToken)
      const signer =
        secret === undefined ? published.signer : makeSecretSigner(secret, String(readSegment(fresh, 0).kid))
      issuer = { url: jwkSet.url, fresh, signer, published, attacker }
      for (const api of apis) {
        if (api.skip) continue
        const settings = { ISSUER: jwkSet.url, AUDIENCE: audience, PORT: '0', ...(secret && { JWT_SECRET: secret }) }
        running.set(api, await start(api.start(settings)))
      }
    })

    after(async () => {
      jwkSet?.close()
      await Promise.all(programs.map((program) => program.stop()))
    })

    for (const api of apis) {
      describe(`${api.name}, with ${mode}`, { skip: api.skip }, () => {
        test('answers anyone where no token is needed', async () => {
          assert.equal((await get(api, undefined, '/public')).status, 200)
        })

        test('accepts an access token that the authorization server has just issued', async () => {
          const { status, body } = await get(api, issuer.fresh)
          assert.equal(status, 200)
          assert.match(body, new RegExp(String(readSegment(issuer.fresh, 1).sub)))
        })

        test("accepts a token that is signed here with the issuer's key, so that the refusals below are for their own reasons", async () => {
          assert.equal((await get(api, forge(issuer.fresh, issuer.signer))).status, 200)
          const { aud } = readSegment(issuer.fresh, 1)
          assert.equal((await get(api, forge(issuer.fresh, issuer.signer, {}, { aud: ['x', aud] }))).status, 200)
        })

        test('takes the word Bearer in any case (RFC 9110 §11.1)', async () => {
          const { status } = await request(running.get(api), '/orders', { authorization: `bEARER ${issuer.fresh}` })
          assert.equal(status, 200)
        })

        test('asks for a token without naming an error when there is none (RFC 6750 §3.1)', async () => {
          const withoutToken: Record<string, string>[] = [
            {},
            { authorization: 'Basic YTpi' },
            { cookie: `at=${issuer.fresh}` },
          ]
          for (const headers of withoutToken) {
            const { status, challenge, body } = await request(running.get(api), '/orders', headers)
            assert.deepEqual([status, challenge], [401, 'Bearer'])
            assert.match(body, api.askForToken)
          }
        })

        test('takes no token out of the address (RFC 9700 §4.3.2)', async () => {
          const { status, challenge } = await get(api, undefined, `/orders?access_token=${issuer.fresh}`)
          assert.deepEqual([status, challenge], [401, 'Bearer'])
        })

        for (const refused of refusedTokens) {
          test(`refuses a token ${refused.title}`, async () => {
            // Express leaves lines out of its log when there are more than 20 in a second.
            await sleep(60)
            const from = running.get(api)?.output().length
            const { status, challenge, body } = await get(api, refused.token(issuer))
            const [expected, code] = refused.isNoCredentials ? api.malformed : [401, 'invalid_token']
            assert.deepEqual([status, challenge], [expected, `Bearer error="${code}"`])
            assert.equal(JSON.parse(body).error, code)
            await waitFor(
              () => api.reason(refused).test(running.get(api)?.output().slice(from) ?? ''),
              () => `the log says: ${running.get(api)?.output().slice(from)}`,
            )
          })
        }

        for (const scope of ['profile', 'orders:readonly', 'orders', 'xorders:read', 'ORDERS:READ', '', undefined]) {
          test(`refuses with 403 a token whose scope is ${scope === undefined ? 'left out' : `"${scope}"`}`, async () => {
            const { status, challenge, body } = await get(api, forge(issuer.fresh, issuer.signer, {}, { scope }))
            assert.deepEqual([status, challenge], [403, 'Bearer error="insufficient_scope", scope="orders:read"'])
            assert.equal(JSON.parse(body).error, 'insufficient_scope')
          })
        }

        test('asks the issuer at most once every two seconds, however many unknown kids come', async () => {
          const [started, asked] = [performance.now(), jwkSet.requests()]
          const unknown = Array.from({ length: 30 }, (_, index) =>
            forge(issuer.fresh, attacker.signer, { kid: `flood-${index}` }),
          )
          const [together, oneByOne] = [unknown.slice(0, 28), unknown.slice(28)]
          const answers = await Promise.all(together.map((token) => get(api, token)))
          for (const token of oneByOne) answers.push(await get(api, token))
          assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([401]))
          assert.equal((await get(api, issuer.fresh)).status, 200)
          assert.ok(jwkSet.requests() - asked <= 1 + (performance.now() - started) / 2000)
        })

        test('fetches nothing that a token points to', () => {
          assert.deepEqual(jwkSet.otherPaths(), [])
        })

        // A shared secret is always at hand.
        if (secret !== undefined) return

        test('takes a key that is published later', async () => {
          const later = makeKeyPair(`published-for-${api.name}`)
          const token = forge(issuer.fresh, later.signer)
          jwkSet.publish(later.jwk)
          await sleep(2100)
          assert.equal((await get(api, token)).status, 200)
        })

        describe('says that it cannot tell, and not that a token is bad,', { concurrency: true }, () => {
          for (const trouble of troubles) {
            test(`when its issuer ${trouble}`, async () => {
              const broken = `${jwkSet.url}/${encodeURIComponent(trouble)}`
              const lonely = await start(api.start({ ISSUER: broken, AUDIENCE: audience, PORT: '0' }))
              const { status, headers } = await request(lonely, '/orders', { authorization: `Bearer ${issuer.fresh}` })
              assert.deepEqual([status, headers.get('retry-after')], [503, '2'])
              assert.match(lonely.output(), api.noKeys)
            })
          }
        })
      })
    }

    describe(`When the authorization server is gone, with ${mode}`, () => {
      before(async () => {
        await authorizationServer.stop()
        jwkSet.close()
      })

      for (const api of apis) {
        test(`${api.name} goes on taking a valid token, also after it has asked for a key in vain`, {
          skip: api.skip,
        }, async () => {
          assert.equal((await get(api, issuer.fresh)).status, 200)
          if (secret === undefined) await sleep(2100)
          const { status } = await get(api, forge(issuer.fresh, attacker.signer, { kid: 'nobody-knows' }))
          assert.equal(status, secret === undefined ? api.unknownKeyInOutage : 401)
          assert.equal((await get(api, issuer.fresh)).status, 200)
        })
      }
    })

    test(`No answer and no log line held a token, a secret or a stack trace, with ${mode}`, async () => {
      await Promise.all(programs.map((program) => program.stop()))
      const everything = [...answers, ...programs.map((program) => program.output())].join('\n')
      for (const token of tokens) {
        for (const part of [token, ...token.split(/[.,]/)]) {
          assert.ok(part.length < 20 || !everything.includes(part), `found: ${part.slice(0, 40)}`)
        }
      }
      for (const hidden of [password, ...(secret ? [secret] : [])]) assert.ok(!everything.includes(hidden))
      assert.doesNotMatch(everything, /^\s+at .+:\d+:\d+|Traceback|\n {2}File "/m)
    })
  })
}

/** Waits for what a program prints, which arrives apart from its answer. */
async function waitFor(isTrue: () => boolean, explain: () => string): Promise<void> {
  for (const deadline = performance.now() + 2000; !isTrue(); await sleep(10)) {
    assert.ok(performance.now() < deadline, explain())
  }
}
