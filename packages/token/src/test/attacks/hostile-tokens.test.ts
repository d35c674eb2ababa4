/**
 * Every published way to have a forged token accepted, by name. Each token is signed by the attacker with what an
 * attacker has: a key of their own, the public key, an empty secret, or the honest signature of another token.
 */
import assert from 'node:assert/strict'
import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, test } from 'node:test'
import { ALGORITHMS, type Algorithm } from '../../algorithm.ts'
import { createVerifier } from '../../create-verifier.ts'
import { exportPublicJwk, exportPublicPem } from '../../export-key.ts'
import { thumbprint } from '../../thumbprint.ts'
import { TokenError, type TokenErrorCode } from '../../token-error.ts'
import { encode, forgeSignature, forgeToken } from '../forge-token.ts'
import { getTestKey, KID, TEST_KEYS } from '../test-keys.ts'

const NOW = 1_700_000_000
const CLAIMS = { iss: 'https://issuer.example', aud: 'api', sub: 'user-1', exp: NOW + 60, iat: NOW }
const PAYLOAD = encode(CLAIMS)
const HEADER = { alg: 'ES256', kid: KID, typ: 'JWT' }
const { native, verification } = getTestKey('ES256')
const attacker = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const settings = { issuer: 'https://issuer.example', audience: 'api', now: () => NOW } as const

const verify = createVerifier({ keys: verification, algorithms: ['ES256'], ...settings })
const verifyMixed = createVerifier({
  keys: TEST_KEYS.filter(({ alg }) => alg !== 'Ed25519').map((key) => key.verification),
  algorithms: ALGORITHMS,
  ...settings,
})
const sign = (
  header: object | string | Uint8Array,
  payload: object | string | Uint8Array = CLAIMS,
  key: KeyObject = native,
): string => forgeToken(header, payload, key, 'ES256')
const honest = sign(HEADER)
const [honestHeader = '', honestPayload = '', honestSignature = ''] = honest.split('.')

function refuses(name: string, token: unknown, ...codes: TokenErrorCode[]): void {
  test(name, () => {
    for (const check of [verify, verifyMixed]) {
      assert.throws(
        () => check(token as string),
        (error) => error instanceof TokenError && (check === verifyMixed || codes.includes(error.code)),
      )
    }
  })
}

test('the honest token is accepted, so that what follows is refused for its own reason', () => {
  assert.deepEqual(verify(honest), CLAIMS)
  assert.deepEqual(verifyMixed(honest), CLAIMS)
})

describe('alg none', () => {
  for (const alg of [
    'none',
    'None',
    'NONE',
    'nOnE',
    'none ',
    ' none',
    'none\0',
    'nоne',
    'ｎｏｎｅ',
    'n\u200bone',
    '',
    'null',
    'undefined',
  ]) {
    const header = encode({ ...HEADER, alg })
    refuses(`${JSON.stringify(alg)} without a signature`, `${header}.${PAYLOAD}.`, 'algorithm_not_allowed')
    refuses(
      `${JSON.stringify(alg)} with the signature of another token`,
      `${header}.${PAYLOAD}.${honestSignature}`,
      'algorithm_not_allowed',
    )
  }
  for (const alg of [null, undefined, 5, true, [], ['ES256'], {}, { toString: 'ES256' }]) {
    refuses(`alg as ${JSON.stringify(alg)}`, sign({ ...HEADER, alg }), 'header_invalid')
  }
  for (const alg of ['es256', 'ES256 ', 'ES-256', 'ES256K', 'HS1', 'RS1', 'constructor', '__proto__', 'toString']) {
    refuses(`alg as ${alg}`, sign({ ...HEADER, alg }), 'algorithm_not_allowed')
  }
  refuses('no alg', sign({ kid: KID }), 'header_invalid')
  refuses('no signature', `${honestHeader}.${PAYLOAD}.`, 'signature_invalid')
})

describe('key confusion (RFC 8725 §2.1)', () => {
  for (const { alg, verification: key } of TEST_KEYS.filter(({ alg }) => !alg.startsWith('HS') && alg !== 'Ed25519')) {
    const forms: Record<string, string | Buffer> = {
      PEM: exportPublicPem(key),
      'PEM without its last line break': exportPublicPem(key).trim(),
      JWK: JSON.stringify(exportPublicJwk(key)),
      kid: key.kid ?? '',
      thumbprint: thumbprint(key),
      'empty secret': '',
    }
    for (const [form, secret] of Object.entries(forms)) {
      for (const hmac of ['HS256', 'HS384', 'HS512'] as const) {
        for (const kid of [{ kid: KID }, {}]) {
          const token = forgeToken({ alg: hmac, ...kid }, CLAIMS, createSecretKey(Buffer.from(secret)), hmac)
          refuses(
            `${hmac} over the ${form} of the ${alg} key, ${'kid' in kid ? 'with' : 'without'} kid`,
            token,
            'algorithm_not_allowed',
          )
        }
      }
    }
  }
  for (const { alg, native: key } of TEST_KEYS) {
    for (const claimed of ALGORITHMS.filter((name) => name !== alg && !sameKeyAndName(name, alg))) {
      refuses(
        `an ${alg} signature under the name of ${claimed}`,
        forgeToken({ ...HEADER, alg: claimed }, CLAIMS, key, alg),
        'algorithm_not_allowed',
        'signature_invalid',
      )
    }
  }
})

