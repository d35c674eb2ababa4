import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createSigner } from './create-signer.ts'
import type { VerifierOptions } from './create-verifier.ts'
import { createJwtVerifier, createVerifier } from './create-verifier.ts'
import { importKey } from './import-key.ts'
import { exportJwkSet } from './jwk-set.ts'
import { forgeToken } from './test/forge-token.ts'
import { getTestKey, KID } from './test/test-keys.ts'
import { TokenError, type TokenErrorCode } from './token-error.ts'

const NOW = 1_700_000_000
const { native, signing, verification } = getTestKey('ES256')
const options = {
  keys: verification,
  algorithms: ['ES256'],
  issuer: 'https://issuer.example',
  audience: 'api',
  now: () => NOW,
} as const
const claims = { iss: 'https://issuer.example', aud: 'api', exp: NOW + 60, iat: NOW - 60 }
const tokenOf = (payload: object | string, header: object = {}): string =>
  forgeToken({ alg: 'ES256', kid: KID, ...header }, payload, native, 'ES256')
const accepts = (payload: object | string, changes: object = {}): void => {
  createVerifier({ ...options, ...changes } as VerifierOptions)(tokenOf(payload))
}
const refuses = (code: TokenErrorCode, payload: object | string, changes: object = {}, claim?: string): void =>
  assert.throws(
    () => createVerifier({ ...options, ...changes } as VerifierOptions)(tokenOf(payload)),
    (error) => error instanceof TokenError && error.code === code && (claim === undefined || error.claim === claim),
    `${code}: ${JSON.stringify(payload)}`,
  )
const problemsOf = (bad: unknown): string => {
  try {
    createVerifier(bad as VerifierOptions)
  } catch (error) {
    assert.ok(error instanceof TypeError, String(error))
    return error.message
  }
  return ''
}
const without = (object: object, name: string): object =>
  Object.fromEntries(Object.entries(object).filter(([key]) => key !== name))

