import assert from 'node:assert/strict'
import { createSecretKey, generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { getTestKey, HAS_ML_DSA } from '../test/test-keys.ts'
import { ALGORITHMS } from './algorithm.ts'
import { decode } from './decode.ts'
import type { Secret } from './key-source.ts'
import { sign } from './sign.ts'
import type { SignOptions } from './sign-options.ts'
import { verify } from './verify.ts'

const secret = 'a secret of sixty-four characters, as HS512 wants at the least.'.padEnd(64, '.')
const now = (): number => Math.floor(Date.now() / 1000)
const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})

/** The claims and the header that some options make, with the times counted from `iat`. */
function signed(options: SignOptions, payload: object = {}): Record<string, unknown> {
  const { header, payload: claims } = decode(sign(payload, secret, options), { complete: true }) ?? assert.fail()
  const { iat, exp, nbf, ...rest } = claims
  const from = iat ?? now()
  return { ...header, ...rest, ...(exp && { expAfter: exp - from }), ...(nbf && { nbfAfter: nbf - from }) }
}

const usual = { alg: 'HS256', typ: 'JWT', expAfter: 60 }

const documented: readonly (readonly [SignOptions, object, Record<string, unknown>])[] = [
  [{ expiresIn: 60 }, {}, usual],
  [{ expiresIn: '1 min' }, {}, usual],
  [{ expiresIn: -60 }, {}, { ...usual, expAfter: -60 }],
  [{ expiresIn: '2 days' }, { id: 7, roles: ['a'] }, { ...usual, expAfter: 172_800, id: 7, roles: ['a'] }],
  [{ expiresIn: 60, notBefore: '10s' }, {}, { ...usual, nbfAfter: 10 }],
  [{ expiresIn: 60, notBefore: -5 }, {}, { ...usual, nbfAfter: -5 }],
  [{ expiresIn: 60, audience: 'a' }, {}, { ...usual, aud: 'a' }],
  [{ expiresIn: 60, audience: ['a', 'b'] }, {}, { ...usual, aud: ['a', 'b'] }],
  [{ expiresIn: 60, issuer: 'i', subject: 's', jwtid: 'j' }, {}, { ...usual, iss: 'i', sub: 's', jti: 'j' }],
  [{ expiresIn: 60, keyid: 'k' }, {}, { ...usual, kid: 'k' }],
  [
    { expiresIn: 60, header: { kid: 'k', typ: 'at+jwt', cty: 'x' } },
    {},
    { ...usual, kid: 'k', typ: 'at+jwt', cty: 'x' },
  ],
  [{ expiresIn: 60, header: { alg: 'HS384' } }, {}, { ...usual, alg: 'HS384' }],
  [{ expiresIn: 60, algorithm: 'HS512' }, {}, { ...usual, alg: 'HS512' }],
  [{ expiresIn: 60, noTimestamp: true }, {}, usual],
  [{ expiresIn: 60 }, { sub: 7, scope: ['a'], client_id: null }, { ...usual, sub: 7, scope: ['a'], client_id: null }],
  [{ dangerouslyAllowNoExpiry: true }, {}, { alg: 'HS256', typ: 'JWT' }],
]

describe('sign, as it is documented', () => {
  for (const [options, payload, expected] of documented) {
    test(`of ${JSON.stringify(payload)} with ${JSON.stringify(options)}`, () => {
      assert.deepEqual(signed(options, payload), expected)
    })
  }

  test('counts from the iat of the payload, and does not change the payload', () => {
    const payload = Object.freeze({ iat: now() - 30, sub: 'u' })
    assert.deepEqual(decode(sign(payload, secret, { expiresIn: 60, notBefore: 10 })), {
      iat: payload.iat,
      sub: 'u',
      exp: payload.iat + 60,
      nbf: payload.iat + 10,
    })
  })

  test('takes an exp of the payload', () => {
    const exp = now() + 60
    assert.equal(decode(sign({ exp }, secret))?.exp, exp)
  })

  test('leaves out iat with noTimestamp', () => {
    assert.equal(decode(sign({}, secret, { expiresIn: 60, noTimestamp: true }))?.iat, undefined)
  })

  test('writes what JSON makes of dates and objects with toJSON, and leaves out what is undefined', () => {
    const id = { toJSON: () => '507f1f77bcf86cd799439011' }
    const claims = decode(sign({ sub: id, at: new Date(0), gone: undefined }, secret, { expiresIn: 60 }))
    const { sub, at, ...rest } = claims ?? assert.fail()
    assert.deepEqual(
      [sub, at, Object.keys(rest)],
      ['507f1f77bcf86cd799439011', '1970-01-01T00:00:00.000Z', ['iat', 'exp']],
    )
  })

  test('takes a secret as text, bytes or KeyObject', () => {
    for (const form of [secret, Buffer.from(secret), createSecretKey(Buffer.from(secret))]) {
      assert.equal(verify(sign({ id: 1 }, form, { expiresIn: 60 }), secret).id, 1)
    }
  })

  test('takes a private key as PEM, as the bytes of a file, or as a KeyObject, and names no kid', () => {
    const { native } = getTestKey('RS256')
    const pem = native.export({ type: 'pkcs8', format: 'pem' }) as string
    for (const form of [pem, Buffer.from(pem), `\n${pem}`, native]) {
      const token = sign({ id: 1 }, form, { algorithm: 'RS256', expiresIn: 60 })
      assert.deepEqual(verify(token, pem, { complete: true }).header, { alg: 'RS256', typ: 'JWT' })
    }
  })

  for (const alg of ALGORITHMS) {
    test(`signs with ${alg} what verify accepts`, () => {
      const { native } = getTestKey(alg)
      assert.equal(
        verify(sign({ id: 1 }, native, { algorithm: alg, expiresIn: 60 }), native, { algorithms: [alg] }).id,
        1,
      )
    })
  }
})

