/** What the types allow and refuse: the compiler is the test, and a line that should not compile says so. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createJwtVerifier,
  createSigner,
  createVerifier,
  exportJwkSet,
  generateKey,
  type JwtClaims,
  type Key,
  type KeyResolver,
  type LocalKeys,
  type VerifiedJws,
  type VerifiedJwt,
  verifyCompact,
} from '../index.ts'

const key: Key = await generateKey('ES256')
const checks = { algorithms: ['ES256'], issuer: 'i', audience: 'a' } as const
const token = createSigner({ key, issuer: 'i', audience: 'a', lifetime: '10m' })({ sub: 'user-1', roles: ['admin'] })

test('verify returns claims with keys at hand, and a promise of them with a function that finds keys', async () => {
  const local: JwtClaims = createVerifier({ keys: key, ...checks })(token)
  const several: JwtClaims = createVerifier({ keys: [key], ...checks })(token)
  const set: JwtClaims = createVerifier({ keys: exportJwkSet([key]), ...checks })(token)
  const found: Promise<JwtClaims> = createVerifier({
    keys: (header) => (header.kid === key.kid ? key : undefined),
    ...checks,
  })(token)
  const either: JwtClaims | Promise<JwtClaims> = createVerifier({ keys: key as LocalKeys | KeyResolver, ...checks })(
    token,
  )
  const compact: VerifiedJws = verifyCompact(token, { keys: key, algorithms: ['ES256'] })
  const later: Promise<VerifiedJws> = verifyCompact(token, { keys: async () => [key], algorithms: ['ES256'] })
  for (const claims of [local, several, set, await found, await either]) assert.equal(claims.sub, 'user-1')
  assert.deepEqual((await later).payload, compact.payload)
})

test('with the thread pool sign and verify return promises, and without it they do not', async () => {
  const sign = createSigner({ key, issuer: 'i', audience: 'a', lifetime: 60, threadPool: true })
  const signed: Promise<string> = sign({ sub: 'user-1' })
  const verified: Promise<JwtClaims> = createVerifier({ keys: key, ...checks, threadPool: true })(await signed)
  const found: Promise<JwtClaims> = createVerifier({ keys: () => key, ...checks, threadPool: true })(token)
  const now: JwtClaims = createVerifier({ keys: key, ...checks, threadPool: false })(token)
  const jwt: Promise<VerifiedJwt> = createJwtVerifier({ keys: key, ...checks, threadPool: true })(token)
  const isSlow: boolean = key.alg.startsWith('RS')
  const either: string | Promise<string> = createSigner({ key, lifetime: 60, threadPool: isSlow })({})
  const maybe: JwtClaims | Promise<JwtClaims> = createVerifier({ keys: key, ...checks, threadPool: isSlow })(token)
  for (const claims of [await verified, await found, now, (await jwt).claims, await maybe])
    assert.equal(claims.sub, 'user-1')
  assert.equal((await either).split('.').length, 3)
  // @ts-expect-error: a promise is no token
  assert.equal(typeof createSigner({ key, lifetime: 60, threadPool: true })({}).split, 'undefined')
})

test('a registered claim has its type, and any other is unknown', () => {
  const claims = createVerifier({ keys: key, ...checks })(token)
  const sub: string | undefined = claims.sub
  const roles: unknown = claims.roles
  assert.deepEqual({ sub, roles }, { sub: 'user-1', roles: ['admin'] })
  // @ts-expect-error: exp is a number
  assert.throws(() => createSigner({ key, lifetime: 60 })({ exp: '1' }), TypeError)
})

test('what must be named or waived does not compile without either, nor with both', () => {
  const { issuer, audience, ...rest } = { keys: key, ...checks }
  // @ts-expect-error: no issuer
  assert.throws(() => createVerifier({ ...rest, audience }), TypeError)
  // @ts-expect-error: no audience
  assert.throws(() => createVerifier({ ...rest, issuer }), TypeError)
  // @ts-expect-error: an issuer and its waiver
  assert.throws(() => createVerifier({ ...rest, issuer, audience, dangerouslyAllowAnyIssuer: true }), TypeError)
  // @ts-expect-error: no lifetime
  assert.throws(() => createSigner({ key }), TypeError)
  // @ts-expect-error: a lifetime and its waiver
  assert.throws(() => createSigner({ key, lifetime: 60, dangerouslyAllowNoExpiry: true }), TypeError)
  // @ts-expect-error: none is no algorithm
  assert.throws(() => createVerifier({ ...rest, issuer, audience, algorithms: ['none'] }), TypeError)
  // @ts-expect-error: a JWK is no key until it is imported
  assert.throws(() => createVerifier({ ...rest, issuer, audience, keys: { kty: 'EC' } }), TypeError)
  createVerifier({
    ...rest,
    dangerouslyAllowAnyIssuer: true,
    dangerouslyAllowAnyAudience: true,
    dangerouslyAllowNoExpiry: true,
  })
})
