import assert from 'node:assert/strict'
import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, test } from 'node:test'
import { encode, forgeToken } from '../test/forge-token.ts'
import { getTestKey } from '../test/test-keys.ts'
import { TokenError } from '../token-error.ts'
import { JsonWebTokenError, NotBeforeError, TokenExpiredError } from './json-web-token-error.ts'
import type { Secret } from './key-source.ts'
import { sign } from './sign.ts'
import { type GetPublicKeyOrSecret, verify } from './verify.ts'
import type { VerifyOptions } from './verify-options.ts'

const secret = 'a secret of sixty-four characters, as HS512 wants at the least.'.padEnd(64, '.')
const native = createSecretKey(Buffer.from(secret))
const at = 1_700_000_000
const header = { alg: 'HS256', typ: 'JWT' }
const claims = { iss: 'i', sub: 's', aud: ['a', 'b'], jti: 'j', nonce: 'n', iat: at - 60, nbf: at - 60, exp: at + 60 }

/** Signs claims that sign would refuse, too. */
function forge(changes: object = {}, otherHeader: object = header): string {
  return forgeToken(otherHeader, { ...claims, ...changes }, native, 'HS256')
}

const accepted: readonly (readonly [title: string, changes: object, options: VerifyOptions])[] = [
  ['no option', {}, {}],
  ['the algorithm', {}, { algorithms: ['HS256'] }],
  ['algorithms of two families, of which the key permits one', {}, { algorithms: ['HS256', 'RS256'] }],
  ['an audience', {}, { audience: 'b' }],
  ['several audiences', {}, { audience: ['c', 'a'] }],
  ['an audience, where the token names one', { aud: 'a' }, { audience: 'a' }],
  ['an issuer', {}, { issuer: 'i' }],
  ['several issuers', {}, { issuer: ['h', 'i'] }],
  ['a subject', {}, { subject: 's' }],
  ['a jwtid', {}, { jwtid: 'j' }],
  ['a nonce', {}, { nonce: 'n' }],
  ['an expired token with ignoreExpiration', { exp: at - 1 }, { ignoreExpiration: true }],
  ['a token without expiry with ignoreExpiration', { exp: undefined }, { ignoreExpiration: true }],
  ['a token without expiry with its waiver', { exp: undefined }, { dangerouslyAllowNoExpiry: true }],
  ['a token of tomorrow with ignoreNotBefore', { nbf: at + 60, iat: at + 60 }, { ignoreNotBefore: true }],
  ['an expired token within the tolerance', { exp: at - 1 }, { clockTolerance: 2 }],
  ['a token of tomorrow within the tolerance', { nbf: at + 2 }, { clockTolerance: 2 }],
  ['an iat a little ahead', { iat: at + 5 }, {}],
  ['a maxAge', {}, { maxAge: 61 }],
  ['a maxAge as a text', {}, { maxAge: '2m' }],
  ['a maxAge within the tolerance', {}, { maxAge: 59, clockTolerance: 2 }],
  ['a fraction in a time', { exp: at + 0.5 }, {}],
  ['a subject that is a number', { sub: 7 }, {}],
  ['scopes as a list', { scope: ['a'] }, {}],
]