describe('sign with a callback', () => {
  test('gives the token, later', async () => {
    let isLater = false
    const token = await new Promise<string | undefined>((resolve, reject) => {
      sign({ id: 1 }, secret, { expiresIn: 60 }, (error, result) => {
        assert.ok(isLater)
        if (error) reject(error)
        else resolve(result)
      })
      isLater = true
    })
    assert.equal(verify(token ?? '', secret).id, 1)
  })

  test('gives every error, and throws none', async () => {
    const attempts: readonly [object, Secret, SignOptions][] = [
      [{}, '', {}],
      [{}, 'short', {}],
      [{}, secret, { expiresIn: '60' }],
      [[], secret, {}],
    ]
    for (const [payload, key, options] of attempts) {
      const error = await new Promise((resolve) => sign(payload, key, options, (...given) => resolve(given)))
      assert.ok(Array.isArray(error) && error.length === 1 && error[0] instanceof TypeError)
    }
  })

  test('may leave the options out', async () => {
    const token = await new Promise<string | undefined>((resolve) => {
      sign({ exp: now() + 60 }, secret, (_error, result) => resolve(result))
    })
    assert.match(token ?? '', /^eyJ/)
  })
})

describe('sign refuses', () => {
  const ofOptions: readonly (readonly [title: string, options: object, message: RegExp])[] = [
    ['an unknown option', { expireIn: 60 }, /^"expireIn" is not allowed in "options"$/],
    ['an option without a value', { expiresIn: undefined }, /^"expiresIn" should be a number of seconds or string/],
    ['a lifetime without a unit', { expiresIn: '60' }, /milliseconds/],
    ['a lifetime that is no time', { expiresIn: 'soon' }, /^"expiresIn" should be/],
    ['a lifetime with a fraction of a second', { expiresIn: 1.5 }, /^"expiresIn" should be/],
    ['a lifetime that is a date', { expiresIn: Date.now() }, /^"exp" .*milliseconds/],
    ['the algorithm none', { algorithm: 'none' }, /^"algorithm" must be a valid string enum value/],
    ['the algorithm none in the header', { header: { alg: 'none' } }, /^"algorithm" must be one of/],
    ['two algorithms', { algorithm: 'HS256', header: { alg: 'HS512' } }, /"header.alg" the same/],
    ['crit', { header: { crit: ['exp'] } }, /^"header.crit" is not supported/],
    ['b64', { header: { b64: false } }, /^"header.b64" is not supported/],
    ['zip', { header: { zip: 'DEF' } }, /^"header.zip" is not supported/],
    ['a typ that is no text', { header: { typ: 1 } }, /^"header.typ" must be a string/],
    ['a kid that is no plain name', { keyid: '../../etc/passwd' }, /^"keyid" must be/],
    ['a header that is no object', { header: [] }, /^"header" must be an object/],
    ['mutatePayload', { mutatePayload: true }, /^"mutatePayload" is not supported/],
    ['insecure key sizes', { allowInsecureKeySizes: true }, /^"allowInsecureKeySizes" is not supported/],
    ['keys of a wrong type', { allowInvalidAsymmetricKeyTypes: true }, /^"allowInvalidAsymmetricKeyTypes" is not/],
    ['another encoding', { encoding: 'latin1' }, /^"encoding" must be utf8/],
    ['an audience that is a list of other things', { audience: [1] }, /^"audience" must be a string or array/],
    ['a lifetime and its waiver', { expiresIn: 60, dangerouslyAllowNoExpiry: true }, /contradict/],
    ['an expiry before 1970', { expiresIn: '-100y' }, /^"exp" should be/],
  ]
  for (const [title, options, message] of ofOptions) {
    test(title, () => {
      const given =
        'expiresIn' in options || 'dangerouslyAllowNoExpiry' in options ? options : { expiresIn: 60, ...options }
      assert.throws(() => sign({}, secret, given as SignOptions), { name: 'TypeError', message })
    })
  }

  const ofPayloads: readonly (readonly [title: string, payload: unknown, message: RegExp])[] = [
    ['a payload that is left out', undefined, /^payload is required$/],
    ['a text, which would be valid forever', 'ada', /^Expected "payload" to be a plain object/],
    ['bytes', Buffer.from('{}'), /^Expected "payload" to be a plain object/],
    ['an array', [], /^Expected "payload" to be a plain object/],
    ['an object of a class', new (class User {})(), /^Expected "payload" to be a plain object/],
    ['an exp in milliseconds', { exp: Date.now() }, /^"exp" should be a number of seconds since 1970/],
    ['an iat in milliseconds', { iat: Date.now() }, /^"iat" should be a number of seconds/],
    ['an nbf that is a text', { nbf: '1' }, /^"nbf" should be a number of seconds/],
    ['an iss that is a list', { iss: ['a'] }, /^"iss" should be a string/],
    ['a sub that is an object', { sub: { $ne: null } }, /^"sub" should be/],
    [
      'two expiries',
      { exp: now() + 5 },
      /^Bad "options.expiresIn" option. The payload already has an "exp" property.$/,
    ],
    ['more members than are read', Object.fromEntries(Array.from({ length: 300 }, (_, n) => [n, n])), /members/],
    ['more than a verifier looks at', { text: 'x'.repeat(8192) }, /longer than 8192/],
  ]
  for (const [title, payload, message] of ofPayloads) {
    test(title, () => {
      assert.throws(() => sign(payload as object, secret, { expiresIn: 60 }), { name: 'TypeError', message })
    })
  }

  const claimsOfOptions: readonly (readonly [claim: string, option: keyof SignOptions])[] = [
    ['aud', 'audience'],
    ['iss', 'issuer'],
    ['sub', 'subject'],
    ['jti', 'jwtid'],
  ]
  for (const [claim, option] of claimsOfOptions) {
    test(`${claim} in the payload and ${option} in the options`, () => {
      const message = `Bad "options.${option}" option. The payload already has an "${claim}" property.`
      assert.throws(() => sign({ [claim]: 'a' }, secret, { expiresIn: 60, [option]: 'a' }), { message })
    })
  }

  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
  const ofMlDsa = () =>
    ['a key of ML-DSA', generateKeyPairSync('ml-dsa-44').privateKey, 'EdDSA', /not supported/] as const
  const ofKeys: readonly (readonly [title: string, key: unknown, alg: SignOptions['algorithm'], message: RegExp])[] = [
    ['no key', '', 'HS256', /^secretOrPrivateKey must have a value$/],
    ['an unset key', undefined, 'HS256', /^secretOrPrivateKey must have a value$/],
    ['a short secret, and says how to make one', 'shhhhh', 'HS256', /at least 32 bytes .*crypto\.randomBytes/],
    ['a secret too short for HS512', 'x'.repeat(63), 'HS512', /at least 64 bytes/],
    ['a private key with HS256', privateKey, 'HS256', /must be a symmetric key when using HS256$/],
    ['a public key with HS256', publicKey, 'HS256', /must be a symmetric key when using HS256$/],
    ['a secret with RS256', secret, 'RS256', /must be an asymmetric key when using RS256$/],
    ['a public key with RS256', publicKey, 'RS256', /must be an asymmetric key when using RS256$/],
    ['a key of another type', privateKey, 'ES256', /not one for ES256: its type permits RS256/],
    ['an RSA key of 1024 bits', weak, 'RS256', /1024 bits: at least 2048/],
    ['a key of a curve that is not supported', generateKeyPairSync('x25519').privateKey, 'EdDSA', /not supported/],
    ...(HAS_ML_DSA ? [ofMlDsa()] : []),
    [
      'ML-DSA, which jsonwebtoken does not know',
      privateKey,
      'ML-DSA-44' as 'EdDSA',
      /must be a valid string enum value/,
    ],
    ['a PEM text that was cut off', privateKey.slice(0, 300), 'RS256', /no whole PEM block/],
    ['a key as an object', { key: privateKey, passphrase: 'p' }, 'RS256', /not valid key material.*createPrivateKey/],
  ]
  for (const [title, key, algorithm, message] of ofKeys) {
    test(title, () => {
      assert.throws(
        () => sign({}, key as Secret, { algorithm, expiresIn: 60 } as SignOptions),
        (error: Error) => {
          assert.equal(error.name, 'TypeError')
          assert.match(error.message, message)
          if (typeof key === 'string' && key !== '') assert.ok(!error.message.includes(key), 'it quotes the key')
          return true
        },
      )
    })
  }
})

test('sign warns once of a token that was given no lifetime, and lets it live for 30 days', async () => {
  const warned = new Promise<Error & { code?: string }>((resolve) => process.once('warning', resolve))
  const { iat = 0, exp } = decode(sign({}, secret)) ?? assert.fail()
  assert.equal(exp, iat + 30 * 86_400)
  assert.equal((await warned).code, 'COUNTERSIGN_NO_LIFETIME')
})
