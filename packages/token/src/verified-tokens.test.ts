import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import type { JwtClaims } from './claims.ts'
import type { ClaimsSchema } from './claims-schema.ts'
import { createSigner } from './create-signer.ts'
import type { VerifierOptions } from './create-verifier.ts'
import { createJwtVerifier, createVerifier } from './create-verifier.ts'
import type { Key } from './key.ts'
import { HOSTILE_TOKENS } from './test/corpus/corpus.ts'
import { AUDIENCE, NOW as CORPUS_NOW, HONEST, ISSUER } from './test/corpus/corpus-entry.ts'
import { forgeToken } from './test/forge-token.ts'
import { getTestKey, KID, TEST_KEYS } from './test/test-keys.ts'
import { TokenError } from './token-error.ts'
import { VerifiedTokens } from './verified-tokens.ts'

const NOW = 1_700_000_000
const { signing, verification, native } = getTestKey('HS256')
const names = { issuer: 'https://issuer.example', audience: 'https://api.example' } as const
const sign = createSigner({ key: signing, ...names, lifetime: 60, now: () => NOW })
const options = { keys: verification, algorithms: ['HS256'], ...names, now: () => NOW, cacheSize: 100 } as const
const answering = <T>(validate: (claims: JwtClaims) => T): ClaimsSchema<T> => ({
  '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: validate(value as JwtClaims) }) },
})

/** A verifier that tells how often it had to verify: its schema runs once for each token that was not remembered. */
function createCounted(changes: Partial<VerifierOptions> = {}): {
  verify: (token: string) => JwtClaims
  runs: () => number
} {
  let runs = 0
  const schema = answering((claims) => {
    runs += 1
    return claims
  })
  const verify = createVerifier({ ...options, ...changes, schema } as typeof options & { schema: typeof schema })
  return { verify, runs: () => runs }
}

/** Lets a verifier see a token twice, after which it is kept. */
const keep = (verify: (token: string) => unknown, token: string): void => {
  for (const _ of ['first', 'second']) verify(token)
}

/** A text that is equal to another and shares nothing with it. */
const copyOf = (token: string): string => Buffer.from(token).toString()

describe('a token that was verified a moment ago', () => {
  for (const { alg, signing: key, verification: keys } of TEST_KEYS) {
    test(`${alg}: gives the same claims again, as the same object`, () => {
      const verify = createVerifier({ ...options, keys, algorithms: [alg] })
      const token = createSigner({ key, ...names, lifetime: 60, now: () => NOW })({ sub: 'user-1', roles: ['admin'] })
      verify(token)
      const first = verify(token)
      assert.equal(verify(copyOf(token)), first)
      assert.deepEqual(first, createVerifier({ ...options, keys, algorithms: [alg], cacheSize: 0 })(token))
    })
  }

  test('is known by its whole text: no two tokens ever share what was made of them', () => {
    const { verify } = createCounted({ cacheSize: 20 })
    const subjects = fc.array(fc.string({ maxLength: 3 }), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(subjects, (given) => {
        const tokens = given.map((sub) => sign({ sub }))
        for (const round of [0, 1, 2]) {
          for (const [index, token] of tokens.entries()) assert.equal(verify(token).sub, given[index], `${round}`)
        }
      }),
    )
  })

  test('is refused with any one byte of it changed, each time', () => {
    const { verify } = createCounted()
    const token = sign({ sub: 'user-1' })
    keep(verify, token)
    for (let at = 0; at < token.length; at += 1) {
      const other = token.charAt(at) === 'A' ? 'B' : 'A'
      for (const changed of [
        token.slice(0, at) + other + token.slice(at + 1),
        token.slice(0, at) + token.slice(at + 1),
      ])
        for (const _ of [1, 2]) assert.throws(() => verify(changed), { name: 'TokenError' })
    }
    for (const around of [` ${token}`, `${token} `, `${token}\0`, `${token}.`, token.toLowerCase(), `${token}=`])
      assert.throws(() => verify(around), { name: 'TokenError' })
    assert.throws(() => verify({ toString: () => token } as never), { code: 'token_malformed' })
    assert.throws(() => verify([token] as never), { code: 'token_malformed' })
    assert.throws(() => verify(undefined as never), { code: 'token_malformed' })
  })

  test('lends nothing to the tokens of the corpus, each of which is refused as it is without it', () => {
    const es256 = { keys: getTestKey('ES256').verification, algorithms: ['ES256'], issuer: ISSUER, audience: AUDIENCE }
    const usual = { ...es256, now: () => CORPUS_NOW, cacheSize: 100 }
    const verify = createVerifier(usual as unknown as VerifierOptions<Key>)
    for (const { category, name, token, code, options: own } of HOSTILE_TOKENS) {
      const given = Object.entries({ ...usual, ...own }).filter(([, value]) => value !== undefined)
      const check =
        own === undefined ? verify : createVerifier(Object.fromEntries(given) as unknown as VerifierOptions<Key>)
      for (const _ of [1, 2]) {
        assert.equal(verify(HONEST).sub, 'user-1')
        assert.throws(
          () => check(token as string),
          (error) => error instanceof TokenError && error.code === code,
          `${category}: ${name}`,
        )
      }
    }
  })

  test('is kept when it comes for the second time, and not put through the schema again', () => {
    const { verify, runs } = createCounted()
    const token = sign({})
    for (const expected of [1, 2, 2, 2, 2]) {
      verify(copyOf(token))
      assert.equal(runs(), expected)
    }
  })

  test('gives the protected header too, and promises on the thread pool', async () => {
    const token = sign({ sub: 'user-1' })
    const verifyJwt = createJwtVerifier(options)
    verifyJwt(token)
    assert.equal(verifyJwt(copyOf(token)), verifyJwt(copyOf(token)))
    assert.deepEqual(verifyJwt(token).protectedHeader, { alg: 'HS256', typ: 'JWT' })
    const later = createJwtVerifier({ ...options, threadPool: true })
    await later(token)
    const first = await later(token)
    assert.equal(await later(copyOf(token)), first)
    await assert.rejects(later(`${token}.`), { code: 'token_malformed' })
    await assert.rejects(later(5 as never), { code: 'token_malformed' })
  })
})