const refused: readonly (readonly [message: string, changes: object, options: VerifyOptions])[] = [
  ['jwt expired', { exp: at }, {}],
  ['jwt expired', { exp: at - 2 }, { clockTolerance: 2 }],
  ['jwt expired', { exp: at - 1 }, { dangerouslyAllowNoExpiry: true }],
  ['exp required unless dangerouslyAllowNoExpiry is true', { exp: undefined }, {}],
  ['jwt not active', { nbf: at + 1 }, {}],
  ['jwt issued in the future', { iat: at + 6 }, {}],
  ['jwt audience invalid. expected: c', {}, { audience: 'c' }],
  ['jwt audience invalid. expected: c or d', {}, { audience: ['c', 'd'] }],
  ['jwt audience invalid. expected: a', { aud: undefined }, { audience: 'a' }],
  ['jwt audience invalid. expected: a', { aud: 'abc' }, { audience: 'a' }],
  ['jwt issuer invalid. expected: h', {}, { issuer: 'h' }],
  ['jwt issuer invalid. expected: h,ii', {}, { issuer: ['h', 'ii'] }],
  ['jwt issuer invalid. expected: i', { iss: undefined }, { issuer: 'i' }],
  ['jwt subject invalid. expected: t', {}, { subject: 't' }],
  ['jwt subject invalid. expected: 7', { sub: 7 }, { subject: '7' }],
  ['jwt jwtid invalid. expected: k', {}, { jwtid: 'k' }],
  ['jwt nonce invalid. expected: m', {}, { nonce: 'm' }],
  ['maxAge exceeded', {}, { maxAge: 60 }],
  ['maxAge exceeded', {}, { maxAge: '1m' }],
  ['iat required when maxAge is specified', { iat: undefined }, { maxAge: 60 }],
  ['invalid algorithm', {}, { algorithms: ['HS512'] }],
  ['invalid exp value', { exp: String(at + 60) }, {}],
  ['invalid exp value', { exp: (at + 60) * 1000 }, {}],
  ['invalid exp value', { exp: null }, {}],
  ['invalid exp value', { exp: [at + 60] }, { ignoreExpiration: true }],
  ['invalid nbf value', { nbf: 'now' }, {}],
  ['invalid iat value', { iat: 'now' }, {}],
  ['invalid iss value', { iss: ['i', 'evil'] }, { issuer: 'i' }],
  ['invalid sub value', { sub: { $ne: null } }, {}],
  ['invalid aud value', { aud: { a: 1 } }, {}],
  ['invalid aud value', { aud: [['a']] }, { audience: 'a' }],
  ['invalid jti value', { jti: 1 }, {}],
]

describe('verify accepts', () => {
  for (const [title, changes, options] of accepted) {
    test(title, () => {
      const expected = JSON.parse(JSON.stringify({ ...claims, ...changes })) as object
      assert.deepEqual(verify(forge(changes), secret, { clockTimestamp: at, ...options }), expected)
    })
  }

  test('the same with a callback, and gives it no error', () => {
    for (const [, changes, options] of accepted) {
      let given: unknown[] = []
      verify(forge(changes), secret, { clockTimestamp: at, ...options }, (...all) => {
        given = all
      })
      assert.equal(given[0], null)
      assert.equal((given[1] as { jti: string }).jti, 'j')
    }
  })

  test('and gives header, payload and signature when complete is true', () => {
    const token = forge()
    const expected = { header, payload: claims, signature: token.split('.')[2] }
    assert.deepEqual(verify(token, secret, { clockTimestamp: at, complete: true }), expected)
  })

  test('a secret as text, bytes or KeyObject', () => {
    for (const key of [secret, Buffer.from(secret), new TextEncoder().encode(secret), native]) {
      assert.equal(verify(forge(), key, { clockTimestamp: at }).sub, 's')
    }
  })

  test('a public key as PEM, as the bytes of a file or as a KeyObject, whatever kid the token names', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const tokens = [{}, ...['of-the-issuer', 'undefined'].map((keyid) => ({ keyid }))].map((options) =>
      sign({ sub: 's' }, privateKey, { algorithm: 'ES256', expiresIn: 60, ...options }),
    )
    const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string
    const privatePem = privateKey.export({ type: 'sec1', format: 'pem' }) as string
    for (const key of [pem, `Bag Attributes\n${pem}`, Buffer.from(pem), publicKey, privatePem, privateKey]) {
      for (const token of tokens) assert.equal(verify(token, key).sub, 's')
    }
  })

  test('PS256 only where it is named, as the same RSA key signs RS256', () => {
    const key = getTestKey('PS256').native
    const token = sign({ sub: 's' }, key, { algorithm: 'PS256', expiresIn: 60 })
    assert.throws(() => verify(token, key), { message: 'invalid algorithm' })
    assert.equal(verify(token, key, { algorithms: ['PS256'] }).sub, 's')
  })
})