describe('the options of a verifier', () => {
  test('algorithms, issuer and audience are required, and all that is missing is listed at once', () => {
    const message = problemsOf({})
    for (const path of ['keys', 'algorithms', 'issuer', 'audience'])
      assert.match(message, new RegExp(`^  ${path}: .`, 'm'))
    for (const bad of [undefined, null, 'x']) assert.throws(() => createVerifier(bad as never), TypeError)
  })

  test('the check of the issuer and of the audience can be waived by name only', () => {
    accepts(without(claims, 'iss'), { issuer: undefined, dangerouslyAllowAnyIssuer: true })
    accepts(without(claims, 'aud'), { audience: undefined, dangerouslyAllowAnyAudience: true })
    for (const [option, waiver] of [
      ['issuer', 'dangerouslyAllowAnyIssuer'],
      ['audience', 'dangerouslyAllowAnyAudience'],
    ] as const) {
      for (const bad of [undefined, null, '', [], [''], 5, [5], /api/])
        assert.match(problemsOf({ ...options, [option]: bad }), new RegExp(`^  ${option}: .*${waiver}`, 'm'))
      for (const bad of [undefined, false])
        assert.match(problemsOf({ ...options, [option]: undefined, [waiver]: bad }), new RegExp(`^  ${option}: `, 'm'))
      for (const bad of ['true', 1, null])
        assert.match(problemsOf({ ...options, [option]: undefined, [waiver]: bad }), new RegExp(`^  ${waiver}: `, 'm'))
      assert.match(problemsOf({ ...options, [waiver]: true }), /contradict/)
    }
  })

  test('algorithms is a list of exact names without "none"', () => {
    for (const bad of [
      undefined,
      [],
      'ES256',
      ['none'],
      ['None'],
      ['ES256', 'none'],
      ['es256'],
      ['ES256 '],
      [5],
      ['*'],
      [['ES256']],
    ]) {
      assert.match(problemsOf({ ...options, algorithms: bad }), /^ {2}algorithms: /m)
    }
  })

  test('every other option is checked, and an unknown one is named', () => {
    const bad = {
      typ: ['', 5, ['JWT']],
      requiredClaims: ['sub', [5], [''], {}],
      clockTolerance: [-1, 301, Number.NaN, '5', Number.POSITIVE_INFINITY],
      maxTokenAge: [0, -1, '1 day', Number.NaN],
      maxLifetime: [0, 1.5, 'x'],
      maxTokenLength: [0, -1, 1.5, Number.POSITIVE_INFINITY, '8192'],
      now: [5, new Date()],
      dangerouslyAllowNoExpiry: ['true', 1],
      audiance: ['api'],
      ignoreExpiration: [true],
    }
    for (const [path, values] of Object.entries(bad)) {
      for (const value of values)
        assert.match(problemsOf({ ...options, [path]: value }), new RegExp(`^  ${path}: .`, 'm'), path)
    }
  })

  test('keys are keys, a JWK Set or a function, and at least one of them fits the algorithms', () => {
    const jwks = exportJwkSet([signing])
    const secret = importKey({ kty: 'oct', k: 'A'.repeat(43), key_ops: ['sign'] }, { alg: 'HS256' })
    for (const bad of [
      undefined,
      null,
      'pem',
      {},
      [],
      [undefined],
      [{ alg: 'ES256' }],
      jwks.keys,
      jwks.keys[0],
      { keys: [] },
      { keys: {} },
      getTestKey('ES384').verification,
    ]) {
      assert.match(problemsOf({ ...options, keys: bad }), /^ {2}keys: /m)
    }
    assert.match(problemsOf({ ...options, keys: secret, algorithms: ['HS256'] }), /^ {2}keys: /m)
    assert.match(problemsOf({ ...options, keys: [verification, signing] }), /another kid/)
    assert.match(problemsOf({ ...options, keys: { keys: [{ kty: 'EC' }] } }), /keys\.keys\[0\]: alg/)
    for (const keys of [
      verification,
      signing,
      [verification, getTestKey('RS256').verification],
      jwks,
      { keys: [{ kty: 'oct', k: 'AQAB' }, ...jwks.keys] },
    ])
      accepts(claims, { keys })
  })

  test('later changes to the arrays that were given change nothing', () => {
    const algorithms: ('ES256' | 'HS256')[] = ['ES256']
    const issuer = ['https://other.example']
    const keys = [verification]
    const verify = createVerifier({ ...options, algorithms, issuer, keys })
    issuer.push('https://issuer.example')
    keys.length = 0
    algorithms.length = 0
    assert.throws(() => verify(tokenOf(claims)), { code: 'issuer_mismatch' })
  })
})

