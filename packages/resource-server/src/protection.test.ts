import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { createSigner, generateKey, importKey, type JwtClaims, type Key } from '@countersign/token'
import { z } from 'zod'
import type { Decision } from './auth.ts'
import type { ProtectionOptions } from './options.ts'
import { createProtection, type Protection } from './protection.ts'
import { FakeIssuer } from './test/fake-issuer.ts'
import { ManualClock } from './test/manual-clock.ts'
import { createTestIssuer } from './testing/testing.ts'

const audience = 'https://api.example'
const silent = { warn: () => undefined }

async function decide<Claims>(api: Protection<Claims>, token: string): Promise<Decision<Claims>> {
  return api.decide({ method: 'GET', header: (name) => (name === 'authorization' ? `Bearer ${token}` : undefined) })
}

async function outcome(options: ProtectionOptions, token: string): Promise<string> {
  const decision = await decide(createProtection({ log: silent, ...options }), token)
  return decision.outcome === 'refused' ? (decision.error.tokenError ?? decision.error.reason) : decision.outcome
}

describe('several issuers', () => {
  let first: Key
  let second: Key
  const kid = 'the-same-key-id'

  before(async () => {
    first = await generateKey('ES256', { kid })
    second = await generateKey('ES256', { kid })
  })

  const sign = (key: Key, iss: string, claims: JwtClaims = {}) =>
    createSigner({ key, issuer: iss, audience, lifetime: '10m', typ: 'at+jwt' })({
      sub: 'user-1',
      client_id: 'client-1',
      jti: 'token-1',
      ...claims,
    })

  const options = (): ProtectionOptions => ({
    audience,
    issuers: [
      { issuer: 'https://one.example', keys: first },
      { issuer: 'https://two.example', keys: second, audience: 'https://other.example' },
    ],
  })

  test('each have their own keys, also under the same key id', async () => {
    assert.equal(await outcome(options(), sign(first, 'https://one.example')), 'accepted')
    assert.equal(await outcome(options(), sign(second, 'https://one.example')), 'signature_invalid')
    assert.equal(await outcome(options(), sign(first, 'https://two.example')), 'signature_invalid')
  })

  test('each may have their own audience', async () => {
    assert.equal(await outcome(options(), sign(second, 'https://two.example')), 'audience_mismatch')
    const token = sign(second, 'https://two.example', { aud: 'https://other.example' })
    assert.equal(await outcome(options(), token), 'accepted')
  })

  test('an unknown issuer is refused, and causes no request', async () => {
    const network = new FakeIssuer(new ManualClock())
    const remote = {
      audience,
      fetch: network.fetch,
      issuers: [{ issuer: 'https://one.example' }, { issuer: 'https://two.example' }],
    }
    for (const iss of ['https://evil.example', 'https://one.example/', '__proto__', ''])
      assert.equal(await outcome(remote, sign(first, iss)), 'issuer_mismatch')
    assert.equal(network.requests.length, 0)
  })
})

describe('a shared secret', () => {
  const secret = 'a secret of at least thirty-two bytes, made at random'
  const options = { secret, algorithms: ['HS256'] as const, issuer: 'shop', audience }
  const key = importKey(new TextEncoder().encode(secret), { alg: 'HS256' })
  const claims = { sub: 'user-1', client_id: 'shop', jti: '1' }

  test('verifies the tokens of the single-service case, for an issuer that is no URL', async () => {
    const token = createSigner({ key, issuer: 'shop', audience, lifetime: '10m', typ: 'at+jwt' })(claims)
    assert.equal(await outcome(options, token), 'accepted')
  })

  test('accepts tokens of the type JWT when it is told to', async () => {
    const token = createSigner({ key, issuer: 'shop', audience, lifetime: '10m' })({ sub: 'user-1' })
    assert.equal(await outcome(options, token), 'type_mismatch')
    assert.equal(await outcome({ ...options, typ: 'JWT' }, token), 'accepted')
  })

  test('is refused at the start if it is too short, or no algorithm is named', () => {
    assert.throws(() => createProtection({ ...options, secret: 'short' }), /HS256 needs a secret of at least 32 bytes/)
    assert.throws(() => createProtection({ secret, issuer: 'shop', audience }), /algorithms: name the one algorithm/)
  })
})