describe('verify refuses, in the words of jsonwebtoken', () => {
  for (const [message, changes, options] of refused) {
    test(`${message}: ${JSON.stringify(changes)} with ${JSON.stringify(options)}`, () => {
      const all = { clockTimestamp: at, ...options }
      let given: unknown[] = []
      verify(forge(changes), secret, all, (...received) => {
        given = received
      })
      assert.equal((given[0] as Error).message, message)
      assert.equal(given.length, 1)
      assert.throws(
        () => verify(forge(changes), secret, all),
        (error: Error) => {
          assert.ok(error instanceof JsonWebTokenError)
          assert.equal(error.message, message)
          return true
        },
      )
    })
  }

  test('with the moment, as a date', () => {
    const expired = (options: VerifyOptions, changes: object): unknown => {
      try {
        return verify(forge(changes), secret, { clockTimestamp: at, ...options })
      } catch (error) {
        return error
      }
    }
    const [late, old, early] = [expired({}, { exp: at - 1 }), expired({ maxAge: 9 }, {}), expired({}, { nbf: at + 9 })]
    assert.ok(late instanceof TokenExpiredError && old instanceof TokenExpiredError && early instanceof NotBeforeError)
    const moments = [late.expiredAt, old.expiredAt, early.date].map((moment) => moment.getTime() / 1000 - at)
    assert.deepEqual(moments, [-1, -51, 9])
    assert.deepEqual([late.name, early.name], ['TokenExpiredError', 'NotBeforeError'])
  })
})

const good = forge()
const [h = '', p = '', s = ''] = good.split('.')
const ofForm: readonly (readonly [title: string, token: unknown, message: string, code?: string])[] = [
  ['no token', undefined, 'jwt must be provided'],
  ['an empty one', '', 'jwt must be provided'],
  ['one that is no text', 7, 'jwt must be a string'],
  ['a word', 'swordfish', 'jwt malformed'],
  ['two segments', `${h}.${p}`, 'jwt malformed'],
  ['four segments', `${good}.e30`, 'jwt malformed'],
  ['no signature', `${h}.${p}.`, 'jwt signature is required'],
  ['a blank signature', `${h}.${p}. `, 'jwt signature is required'],
  [
    'another signature',
    `${h}.${p}.${s.replace(/^./, (c) => (c === 'A' ? 'B' : 'A'))}`,
    'invalid signature',
    'signature_invalid',
  ],
  ['half a signature', `${h}.${p}.${s.slice(0, 20)}`, 'invalid signature', 'signature_invalid'],
  ['another payload', `${h}.${encode({ ...claims, sub: 'admin' })}.${s}`, 'invalid signature', 'signature_invalid'],
  ['padding', `${good}=`, 'invalid token', 'token_malformed'],
  ['a blank', ` ${good}`, 'invalid token', 'token_malformed'],
  ['a header that is no JSON', `${encode('x')}.${p}.${s}`, 'invalid token', 'header_invalid'],
  ['a payload that is no JSON', forgeToken(header, 'x', native, 'HS256'), 'invalid token', 'claims_malformed'],
  ['a payload that is a text', forgeToken(header, '"x"', native, 'HS256'), 'invalid token', 'claims_malformed'],
  [
    'a claim named twice',
    forgeToken(header, '{"sub":"a","sub":"b"}', native, 'HS256'),
    'invalid token',
    'claims_malformed',
  ],
  ['__proto__', forgeToken(header, '{"__proto__":{}}', native, 'HS256'), 'invalid token', 'claims_malformed'],
  ['crit', forge({}, { ...header, crit: ['exp'] }), 'invalid token', 'header_unsupported'],
  ['b64', forge({}, { ...header, b64: true }), 'invalid token', 'header_unsupported'],
  ['a kid that is a path', forge({}, { ...header, kid: '../../dev/null' }), 'invalid token', 'header_invalid'],
  ['more characters than are read', forge({ text: 'x'.repeat(8192) }), 'invalid token', 'token_too_large'],
  ...['none', 'None', 'NONE', 'nOnE', '', 'hs256', 'HS1'].flatMap(
    (alg): readonly (readonly [string, string, string, string?])[] => [
      [`the algorithm "${alg}"`, `${encode({ alg })}.${p}.${s}`, 'invalid algorithm', 'algorithm_not_allowed'],
      [`the algorithm "${alg}" and no signature`, `${encode({ alg })}.${p}.`, 'jwt signature is required'],
    ],
  ),
]

