import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AuthorizationServerOptions } from '../options.ts'
import type { Store } from '../store/store.ts'
import { OptionsError, resolveOptions } from './settings.ts'

const right: AuthorizationServerOptions = {
  issuer: 'https://auth.example.com',
  masterKey: new Uint8Array(32),
  store: {} as Store,
}

function problemsOf(options: Partial<AuthorizationServerOptions>): string[] {
  try {
    resolveOptions({ ...right, ...options })
    return []
  } catch (error) {
    assert.ok(error instanceof OptionsError && error instanceof TypeError)
    return error.problems.map(({ option }) => option)
  }
}

test('fills in the defaults of the documentation', () => {
  const settings = resolveOptions(right)
  assert.deepEqual(settings.audiences, ['https://auth.example.com'])
  assert.equal(settings.alg, 'ES256')
  assert.equal(settings.accessTokenLifetime, 600)
  assert.equal(settings.sessionIdleLifetime, 7 * 86_400)
  assert.equal(settings.sessionLifetime, 30 * 86_400)
  assert.deepEqual(settings.rotationLimits, { leeway: 15_000, hold: 60_000 })
  assert.equal(settings.routePrefix, '/api/auth')
  assert.deepEqual(settings.allowedOrigins, new Set())
})

test('tells every problem at once', () => {
  const wrong = { issuer: 'nonsense', masterKey: 'short', accessTokenLifetime: '2h', allowedOrigins: ['*'] }
  assert.deepEqual(problemsOf(wrong), ['issuer', 'masterKey', 'accessTokenLifetime', 'allowedOrigins'])
})

test('refuses a leeway of at most twice the time-out: honest clients would be taken for thieves', () => {
  assert.deepEqual(problemsOf({ refreshLeeway: 14, refreshTimeout: 7 }), ['refreshLeeway'])
  assert.deepEqual(problemsOf({ refreshLeeway: 15, refreshTimeout: 7 }), [])
})

test('refuses a schedule of keys by which a verifier would not know a key that signs', () => {
  assert.deepEqual(problemsOf({ keyPublishAhead: '10m' }), ['keyPublishAhead'], 'less than 2.2 times 5 m')
  assert.deepEqual(problemsOf({ keyPublishAhead: '11m' }), [])
  assert.deepEqual(problemsOf({ keyPublishAhead: '10m', jwksMaxAge: '4m' }), [])
  assert.deepEqual(problemsOf({ keyRotationPeriod: '23h' }), ['keyRotationPeriod'])
  assert.deepEqual(problemsOf({ keyPublishAhead: 0, keyRotationPeriod: '1d' }), [])
  assert.deepEqual(problemsOf({ jwksMaxAge: '2d', keyPublishAhead: '90d' }), ['jwksMaxAge'])
})

test('refuses a previous master key that is none, or the present one', () => {
  assert.deepEqual(problemsOf({ previousMasterKey: new Uint8Array(32).fill(1) }), [])
  assert.deepEqual(problemsOf({ previousMasterKey: new Uint8Array(32) }), ['previousMasterKey'])
  assert.deepEqual(problemsOf({ previousMasterKey: 'short' }), ['previousMasterKey'])
})

test('lets a user have from one to a thousand sessions, a hundred unless said otherwise', () => {
  assert.equal(resolveOptions(right).maxSessionsPerUser, 100)
  for (const maxSessionsPerUser of [1, 1000]) assert.deepEqual(problemsOf({ maxSessionsPerUser }), [])
  for (const maxSessionsPerUser of [0, 1001, 1.5, Number.NaN, -1])
    assert.deepEqual(problemsOf({ maxSessionsPerUser }), ['maxSessionsPerUser'])
})

describe('an issuer', () => {
  const wrong = [
    'http://auth.example.com',
    'https://auth.example.com/',
    'https://auth.example.com/?a=1',
    'https://auth.example.com#x',
  ]
  for (const issuer of [
    ...wrong,
    'https://a:b@example.com',
    'ftp://example.com',
    'https://AUTH.example.com',
    'https://example.com/a:b',
    'https://example.com/a*',
    '',
  ]) {
    test(`${issuer || '(none)'} is refused`, () =>
      assert.deepEqual(problemsOf({ issuer }), issuer === '' ? ['issuer', 'audience'] : ['issuer']))
  }
  for (const issuer of [
    'https://auth.example.com',
    'https://example.com/auth',
    'http://localhost:4000',
    'http://127.0.0.1:4000',
    'http://[::1]:4000',
  ]) {
    test(`${issuer} is accepted`, () => assert.deepEqual(problemsOf({ issuer }), []))
  }
  test('of http elsewhere needs its dangerous name', () => {
    assert.deepEqual(problemsOf({ issuer: 'http://auth.internal', allowInsecureHttp: true }), [])
  })
})

describe('a shared secret', () => {
  const signingSecret = 'kV9w2Rz-5tQ8xLmN3pYc7BdFhJ1sGv6A'
  test('is needed with an HS algorithm and refused with any other', () => {
    assert.deepEqual(problemsOf({ signingAlgorithm: 'HS256' }), ['signingSecret'])
    assert.deepEqual(problemsOf({ signingSecret }), ['signingSecret'])
    assert.deepEqual(problemsOf({ signingAlgorithm: 'HS256', signingSecret }), [])
  })
  test('that is weak is refused, the second one too', () => {
    assert.deepEqual(problemsOf({ signingAlgorithm: 'HS512', signingSecret }), ['signingSecret'])
    const twice = { signingAlgorithm: 'HS256', signingSecret, previousSigningSecret: signingSecret } as const
    assert.deepEqual(problemsOf(twice), ['previousSigningSecret'])
    assert.deepEqual(problemsOf({ signingAlgorithm: 'HS256', signingSecret, previousSigningSecret: 'x' }), [
      'previousSigningSecret',
    ])
  })
})

test('refuses an algorithm that is none, by any spelling', () => {
  for (const alg of ['none', 'None', 'es256', '', 'HS1']) {
    assert.ok(problemsOf({ signingAlgorithm: alg as 'ES256' }).includes('signingAlgorithm'), alg)
  }
})

test('refuses scopes with spaces, roles without a list, and registered claims as personal ones', () => {
  assert.deepEqual(problemsOf({ defaultScopes: ['a b'] }), ['defaultScopes'])
  assert.deepEqual(problemsOf({ roleScopes: { admin: 'all' as unknown as string[] } }), ['roleScopes'])
  assert.deepEqual(problemsOf({ allowPersonalClaims: ['sub'] }), ['allowPersonalClaims'])
})

test('never repeats a secret in a problem', () => {
  const marked = 'MARKED-secret'
  try {
    resolveOptions({
      ...right,
      masterKey: marked,
      signingAlgorithm: 'HS256',
      signingSecret: marked,
      previousSigningSecret: marked,
    })
    assert.fail('accepted')
  } catch (error) {
    assert.ok(!(error as Error).message.includes(marked))
  }
})