describe('what a service asks for', () => {
  test('claimCheck decides last, and only `true` lets in', async () => {
    const issuer = await createTestIssuer()
    const token = issuer.token({ tenant: 'acme' })
    const check = (result: boolean) => outcome({ ...issuer.options, claimCheck: () => result }, token)
    assert.equal(await check(true), 'accepted')
    assert.equal(await check(false), 'claimCheck refused the claims')
    assert.equal(await check(undefined as unknown as boolean), 'claimCheck refused the claims')
  })

  test('maxTokenAge, clockTolerance and requiredClaims are passed on to the verifier', async () => {
    const issuer = await createTestIssuer()
    const token = issuer.token({ iat: Math.floor(issuer.options.clock.now()) - 400 })
    assert.equal(await outcome({ ...issuer.options, maxTokenAge: '5m' }, token), 'token_too_old')
    assert.equal(await outcome({ ...issuer.options, maxTokenAge: '5m', clockTolerance: 300 }, token), 'accepted')
    assert.equal(await outcome({ ...issuer.options, requiredClaims: ['tenant'] }, token), 'claim_missing')
  })

  test('scopes and roles may be asked for of every request', async () => {
    const issuer = await createTestIssuer()
    const options = { ...issuer.options, scopes: 'a b', roles: ['admin'] }
    assert.equal(await outcome(options, issuer.token({ scope: 'b c a', roles: ['admin'] })), 'accepted')
    assert.equal(await outcome(options, issuer.token({ scope: 'a' })), 'the token lacks the scope b')
    assert.match(await outcome(options, issuer.token({ scope: 'a b' })), /none of the roles admin/)
  })

  test('the claims have the type of the schema', async () => {
    const issuer = await createTestIssuer()
    const schema = z.looseObject({ tenant: z.string(), seats: z.coerce.number() })
    const api = createProtection({ ...issuer.options, log: silent, schema })
    const decision = await decide(api, issuer.token({ tenant: 'acme', seats: '12' }))
    assert.ok(decision.outcome === 'accepted')
    const seats: number = decision.auth.claims.seats
    assert.equal(seats, 12)
    assert.equal((await decide(api, issuer.token())).outcome, 'refused')
  })
})

describe('a flood of refusals', () => {
  test('writes 20 lines a second, and then how many were left out', async () => {
    const clock = new ManualClock()
    const issuer = await createTestIssuer()
    const lines: object[] = []
    const api = createProtection({ ...issuer.options, clock, log: { warn: (fields) => void lines.push(fields) } })
    for (let turn = 0; turn < 100; turn += 1) await decide(api, 'nonsense')
    assert.equal(lines.length, 20)
    await clock.advance(1000)
    await decide(api, 'nonsense')
    assert.deepEqual(lines.at(-2), { event: 'log.limited', omitted: 80 })
  })

  test("keeps a stranger's text short", async () => {
    const issuer = await createTestIssuer()
    const lines: { received?: unknown }[] = []
    const api = createProtection({ ...issuer.options, log: { warn: (fields) => void lines.push(fields) } })
    await decide(api, issuer.token({ aud: 'x'.repeat(3000) }))
    assert.equal(String(lines[0]?.received).length, 201)
  })
})

describe('bad options', () => {
  const issuer = 'https://issuer.example'
  const bad: [string, object | null, RegExp][] = [
    ['no issuer', { audience }, /issuer: give the https URL of the issuer/],
    ['an issuer over http', { issuer: 'http://issuer.example', audience }, /issuer: give the https URL of the issuer/],
    ['no audience', { issuer }, /audience: give a string.*dangerouslyAllowAnyAudience/],
    ['a misspelt option', { issuer, audience, audiense: 1 }, /audiense: there is no such option/],
    ['none as algorithm', { issuer, audience, algorithms: ['none'] }, /algorithms: name the algorithms/],
    [
      'keys of two kinds',
      { issuer, audience, jwksUri: `${issuer}/jwks`, secret: 'x' },
      /give one of keys, secret and jwksUri/,
    ],
    ['a JWK Set over http', { issuer, audience, jwksUri: 'http://issuer.example/jwks' }, /jwksUri: give an https URL/],
    ['a scope with a quote', { issuer, audience, scopes: 'a"b' }, /scopes: give names without spaces, quotes/],
    [
      'an origin with a path',
      { issuer, audience, cookie: { origins: ['https://a.example/'] } },
      /cookie.origins: give an array/,
    ],
    ['a resource that is no URL', { issuer, audience, resource: 'api' }, /resource: give the https URL/],
    ['a negative cache', { issuer, audience, cacheSize: -1 }, /cacheSize: give a whole number/],
    ['an odd tolerance', { issuer, audience, clockTolerance: 301 }, /clockTolerance: give a number of seconds/],
    ['an odd lifetime', { issuer, audience, outageTolerance: 'long' }, /outageTolerance: A lifetime is/],
    ['no issuers', { issuers: [], audience }, /issuers: give an array/],
    ['an issuer twice', { issuers: [{ issuer }, { issuer }], audience }, /issuers: name each issuer once/],
    [
      'a misspelt option of an issuer',
      { issuers: [{ issuer, key: 1 }], audience },
      /issuers\[0\]\.key: there is no such option/,
    ],
    ['keys beside issuers', { issuers: [{ issuer }], keys: [], audience }, /keys: put it into one of the issuers/],
    ['nothing', null, /give an object/],
  ]
  for (const [what, options, message] of bad) {
    test(`are refused at the start: ${what}`, () => {
      assert.throws(() => createProtection(options as never), { name: 'TypeError', message })
    })
  }

  test('are all said at once', () => {
    assert.throws(
      () => createProtection({ issuer: 'http://issuer.example', typ: 1, scopes: '"', cacheSize: 0.5 } as never),
      ({ message }: Error) =>
        /issuer:/.test(message) && /typ:/.test(message) && /scopes:/.test(message) && /cacheSize:/.test(message),
    )
  })
})