describe('keys that the token brings along', () => {
  const jwk = attacker.export({ format: 'jwk' })
  const publicJwk = { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y }
  for (const [name, parameter] of Object.entries({
    jwk: { jwk: publicJwk },
    'private jwk': { jwk },
    'jwk with the honest kid': { jwk: { ...publicJwk, kid: KID } },
    jku: { jku: 'https://attacker.example/jwks.json' },
    x5u: { x5u: 'file:///etc/passwd' },
    x5c: { x5c: [Buffer.from('certificate').toString('base64')] },
  })) {
    refuses(
      `${name}, signed with the attacker's key`,
      sign({ ...HEADER, ...parameter }, CLAIMS, attacker),
      'signature_invalid',
    )
    refuses(`${name}, and no kid`, sign({ alg: 'ES256', ...parameter }, CLAIMS, attacker), 'signature_invalid')
    refuses(
      `${name}, and the attacker's kid`,
      sign({ ...HEADER, kid: 'attacker', ...parameter }, CLAIMS, attacker),
      'key_not_found',
    )
  }
  test('an honest token is not refused for a jwk or jku that it carries', () => {
    assert.deepEqual(verify(sign({ ...HEADER, jwk: publicJwk, jku: 'https://attacker.example' })), CLAIMS)
  })
})

describe('kid', () => {
  for (const kid of [
    ...[
      '../../../../dev/null',
      "x' UNION SELECT 'key",
      'a\0b',
      '*)(uid=*',
      '| id',
      '$(id)',
      'a\r\nb',
      'a b',
      'a'.repeat(129),
      '',
    ],
    ...[5, null, true, [KID], { kid: KID }, '<script>', 'test-key\u0000', 'tést', '%2e%2e/', '\u202e'],
  ]) {
    refuses(`as ${JSON.stringify(kid).slice(0, 30)}`, sign({ ...HEADER, kid }), 'header_invalid')
  }
  for (const kid of [
    'constructor',
    '__proto__',
    'toString',
    '/dev/null',
    'https://attacker.example/key',
    KID.toUpperCase(),
    `${KID}x`,
  ]) {
    refuses(`as ${kid}`, sign({ ...HEADER, kid }), 'key_not_found')
  }
})

describe('critical and other parameters that change how a token is read', () => {
  for (const crit of [['exp'], ['b64'], [], ['x'], 'b64', null, {}, [5], ['alg'], ['kid', 'kid']]) {
    refuses(`crit as ${JSON.stringify(crit)}`, sign({ ...HEADER, crit, b64: true, x: 1 }), 'header_unsupported')
  }
  for (const b64 of [false, true, 'false', null])
    refuses(`b64 as ${b64}`, sign({ ...HEADER, b64 }), 'header_unsupported')
  refuses('zip', sign({ ...HEADER, zip: 'DEF' }), 'header_unsupported')
})