describe('the claims of a token', () => {
  test('iss is a string equal to one of those accepted: no array, no part, no other case', () => {
    accepts(claims)
    accepts(claims, { issuer: ['https://other.example', 'https://issuer.example'] })
    for (const iss of [
      'https://issuer.example/',
      'https://issuer.exampl',
      'HTTPS://ISSUER.EXAMPLE',
      '',
      ' https://issuer.example',
    ])
      refuses('issuer_mismatch', { ...claims, iss }, {}, 'iss')
    refuses('issuer_mismatch', without(claims, 'iss'), {}, 'iss')
    for (const iss of [['https://issuer.example'], 5, null, {}, true])
      refuses('claim_invalid', { ...claims, iss }, {}, 'iss')
  })

  test('aud is a string or an array of strings, one of which is accepted', () => {
    accepts({ ...claims, aud: ['other', 'api'] })
    accepts({ ...claims, aud: 'second' }, { audience: ['api', 'second'] })
    for (const aud of ['api2', 'ap', 'API', '', [], [''], ['api2', 'other'], 'other api'])
      refuses('audience_mismatch', { ...claims, aud }, {}, 'aud')
    refuses('audience_mismatch', without(claims, 'aud'), {}, 'aud')
    for (const aud of [5, null, {}, { api: true }, ['api', 5], [['api']], true])
      refuses('claim_invalid', { ...claims, aud }, {}, 'aud')
  })

  test('exp is present, a finite number that is not negative, and later than now by the tolerance at most', () => {
    for (const exp of [NOW - 4, NOW - 4.999, NOW + 0.5, NOW + 1e9]) accepts({ ...claims, exp })
    for (const exp of [NOW - 5, NOW - 6, 0, 1]) refuses('token_expired', { ...claims, exp }, {}, 'exp')
    refuses('token_expired', { ...claims, exp: NOW }, { clockTolerance: 0 }, 'exp')
    accepts({ ...claims, exp: NOW - 299 }, { clockTolerance: 300 })
    refuses('claim_missing', without(claims, 'exp'), {}, 'exp')
    for (const exp of [String(NOW + 60), null, [NOW + 60], {}, true, -1])
      refuses('claim_invalid', { ...claims, exp }, {}, 'exp')
    for (const exp of ['1e999', '-1e999', '-1'])
      refuses('claim_invalid', JSON.stringify(claims).replace(String(claims.exp), exp), {}, 'exp')
  })

  test('exp may be absent only where that was waived by name, and is checked where it is present', () => {
    const waived = { dangerouslyAllowNoExpiry: true }
    accepts(without(claims, 'exp'), waived)
    refuses('token_expired', { ...claims, exp: NOW - 60 }, waived)
    refuses('claim_invalid', { ...claims, exp: null }, waived)
  })

  test('nbf is not later than now by more than the tolerance', () => {
    for (const nbf of [0, NOW, NOW + 5, NOW - 0.5]) accepts({ ...claims, nbf })
    for (const nbf of [NOW + 5.001, NOW + 60]) refuses('token_not_yet_valid', { ...claims, nbf }, {}, 'nbf')
    for (const nbf of ['0', null, -1, {}]) refuses('claim_invalid', { ...claims, nbf }, {}, 'nbf')
  })

  test('iat is not in the future, so that no token outlives a revocation of everything issued before now', () => {
    accepts({ ...claims, iat: NOW + 5 })
    accepts(without(claims, 'iat'))
    refuses('token_not_yet_valid', { ...claims, iat: NOW + 6 }, {}, 'iat')
    for (const iat of ['0', null, -1, {}]) refuses('claim_invalid', { ...claims, iat }, {}, 'iat')
  })

  test('maxTokenAge limits the time since iat, which is then required', () => {
    accepts({ ...claims, iat: NOW - 605 }, { maxTokenAge: '10m' })
    refuses('token_too_old', { ...claims, iat: NOW - 606 }, { maxTokenAge: 600 }, 'iat')
    refuses('claim_missing', without(claims, 'iat'), { maxTokenAge: 600 }, 'iat')
  })

  test('maxLifetime limits the time from iat to exp, which are then required', () => {
    accepts({ ...claims, iat: NOW - 60, exp: NOW + 60 }, { maxLifetime: '2m' })
    refuses('lifetime_too_long', { ...claims, iat: NOW - 60, exp: NOW + 61 }, { maxLifetime: '2m' }, 'exp')
    refuses('lifetime_too_long', { ...claims, exp: NOW * 1000 }, { maxLifetime: '1h' }, 'exp')
    refuses('claim_missing', without(claims, 'iat'), { maxLifetime: 120 }, 'iat')
    refuses('claim_missing', without(claims, 'exp'), { maxLifetime: 120, dangerouslyAllowNoExpiry: true }, 'exp')
  })

  test('requiredClaims are present, of the token itself, and not null', () => {
    accepts({ ...claims, sub: 'a', roles: [] }, { requiredClaims: ['sub', 'roles'] })
    refuses('claim_missing', claims, { requiredClaims: ['sub'] }, 'sub')
    refuses('claim_missing', { ...claims, roles: null }, { requiredClaims: ['roles'] }, 'roles')
    for (const name of ['constructor', 'toString', 'hasOwnProperty', '__proto__'])
      refuses('claim_missing', claims, { requiredClaims: [name] }, name)
  })

  test('sub, jti, client_id and scope are strings where they are present', () => {
    for (const claim of ['sub', 'jti', 'client_id', 'scope']) {
      accepts({ ...claims, [claim]: 'a' })
      for (const value of [5, null, ['a'], {}, true]) refuses('claim_invalid', { ...claims, [claim]: value }, {}, claim)
    }
  })

  test('a clock that is not a number refuses every token', () => {
    for (const now of [Number.NaN, undefined, 'soon']) refuses('token_expired', claims, { now: () => now })
  })

  test('unusual but valid stays valid', () => {
    accepts({
      ...claims,
      exp: NOW + 0.25,
      iat: NOW - 0.5,
      'https://app.example/roles': [{ a: [null, 1e3, 'ü'] }],
      sub: '🦊',
      constructor: 1,
    })
    accepts(`  ${JSON.stringify(claims, undefined, 2)}\r\n`)
    const verify = createVerifier(options)
    verify(tokenOf(claims, { cty: 'JWT', 'x-app': { a: 1 }, x5t: 'abc', typ: 'whatever' }))
  })
})