describe('verify refuses a token', () => {
  for (const [title, token, message, code] of ofForm) {
    test(`with ${title}`, () => {
      assert.throws(
        () => verify(token as string, secret, { clockTimestamp: at }),
        (error: unknown) => {
          assert.ok(error instanceof JsonWebTokenError)
          assert.equal(error.message, message)
          assert.equal(error.inner instanceof TokenError ? error.inner.code : undefined, code)
          return true
        },
      )
    })
  }

  test('that was signed with HS256 and the public key in any form, by default and with every algorithm named', () => {
    const { publicKey } = getTestPair()
    const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string
    const der = publicKey.export({ type: 'spki', format: 'der' })
    const jwk = JSON.stringify(publicKey.export({ format: 'jwk' }))
    for (const bytes of [pem, pem.trimEnd(), der, jwk].map((form) => createSecretKey(Buffer.from(form as string)))) {
      const token = forgeToken(header, claims, bytes, 'HS256')
      for (const key of [pem, ` ${pem}`, `text before\n${pem}`, Buffer.from(pem), publicKey]) {
        for (const algorithms of [undefined, ['HS256', 'RS256'] as const]) {
          const options = { clockTimestamp: at, ...(algorithms && { algorithms }) }
          assert.throws(() => verify(token, key, options), { message: 'invalid algorithm' })
        }
        assert.throws(() => verify(token, key, { clockTimestamp: at, algorithms: ['HS256'] }), TypeError)
      }
      for (const key of [der, jwk]) assert.throws(() => verify(token, key, { clockTimestamp: at }), TypeError)
    }
  })
})

describe('verify takes bad options and keys for the fault of the program', () => {
  const options: readonly (readonly [title: string, options: object, message: RegExp])[] = [
    ['an unknown option', { algorithm: 'HS256' }, /algorithm: there is no such option/],
    ['algorithms as a text', { algorithms: 'HS256' }, /algorithms: give an array/],
    ['no algorithm', { algorithms: [] }, /algorithms: give an array/],
    ['none', { algorithms: ['HS256', 'none'] }, /algorithms: give an array/],
    ['a pattern', { audience: /a/ }, /audience: give strings: a regular expression/],
    ['a pattern in a list', { audience: ['a', /b/] }, /audience: give strings: a regular expression/],
    ...['audience', 'issuer', 'subject', 'jwtid', 'nonce'].flatMap((name) =>
      [undefined, null, '', 7, []].map(
        (value) =>
          [`${name} ${JSON.stringify(value)}`, { [name]: value }, new RegExp(`${name}: give a string`)] as const,
      ),
    ),
    ['a switch that is a text', { ignoreExpiration: 'false' }, /ignoreExpiration: give true or false/],
    ['a tolerance that is a text', { clockTolerance: '5' }, /clockTolerance: give seconds, 0 to 300/],
    ['a tolerance of an hour', { clockTolerance: 3600 }, /clockTolerance: give seconds, 0 to 300/],
    ['a maxAge of zero', { maxAge: 0 }, /maxAge: give a time above zero/],
    ['a maxAge without a unit', { maxAge: '60' }, /milliseconds/],
    ['a moment that is a date', { clockTimestamp: new Date() }, /clockTimestamp must be a number/],
    ['keys of a wrong type', { allowInvalidAsymmetricKeyTypes: true }, /allowInvalidAsymmetricKeyTypes: not supported/],
  ]
  for (const [title, given, message] of options) {
    test(`: ${title}`, () => {
      assert.throws(() => verify(good, secret, given as VerifyOptions), { name: 'TypeError', message })
    })
  }

  test('and lists every bad option at once', () => {
    const given = { audience: '', maxAge: 0, complete: 1 } as unknown as VerifyOptions
    assert.throws(
      () => verify(good, secret, given),
      ({ message }: Error) => ['audience: ', 'maxAge: ', 'complete: '].every((path) => message.includes(path)),
    )
  })

  const keys: readonly (readonly [title: string, key: unknown, options: VerifyOptions, message: RegExp])[] = [
    ['a short secret', 'shhhhh', {}, /at least 32 bytes/],
    ['a secret too short for the one algorithm named', 'x'.repeat(63), { algorithms: ['HS512'] }, /at least 64 bytes/],
    [
      'a secret where RS256 is named',
      secret,
      { algorithms: ['RS256'] },
      /The key is a secret.*RS256 needs a public or private key/,
    ],
    ['a key as an object', { key: 'k' }, {}, /not valid key material/],
  ]
  for (const [title, key, given, message] of keys) {
    test(`: ${title}`, () => {
      assert.throws(() => verify(good, key as Secret, given), { name: 'TypeError', message })
    })
  }

  test(': a function that finds keys, without a callback', () => {
    const getKey = ((_header, found) => found(null, secret)) as GetPublicKeyOrSecret
    const message = 'verify must be called asynchronous if secret or public key is provided as a callback'
    assert.throws(() => verify(good, getKey as unknown as Secret), { name: 'TypeError', message })
  })
})