describe('form', () => {
  const framings: Record<string, string> = {
    'a fourth segment': `${honest}.${honestSignature}`,
    'five segments': `${honest}.a.b`,
    'two segments': `${honestHeader}.${honestPayload}`,
    'one segment': honestHeader,
    'no header': `.${honestPayload}.${honestSignature}`,
    'an empty string': '',
    'only dots': '..',
    'a leading space': ` ${honest}`,
    'a trailing line break': `${honest}\n`,
    'a trailing NUL': `${honest}\0`,
    'a line break in a segment': honest.replace('.', '\n.'),
    'a Bearer prefix': `Bearer ${honest}`,
    'two tokens': `${honest}, ${honest}`,
    'padding on the header': `${honestHeader}==.${honestPayload}.${honestSignature}`,
    'padding on the signature': `${honest}==`,
    'the alphabet of base64': `${honestHeader}.${honestPayload}.${honestSignature.slice(0, -4)}+/+/`,
    'percent encoding': honest.replace('.', '%2E'),
    'fullwidth letters': honest.replace('e', 'ｅ'),
    'the JSON serialization': JSON.stringify({
      protected: honestHeader,
      payload: honestPayload,
      signature: honestSignature,
    }),
    'a polyglot of JSON and compact': `{"protected":"${honestHeader}","payload":"${honestPayload}","signature":"${honestSignature}"}.a.b`,
    'a token in quotes': `"${honest}"`,
  }
  for (const [name, token] of Object.entries(framings)) refuses(name, token, 'token_malformed')
  for (const value of [
    undefined,
    null,
    5,
    {},
    [honest],
    Buffer.from(honest),
    new String(honest),
    { toString: () => honest },
  ]) {
    refuses(`no string: ${Object.prototype.toString.call(value)}`, value, 'token_malformed')
  }
  refuses('more characters than the limit', `${honestHeader}.${'A'.repeat(8192)}.${honestSignature}`, 'token_too_large')
  refuses('a million characters', 'a.'.repeat(500_000), 'token_too_large')
  test('bits that are left over in a segment', () => {
    for (const [index, segment] of honest.split('.').entries()) {
      if (segment.length % 4 === 0) continue
      const segments = honest.split('.')
      segments[index] = nextSpelling(segment)
      assert.deepEqual(Buffer.from(segments[index], 'base64url'), Buffer.from(segment, 'base64url'))
      assert.throws(() => verify(segments.join('.')), TokenError)
    }
    assert.throws(() => verify(`${honestHeader}.${honestPayload}.${nextSpelling(honestSignature)}`), {
      code: 'token_malformed',
    })
  })
})

describe('JSON', () => {
  const inHeader: Record<string, string | Uint8Array> = {
    'alg twice': '{"alg":"none","alg":"ES256"}',
    'alg twice, once escaped': '{"\\u0061lg":"none","alg":"ES256"}',
    'kid twice': `{"alg":"ES256","kid":"a","kid":"${KID}"}`,
    'a member twice in a nested object': '{"alg":"ES256","x":[{"a":1,"a":2}]}',
    __proto__: '{"alg":"ES256","__proto__":{"crit":1}}',
    'no object': '["ES256"]',
    null: 'null',
    'a string': '"ES256"',
    'a trailing comma': '{"alg":"ES256",}',
    'a comment': '{"alg":"ES256"/**/}',
    'two objects': '{"alg":"ES256"}{}',
    'a byte order mark': '\ufeff{"alg":"ES256"}',
    'UTF-16': Buffer.from('{"alg":"ES256"}', 'utf16le'),
    'bytes that are not UTF-8': Buffer.concat([
      Buffer.from('{"alg":"ES256","x":"'),
      Buffer.from([0xff]),
      Buffer.from('"}'),
    ]),
    'an overlong encoding': Buffer.concat([
      Buffer.from('{"alg":"ES256","x":"'),
      Buffer.from([0xc0, 0xae]),
      Buffer.from('"}'),
    ]),
    'depth of 1000': `{"alg":"ES256","x":${'['.repeat(1000)}${']'.repeat(1000)}}`,
    '300 members': `{"alg":"ES256"${Array.from({ length: 300 }, (_, index) => `,"m${index}":1`).join('')}}`,
  }
  for (const [name, header] of Object.entries(inHeader)) refuses(`header: ${name}`, sign(header), 'header_invalid')

  const claims = JSON.stringify(CLAIMS).slice(1, -1)
  const inClaims: Record<string, string | Uint8Array> = {
    'exp twice': `{${claims},"exp":${NOW + 9999}}`,
    'aud twice, once escaped': `{${claims},"\\u0061ud":"api"}`,
    'a member twice in a nested object': `{${claims},"x":{"y":{"a":1,"a":2}}}`,
    __proto__: `{${claims},"__proto__":{"admin":true}}`,
    'no object': '[]',
    null: 'null',
    nothing: '',
    'a byte order mark': `\ufeff{${claims}}`,
    'bytes that are not UTF-8': Buffer.concat([
      Buffer.from(`{${claims},"x":"`),
      Buffer.from([0xed, 0xa0, 0x80]),
      Buffer.from('"}'),
    ]),
    'a nested token': honest,
    'depth of 1000': `{${claims},"x":${'{"x":'.repeat(500)}1${'}'.repeat(500)}}`,
    '300 members': `{${claims}${Array.from({ length: 300 }, (_, index) => `,"m${index}":1`).join('')}}`,
  }
  for (const [name, payload] of Object.entries(inClaims))
    refuses(`claims: ${name}`, sign(HEADER, payload), 'claims_malformed')

  test('claims named after members of Object.prototype pollute nothing and replace nothing', () => {
    const verified = verify(
      sign(HEADER, `{${claims},"constructor":{"prototype":{"polluted":1}},"hasOwnProperty":1,"toString":"x"}`),
    )
    assert.equal(({} as Record<string, unknown>).polluted, undefined)
    assert.equal(Object.getPrototypeOf(verified), Object.prototype)
    assert.equal(verified.sub, 'user-1')
  })
})