describe('typ', () => {
  const verifyTyp = (typ: string, received: unknown): unknown =>
    createVerifier({ ...options, typ })(tokenOf(claims, received === undefined ? {} : { typ: received }))

  test('is a media type: in any case, with or without application/ (RFC 7515 §4.1.9)', () => {
    for (const received of ['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt'])
      verifyTyp('at+jwt', received)
    verifyTyp('application/at+jwt', 'at+jwt')
    verifyTyp('text/x', 'TEXT/X')
    assert.throws(() => verifyTyp('text/x', 'application/text/x'), { code: 'type_mismatch' })
  })

  test('refuses another type, a part of it, and none', () => {
    for (const received of [
      'JWT',
      'jwt',
      'at',
      'at+jwt2',
      'text/at+jwt',
      'application/application/at+jwt',
      'at+jwt;v=1',
      '',
      undefined,
    ]) {
      assert.throws(() => verifyTyp('at+jwt', received), { code: 'type_mismatch', claim: 'typ' })
    }
  })

  test('is not looked at unless it is asked for, but must be a string', () => {
    createVerifier(options)(tokenOf(claims, { typ: 'anything' }))
    for (const typ of [5, null, ['at+jwt']])
      assert.throws(() => createVerifier(options)(tokenOf(claims, { typ })), { code: 'header_invalid', claim: 'typ' })
  })
})

describe('createJwtVerifier', () => {
  test('returns the protected header beside the claims, at once or as a promise', async () => {
    const token = tokenOf(claims, { typ: 'at+jwt' })
    const header = { alg: 'ES256', kid: KID, typ: 'at+jwt' }
    const verify = createJwtVerifier(options)
    for (let times = 0; times < 2; times += 1) {
      const { claims: read, protectedHeader, ...rest } = verify(token)
      assert.deepEqual([{ ...read }, { ...protectedHeader }, rest], [claims, header, {}])
      assert.ok(Object.isFrozen(protectedHeader))
    }
    const later = await createJwtVerifier({ ...options, keys: () => verification })(token)
    assert.deepEqual([{ ...later.claims }, { ...later.protectedHeader }], [claims, header])
  })

  test('takes the options of createVerifier and refuses what that refuses, under its own name', async () => {
    assert.throws(() => createJwtVerifier({} as never), /^TypeError: createJwtVerifier: mend these options\./)
    assert.throws(() => createJwtVerifier(null as never), /^TypeError: createJwtVerifier: give an object/)
    const expired = tokenOf({ ...claims, exp: NOW - 60 })
    assert.throws(() => createJwtVerifier(options)(expired), { code: 'token_expired' })
    const resolving = createJwtVerifier({ ...options, keys: () => undefined })
    await assert.rejects(resolving(tokenOf(claims)), { code: 'key_not_found' })
  })
})