describe('verify with a callback', () => {
  test('calls it at once when the key is at hand, and returns what it returns', () => {
    const returned: unknown = verify(good, secret, { clockTimestamp: at }, (_error, payload) => payload?.sub)
    assert.equal(returned, 's')
  })

  test('does not call it twice when it throws', () => {
    let calls = 0
    const throwing = (): void => {
      calls += 1
      throw new Error('of the callback')
    }
    assert.throws(() => verify(good, secret, { clockTimestamp: at }, throwing), { message: 'of the callback' })
    assert.equal(calls, 1)
  })

  test('takes a function that finds the key by the header, later too', async () => {
    const seen: unknown[] = []
    const getKey: GetPublicKeyOrSecret = (given, found) => {
      seen.push(given)
      setImmediate(() => found(null, given.kid === 'k' ? secret : undefined))
    }
    const run = (token: string): Promise<unknown> =>
      new Promise((resolve) =>
        verify(token, getKey, { clockTimestamp: at }, (error, payload) => resolve(error ?? payload)),
      )
    assert.deepEqual(await run(forge({}, { ...header, kid: 'k' })), claims)
    assert.equal(((await run(good)) as Error).message, 'secret or public key must be provided')
    assert.deepEqual(seen, [{ ...header, kid: 'k' }, header])
  })

  const finishes = (token: string, getKey: GetPublicKeyOrSecret): Promise<unknown> =>
    new Promise((resolve) => verify(token, getKey, { clockTimestamp: at }, (...given) => resolve(given)))

  test('gives the error of that function, whether it is handed over, thrown or a rejection', async () => {
    const cause = new Error('no such key')
    const failing: GetPublicKeyOrSecret[] = [
      (_header, found) => found(cause),
      () => {
        throw cause
      },
      async () => Promise.reject(cause),
    ]
    for (const getKey of failing) {
      const [refusal] = (await finishes(good, getKey)) as [JsonWebTokenError]
      assert.ok(refusal instanceof JsonWebTokenError)
      assert.equal(refusal.message, 'error in secret or public key callback: no such key')
      assert.equal(refusal.inner, cause)
    }
  })

  test('refuses a key that is found and is of another kind than the token says', async () => {
    const { publicKey } = getTestPair()
    const token = forgeToken(
      header,
      claims,
      createSecretKey(publicKey.export({ type: 'spki', format: 'der' })),
      'HS256',
    )
    const [refusal] = (await finishes(token, (_header, found) => found(null, publicKey))) as [Error]
    assert.equal(refusal.message, 'invalid algorithm')
  })

  test('never asks that function about a header that is refused', async () => {
    const getKey: GetPublicKeyOrSecret = () => assert.fail()
    for (const changes of [{ crit: ['exp'] }, { kid: "x' OR 1=1" }, { alg: 'none' }, { kid: { a: 1 } }]) {
      const [refusal] = (await finishes(forge({}, { ...header, ...changes }), getKey)) as [unknown]
      assert.ok(refusal instanceof JsonWebTokenError)
    }
  })
})

function getTestPair(): { publicKey: KeyObject } {
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
}