describe('what has to do with time is checked each time', () => {
  const at = (time: { now: number }, changes: object): ((token: string) => JwtClaims) =>
    createVerifier({ ...options, now: () => time.now, clockTolerance: 0, ...changes })

  test('exp, to the moment and with the tolerance', () => {
    for (const clockTolerance of [0, 5]) {
      const time = { now: NOW }
      const verify = at(time, { clockTolerance })
      const token = sign({})
      keep(verify, token)
      time.now = NOW + 60 + clockTolerance - 0.001
      verify(token)
      for (const late of [0, 0.001, 1000]) {
        time.now = NOW + 60 + clockTolerance + late
        assert.throws(() => verify(token), { code: 'token_expired', claim: 'exp' })
      }
      time.now = NOW
      verify(token)
    }
  })

  test('nbf and iat, for a clock that is set back', () => {
    for (const claims of [{ nbf: NOW }, { iat: NOW }]) {
      const time = { now: NOW }
      const verify = at(time, {})
      const token = forgeToken(
        { alg: 'HS256' },
        { iss: names.issuer, aud: names.audience, exp: NOW + 60, ...claims },
        native,
        'HS256',
      )
      keep(verify, token)
      time.now = NOW - 1
      assert.throws(() => verify(token), { code: 'token_not_yet_valid', claim: Object.keys(claims)[0] })
      time.now = NOW
      verify(token)
    }
  })

  test('maxTokenAge', () => {
    const time = { now: NOW }
    const verify = at(time, { maxTokenAge: 30 })
    const token = sign({})
    keep(verify, token)
    time.now = NOW + 30
    verify(token)
    time.now = NOW + 30.001
    assert.throws(() => verify(token), { code: 'token_too_old', claim: 'iat' })
  })

  test('a clock that is not a number refuses', () => {
    const time = { now: NOW }
    const verify = at(time, {})
    keep(verify, sign({}))
    time.now = Number.NaN
    assert.throws(() => verify(sign({})), { code: 'token_expired' })
  })

  test('by the claims as they were signed, whatever a schema makes of them', () => {
    const time = { now: NOW }
    const schema = answering((claims) => {
      Object.assign(claims, { exp: NOW + 9000, nbf: 0 })
      return { ...claims, exp: 'never' }
    })
    const verify = createVerifier({ ...options, now: () => time.now, clockTolerance: 0, schema })
    for (const _ of [1, 2]) assert.equal(verify(sign({})).exp, 'never')
    time.now = NOW + 60
    assert.throws(() => verify(sign({})), { code: 'token_expired' })
  })
})