describe('the choice of the key', () => {
  const secrets = Array.from({ length: 5 }, (_, index) =>
    importKey(new Uint8Array(32).fill(index + 1), { alg: 'HS256' }),
  )
  const secretOptions = { ...options, algorithms: ['HS256'] } as const
  const secretSigner = { issuer: options.issuer, audience: options.audience, lifetime: 60, now: options.now }
  const signWith = (index: number): string => {
    const key = secrets[index]
    if (key === undefined) throw new Error('unreachable')
    return createSigner({ ...secretSigner, key })({})
  }

  test('a token that names a kid is tried with the key of that kid and no other', () => {
    for (const kid of ['other', `${KID}x`, KID.toUpperCase()]) {
      assert.throws(() => createVerifier(options)(tokenOf(claims, { kid })), {
        code: 'key_not_found',
        claim: 'kid',
        received: kid,
      })
    }
  })

  test('a secret without a kid verifies tokens whatever kid their issuer gave them, unless a key has that kid', () => {
    const bytes = (fill: number) => new Uint8Array(32).fill(fill)
    const named = importKey(bytes(1), { alg: 'HS256', kid: 'current' })
    const token = createSigner({ ...secretSigner, key: named })({})
    createVerifier({ ...secretOptions, keys: importKey(bytes(1), { alg: 'HS256' }) })(token)
    const others = [importKey(bytes(1), { alg: 'HS256' }), importKey(bytes(2), { alg: 'HS256', kid: 'current' })]
    assert.throws(() => createVerifier({ ...secretOptions, keys: others })(token), { code: 'signature_invalid' })
    const renamed = importKey(bytes(1), { alg: 'HS256', kid: 'previous' })
    assert.throws(() => createVerifier({ ...secretOptions, keys: renamed })(token), { code: 'key_not_found' })
  })

  test('a token that names no kid is tried with each key of its algorithm, up to four', () => {
    createVerifier(options)(forgeToken({ alg: 'ES256' }, claims, native, 'ES256'))
    for (let index = 0; index < 4; index += 1)
      createVerifier({ ...secretOptions, keys: secrets.slice(0, 4) })(signWith(index))
    assert.throws(() => createVerifier({ ...secretOptions, keys: secrets.slice(0, 4) })(signWith(4)), {
      code: 'signature_invalid',
    })
    assert.throws(() => createVerifier({ ...secretOptions, keys: secrets })(signWith(0)), { code: 'key_ambiguous' })
  })

  test('a key is never tried for an algorithm that it is not bound to', () => {
    const keys = [verification, getTestKey('RS256').verification, getTestKey('HS256').verification]
    const verify = createVerifier({ ...options, keys, algorithms: ['ES256', 'RS256', 'HS256', 'PS256', 'EdDSA'] })
    verify(tokenOf(claims))
    const ps256 = forgeToken({ alg: 'PS256', kid: KID }, claims, getTestKey('PS256').native, 'PS256')
    assert.throws(() => verify(ps256), { code: 'key_not_found' })
  })

  test('a function finds the key from the header, and the verifier returns a promise', async () => {
    const seen: unknown[] = []
    const verify = createVerifier({
      ...options,
      keys: (header) => {
        seen.push(header)
        return Promise.resolve([verification])
      },
    })
    assert.deepEqual({ ...(await verify(tokenOf(claims))) }, claims)
    assert.deepEqual(seen, [{ alg: 'ES256', kid: KID }])
    assert.deepEqual({ ...(await createVerifier({ ...options, keys: () => verification })(tokenOf(claims))) }, claims)
  })

  test('a function is not called for a token that is refused by its form, algorithm, type or kid', async () => {
    let calls = 0
    const verify = createVerifier({
      ...options,
      typ: 'JWT',
      keys: () => {
        calls += 1
        return undefined
      },
    })
    for (const token of [
      'x',
      'x'.repeat(9000),
      tokenOf(claims, { alg: 'none' }),
      tokenOf(claims, { typ: 'x' }),
      tokenOf(claims, { typ: 'JWT', kid: '../../x' }),
    ]) {
      await assert.rejects(verify(token), TokenError)
    }
    assert.equal(calls, 0)
    await assert.rejects(verify(tokenOf(claims, { typ: 'JWT' })), { code: 'key_not_found' })
  })

  test('what a function finds is checked like any other key', async () => {
    const wrong = [getTestKey('ES384').verification, importKey(verificationJwk(), { alg: 'ES256', kid: 'other' })]
    for (const key of wrong)
      await assert.rejects(createVerifier({ ...options, keys: () => key })(tokenOf(claims)), { code: 'key_not_found' })
    for (const bad of [null, 'key', {}, [undefined], verificationJwk()])
      await assert.rejects(createVerifier({ ...options, keys: () => bad as never })(tokenOf(claims)), TypeError)
    const failure = new Error('keys are out of reach')
    await assert.rejects(createVerifier({ ...options, keys: () => Promise.reject(failure) })(tokenOf(claims)), failure)
  })
})

function verificationJwk(): { kty: string; crv: string; x: string; y: string } {
  const { kty = '', crv = '', x = '', y = '' } = native.export({ format: 'jwk' })
  return { kty, crv, x, y }
}