describe('signatures', () => {
  const size = 32
  const zero = Buffer.alloc(size)
  const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
  const [r, s] = [
    Buffer.from(honestSignature, 'base64url').subarray(0, size),
    Buffer.from(honestSignature, 'base64url').subarray(size),
  ]
  const input = `${honestHeader}.${honestPayload}`
  const ecdsa: Record<string, Uint8Array> = {
    'r = s = 0': Buffer.concat([zero, zero]),
    'r = 0': Buffer.concat([zero, s]),
    's = 0': Buffer.concat([r, zero]),
    'r = s = n': Buffer.concat([order, order]),
    's = n': Buffer.concat([r, order]),
    'r = s = 2^256 - 1': Buffer.alloc(64, 0xff),
    'r and s exchanged': Buffer.concat([s, r]),
    'one byte more': Buffer.concat([r, s, Buffer.of(0)]),
    'one byte less': Buffer.concat([r, s]).subarray(0, 63),
    'a leading zero in each half': Buffer.concat([Buffer.of(0), r, Buffer.of(0), s]),
    'only r': r,
    DER: forgeDer(r, s),
    'one byte': Buffer.of(0),
  }
  for (const [name, signature] of Object.entries(ecdsa))
    refuses(`ES256: ${name}`, `${input}.${encode(signature)}`, 'signature_invalid')
  refuses("ES256: the attacker's key", sign(HEADER, CLAIMS, attacker), 'signature_invalid')
  refuses(
    'ES256: the signature of other claims',
    `${honestHeader}.${encode({ ...CLAIMS, sub: 'admin' })}.${honestSignature}`,
    'signature_invalid',
  )

  test('ES256: n - s, the other of two valid signatures, is accepted: it is the same token to whoever keys by jti', () => {
    const negated = (BigInt(`0x${order.toString('hex')}`) - BigInt(`0x${s.toString('hex')}`))
      .toString(16)
      .padStart(64, '0')
    assert.deepEqual(verify(`${input}.${encode(Buffer.concat([r, Buffer.from(negated, 'hex')]))}`), CLAIMS)
  })

  for (const { alg, native: key, verification: keys } of TEST_KEYS) {
    test(`${alg}: a signature that is cut, longer, empty, zero or all ones is refused`, () => {
      const check = createVerifier({ keys, algorithms: [alg], ...settings })
      const signingInput = `${encode({ alg, ...(keys.kid === undefined ? {} : { kid: KID }) })}.${PAYLOAD}`
      const signature = forgeSignature(signingInput, key, alg)
      assert.deepEqual(check(`${signingInput}.${encode(signature)}`), CLAIMS)
      const bad = [
        signature.subarray(1),
        signature.subarray(0, -1),
        signature.subarray(0, 1),
        Buffer.alloc(0),
        Buffer.concat([signature, Buffer.of(0)]),
      ]
      bad.push(
        Buffer.concat([Buffer.of(0), signature]),
        Buffer.alloc(signature.length),
        Buffer.alloc(signature.length, 0xff),
      )
      for (const other of bad)
        assert.throws(() => check(`${signingInput}.${encode(other)}`), { code: 'signature_invalid' })
    })
  }

  for (const alg of ['EdDSA', 'Ed25519'] as const) {
    test(`${alg}: S + L, a second spelling of the same signature, is refused (RFC 8032 §5.1.7)`, () => {
      const { native: key, verification: keys } = getTestKey(alg)
      const signingInput = `${encode({ alg, kid: KID })}.${PAYLOAD}`
      const signature = forgeSignature(signingInput, key, alg)
      const order = 2n ** 252n + 27742317777372353535851937790883648493n
      const sum = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + order
      const forged = Buffer.concat([
        signature.subarray(0, 32),
        Buffer.from(sum.toString(16).padStart(64, '0'), 'hex').reverse(),
      ])
      assert.throws(
        () => createVerifier({ keys, algorithms: [alg], ...settings })(`${signingInput}.${encode(forged)}`),
        { code: 'signature_invalid' },
      )
    })
  }
})

function sameKeyAndName(one: Algorithm, other: Algorithm): boolean {
  return one.startsWith('Ed') && other.startsWith('Ed')
}

function nextSpelling(segment: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return segment.slice(0, -1) + alphabet.charAt(alphabet.indexOf(segment.slice(-1)) + 1)
}

function forgeDer(r: Uint8Array, s: Uint8Array): Buffer {
  const integer = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.of(2, bytes.length + 1, 0), bytes])
  return Buffer.concat([Buffer.of(0x30, r.length + s.length + 6), integer(r), integer(s)])
}