describe('what is remembered', () => {
  test('is only what was verified: no token that was refused ever enters', () => {
    const time = { now: NOW }
    let isAccepted = false
    const schema: ClaimsSchema<JwtClaims> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) => (isAccepted ? { value: value as JwtClaims } : { issues: [{ path: ['sub'] }] }),
      },
    }
    const verify = createVerifier({ ...options, now: () => time.now, clockTolerance: 0, schema })
    const token = sign({ sub: 'user-1' })
    time.now = NOW + 60
    for (const _ of [1, 2]) assert.throws(() => verify(token), { code: 'token_expired' })
    time.now = NOW
    for (const _ of [1, 2]) assert.throws(() => verify(token), { code: 'claim_invalid' })
    const forged = `${token.slice(0, token.lastIndexOf('.'))}.${'A'.repeat(43)}`
    for (const _ of [1, 2]) assert.throws(() => verify(forged), { code: 'signature_invalid' })
    isAccepted = true
    assert.throws(() => verify(forged), { code: 'signature_invalid' })
    keep(verify, token)
    isAccepted = false
    verify(token)
  })

  test('is not mistaken for another text of its length that ends alike, which may take its place', () => {
    const rules = { issuers: undefined, audiences: undefined, requiredClaims: [], clockTolerance: 0 }
    const limits = { maxTokenAge: undefined, maxLifetime: undefined, maxTokenLength: 100, cacheSize: 2, now: () => NOW }
    const tokens = new VerifiedTokens<string>({ ...rules, ...limits }, copyOf)
    const [one, other] = ['one--', 'other'].map((start) => `${start}${'x'.repeat(16)}`) as [string, string]
    for (const _ of ['first', 'second']) tokens.add(one, {}, 'one')
    assert.deepEqual([tokens.find(one), tokens.find(other)], ['one', undefined])
    tokens.add(other, {}, 'other')
    assert.deepEqual([tokens.find(one), tokens.find(other)], [undefined, 'other'])
  })

  test('is kept by one verifier, for its own keys and rules', () => {
    const token = sign({})
    keep(createVerifier(options), token)
    const others = { keys: getTestKey('HS512').verification, algorithms: ['HS512'] as const }
    assert.throws(() => createVerifier({ ...options, ...others })(token), { code: 'algorithm_not_allowed' })
    assert.throws(() => createVerifier({ ...options, audience: 'other' })(token), { code: 'audience_mismatch' })
    assert.throws(() => createVerifier({ ...options, maxTokenLength: token.length - 1 })(token), {
      code: 'token_too_large',
    })
  })

  test('is at most cacheSize tokens, made even, of which the half that was asked for last is there', () => {
    for (const cacheSize of [1, 2, 3, 10, 100]) {
      const { verify, runs } = createCounted({ cacheSize })
      const tokens = Array.from({ length: 5 * cacheSize }, (_, index) => sign({ sub: `user-${index}` }))
      for (const token of tokens) keep(verify, token)
      const half = tokens.slice(tokens.length - Math.ceil(cacheSize / 2))
      const before = runs()
      for (const token of half) verify(token)
      assert.equal(runs(), before)
      // From the oldest on, so that what is verified anew pushes out what has been looked at already.
      const remembered = tokens.filter((token) => {
        const known = runs()
        verify(token)
        return runs() === known
      })
      assert.ok(remembered.length <= cacheSize + (cacheSize % 2), `${remembered.length} of ${cacheSize}`)
    }
  })

  test('stays while it is asked for, however many new tokens come by', () => {
    const { verify, runs } = createCounted({ cacheSize: 10 })
    const regular = sign({ sub: 'regular' })
    keep(verify, regular)
    for (let index = 0; index < 500; index += 1) {
      keep(verify, sign({ sub: `user-${index}` }))
      if (index % 3 === 0) verify(copyOf(regular))
    }
    assert.equal(runs(), 1002)
  })

  test('does not grow in memory with the tokens that come by, nor hold on to the text that a token was cut from', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const { verify, runs } = createCounted({ cacheSize: 200 })
    const note = 'n'.repeat(3000)
    const heapAfter = (count: number): number => {
      for (let index = 0; index < count; index += 1) {
        const request = `${'x'.repeat(50_000)} ${sign({ jti: `${index}`, note })}`
        keep(verify, request.slice(50_001))
      }
      collect()
      return process.memoryUsage().heapUsed
    }
    const growth = -heapAfter(0) + heapAfter(3000)
    // All of them would take 24 MB, and 200 with the text around them 11.
    assert.ok(growth < 5_000_000, `${growth} bytes`)
    assert.equal(runs(), 6000)
  })
})

describe('what a verifier with a cache returns', () => {
  const token = sign({ roles: ['admin'], address: { lines: [{ text: 'x' }] } })
  const isFrozenDeeply = (value: unknown): boolean =>
    typeof value !== 'object' ||
    value === null ||
    (Object.isFrozen(value) && Object.values(value).every(isFrozenDeeply))

  test('is frozen at any depth, the first time and again; without a cache it is not', () => {
    const verify = createJwtVerifier(options)
    for (const _ of ['miss', 'miss', 'hit']) {
      const verified = verify(token)
      assert.ok(isFrozenDeeply(verified))
      assert.throws(() => Object.assign(verified.claims, { sub: 'admin' }), TypeError)
      assert.throws(() => (verified.claims.roles as string[]).push('root'), TypeError)
    }
    assert.ok(!Object.isFrozen(createVerifier({ ...options, cacheSize: 0 })(token)))
  })

  test('is frozen also where a schema made it, as far as it is plain', () => {
    class Account {
      readonly roles = ['admin']
      count = 0
    }
    const since = new Date(0)
    const cyclic: Record<string, unknown> = { list: [{}] }
    cyclic.self = cyclic
    const schema = answering(() => ({ account: new Account(), since, cyclic, bytes: new Uint8Array(2), none: null }))
    const verify = createVerifier({ ...options, schema })
    for (const _ of ['miss', 'miss', 'hit']) {
      const result = verify(token)
      assert.ok(Object.isFrozen(result) && Object.isFrozen(result.cyclic) && Object.isFrozen(cyclic.list))
      assert.ok(isFrozenDeeply((cyclic.list as unknown[])[0]))
      result.account.count += 1
    }
    assert.equal(verify(token).account.count, 2)
  })

  test('may be no object at all', () => {
    const verify = createVerifier({ ...options, schema: answering(() => 'text') })
    assert.deepEqual([verify(token), verify(token), verify(token)], ['text', 'text', 'text'])
  })
})

describe('the option cacheSize', () => {
  test('is a whole number from 0 to a million', () => {
    for (const cacheSize of [0, 1, 2, 1_000_000]) createVerifier({ ...options, cacheSize })
    for (const cacheSize of [-1, 2.5, 1_000_001, Number.NaN, Number.POSITIVE_INFINITY, '100', true, null]) {
      assert.throws(
        () => createVerifier({ ...options, cacheSize: cacheSize as number }),
        /^ {2}cacheSize: give a whole number/m,
      )
    }
  })

  test('goes with keys at hand only: what a function finds may change unseen', async () => {
    const keys = () => verification
    assert.throws(() => createVerifier({ ...options, keys }), /^ {2}cacheSize: leave it out with a function/m)
    assert.equal((await createVerifier({ ...options, keys, cacheSize: 0 })(sign({ sub: 's' }))).sub, 's')
  })

  test('a verifier for other keys starts with an empty cache', () => {
    const es256 = getTestKey('ES256')
    const token = forgeToken(
      { alg: 'ES256', kid: KID },
      { iss: names.issuer, aud: names.audience, exp: NOW + 9 },
      es256.native,
      'ES256',
    )
    const es = { ...options, algorithms: ['ES256'] as const }
    keep(createVerifier({ ...es, keys: es256.verification }), token)
    const others = createVerifier({ ...es, algorithms: ['ES256', 'HS256'], keys: verification })
    assert.throws(() => others(token), { code: 'key_not_found' })
  })
})
