/** Tokens that look odd and are valid: to refuse one would break somebody's honest issuer. */
import { forgeToken } from '../forge-token.ts'
import { getTestKey, KID, TEST_KEYS } from '../test-keys.ts'
import {
  ATTACKER_JWK,
  AUDIENCE,
  CLAIMS,
  type Entry,
  type EntryOptions,
  HEADER,
  HONEST_HEADER,
  HONEST_PAYLOAD,
  HONEST_SIGNATURE,
  ISSUER,
  NOW,
  sign,
  withClaims,
  withClaimsText,
  withHeader,
  withHeaderText,
} from './corpus-entry.ts'

const row = (category: string, name: string, token: string, options?: EntryOptions): Entry => ({
  category,
  name,
  token,
  ...(options === undefined ? {} : { options }),
})

const AUDIENCES: readonly Entry[] = [
  [AUDIENCE],
  ['https://other.example', AUDIENCE],
  [AUDIENCE, AUDIENCE],
  Array.from({ length: 100 }, (_, index) => (index === 99 ? AUDIENCE : `${index}`)),
  ['', AUDIENCE],
  ['__proto__', 'constructor', AUDIENCE],
].map((aud) => row('aud', `as ${JSON.stringify(aud).slice(0, 60)}`, withClaims({ aud })))

const TIMES: readonly Entry[] = [
  row('times', 'exp with a fraction', withClaims({ exp: NOW + 0.5 })),
  row('times', 'exp in the last moment', withClaims({ exp: NOW + 0.001 }), { clockTolerance: 0 }),
  row('times', 'exp just past, within the tolerance', withClaims({ exp: NOW - 4.9 })),
  row('times', 'exp far past, within a larger tolerance', withClaims({ exp: NOW - 299 }), { clockTolerance: 300 }),
  row('times', 'exp in the year 9999', withClaims({ exp: 253_402_300_799 })),
  row('times', 'exp as the largest safe integer', withClaims({ exp: Number.MAX_SAFE_INTEGER })),
  row('times', 'nbf at this moment', withClaims({ nbf: NOW }), { clockTolerance: 0 }),
  row('times', 'nbf and iat with a fraction', withClaims({ nbf: NOW - 0.25, iat: NOW - 0.75 })),
  row('times', 'nbf of 0', withClaims({ nbf: 0 })),
  row('times', 'iat just ahead, within the tolerance', withClaims({ iat: NOW + 4.9 })),
  row('times', 'no iat', withClaims({ iat: undefined })),
  row('times', 'iat behind exp by the longest lifetime', withClaims({}), { maxLifetime: 600, maxTokenAge: 1 }),
  row('times', 'exp before iat, both in reach', withClaims({ iat: NOW + 3, exp: NOW + 1 })),
  row('times', 'no exp, where that is waived', withClaims({ exp: undefined }), { dangerouslyAllowNoExpiry: true }),
]

const NUMBERS: readonly Entry[] = [
  ['exp', '1700000600.0'],
  ['exp', '1.7000006e9'],
  ['exp', '17000006E2'],
  ['exp', '1.70000060e+09'],
  ['exp', '1700000600.00000000000000000000001'],
  ['nbf', '-0'],
  ['nbf', '0e0'],
  ['iat', '1.7E9'],
].map(([claim = '', text = '']) => {
  const claims = JSON.stringify({ ...CLAIMS, [claim]: '@' }).replace('"@"', text)
  return row('numbers', `${claim} written ${text}`, sign(HEADER, claims))
})

const NAMES: readonly Entry[] = [
  row(
    'JSON',
    'a claim name written with escapes',
    sign(HEADER, JSON.stringify(CLAIMS).replace('"sub"', '"\\u0073ub"')),
  ),
  row('JSON', 'a value written with escapes', withClaimsText('"name":"\\u0041\\/\\b\\f\\n\\r\\t\\"\\\\"')),
  row(
    'JSON',
    'alg and its value written with escapes',
    sign('{"\\u0061lg":"ES\\u0032\\u0035\\u0036","kid":"test-key"}'),
  ),
  row(
    'JSON',
    'white space between everything',
    sign(JSON.stringify(HEADER, null, 4), `\r\n\t ${JSON.stringify(CLAIMS, null, '\t')} \n`),
  ),
  row('JSON', 'an emoji as a claim name', withClaimsText('"\u{1f511}":"\u{1f511}"')),
  row('JSON', 'a pair of surrogates as escapes', withClaimsText('"name":"\\ud83d\\ude00"')),
  row('JSON', 'a lone surrogate as an escape', withClaimsText('"name":"\\ud83d"')),
  row('JSON', 'an escaped NUL in a value', withClaimsText('"name":"\\u0000"')),
  row('JSON', 'names that differ by their normal form', withClaimsText('"\u00e9":1,"e\u0301":2')),
  row('JSON', 'names that differ by case', withClaimsText('"ISS":"x","Exp":0,"AUD":[]')),
  row('JSON', 'right-to-left text and a byte order mark in a value', withClaimsText('"name":"\u202e\ufeffabc"')),
  row('JSON', 'the last code point', withClaimsText('"name":"\u{10ffff}"')),
  row('JSON', 'an empty claim name', withClaimsText('"":1')),
  row('JSON', 'quotes, colons and braces in a value', withClaimsText('"name":"a\\":{b:[c,\\\\"')),
  row('JSON', 'one name in two objects', withClaimsText('"a":{"x":1},"b":{"x":1},"c":[{"x":1},{"x":1}]')),
  row('JSON', 'a name of its parent', withClaimsText('"a":{"a":{"a":1}}')),
  row(
    'JSON',
    'claims named as members of Object.prototype',
    withClaimsText('"constructor":1,"toString":"x","hasOwnProperty":{},"valueOf":null'),
  ),
  row('JSON', 'claims nested 15 deep in the claims', withClaimsText(`"x":${'['.repeat(15)}${']'.repeat(15)}`)),
  row(
    'JSON',
    '248 members besides the others',
    withClaimsText(Array.from({ length: 248 }, (_, index) => `"m${index}":1`).join()),
  ),
  row(
    'JSON',
    'numbers beyond what a double holds',
    withClaimsText('"big":123456789012345678901234567890,"huge":1e999'),
  ),
]

const EMPTY: readonly Entry[] = [
  row('empty values', 'sub', withClaims({ sub: '' })),
  row('empty values', 'jti', withClaims({ jti: '' })),
  row('empty values', 'scope', withClaims({ scope: '' })),
  row('empty values', 'an unknown claim that is null', withClaims({ nickname: null })),
  row('empty values', 'unknown claims that are empty', withClaims({ roles: [], address: {}, name: '' })),
  row('empty values', 'nothing but what is required', sign(HEADER, { iss: ISSUER, aud: AUDIENCE, exp: NOW + 1 })),
  row('empty values', 'no claim at all, where all is waived', sign(HEADER, '{}'), {
    issuer: undefined,
    audience: undefined,
    dangerouslyAllowAnyIssuer: true,
    dangerouslyAllowAnyAudience: true,
    dangerouslyAllowNoExpiry: true,
  } as unknown as EntryOptions),
]

const HEADERS: readonly Entry[] = [
  ...['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt'].map((typ) =>
    row('typ', typ, withHeader({ typ }), { typ: 'at+jwt' }),
  ),
  row('typ', 'one with application/ expected, one without sent', withHeader({}), { typ: 'application/at+jwt' }),
  row('typ', 'none, where none is asked for', withHeader({ typ: undefined })),
  row('typ', 'an unknown one, where none is asked for', withHeader({ typ: 'example' })),
  row('header', 'cty', withHeader({ cty: 'example' })),
  row('header', 'unknown parameters', withHeader({ x: { y: [1, 'a', null, true] }, 'https://example.com/x': 1 })),
  row(
    'header',
    'parameters of a JWE, which mean nothing here',
    withHeader({ enc: 'A256GCM', epk: {}, apu: 'x', p2c: 1e9 }),
  ),
  row('header', 'claims repeated in the header', withHeader({ iss: 'x', aud: 'y', exp: 0 })),
  row(
    'header',
    'a jwk, jku, x5u, x5c and x5t, none of which is used',
    withHeader({ jwk: ATTACKER_JWK, jku: 'https://a.example', x5u: 'https://a.example', x5c: [], x5t: 'x' }),
  ),
  row('header', 'unknown parameters of every script', withHeaderText('"\u540d\u524d":"\u0418\u043c\u044f"')),
  row('header', 'alg behind the other parameters', sign('{"typ":"JWT","x":1,"kid":"test-key","alg":"ES256"}')),
  row('header', 'alg alone', sign({ alg: 'ES256' })),
]

const KIDS: readonly Entry[] = [
  'a',
  'A.b-c_d~e',
  '2011-04-29',
  'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
  'urn:ietf:params:oauth:jwk-thumbprint:sha-256:NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
  'did:example:123#key-1',
  'bilbo.baggins@hobbiton.example',
  'https://issuer.example/keys/1',
  'dGVzdA==',
  'a+b/c',
  '0',
  'constructor',
  '__proto__',
  'a'.repeat(128),
].map((kid) => {
  const { native } = getTestKey('ES256')
  return { ...row('kid', kid, forgeToken({ alg: 'ES256', kid }, CLAIMS, native, 'ES256')), kid }
})

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const signature = Buffer.from(HONEST_SIGNATURE, 'base64url')
const other = (ORDER - BigInt(`0x${signature.toString('hex', 32)}`)).toString(16).padStart(64, '0')
const negated = Buffer.concat([signature.subarray(0, 32), Buffer.from(other, 'hex')]).toString('base64url')

const SIGNATURES: readonly Entry[] = [
  row('signature', 'one of the two values of s', `${HONEST_HEADER}.${HONEST_PAYLOAD}.${HONEST_SIGNATURE}`),
  row('signature', 'the other of the two values of s', `${HONEST_HEADER}.${HONEST_PAYLOAD}.${negated}`),
  ...TEST_KEYS.map(({ alg, native, verification }) => {
    const kid = verification.kid === undefined ? {} : { kid: KID }
    const token = forgeToken({ alg, ...kid }, CLAIMS, native, alg)
    return row('signature', `of node:crypto with ${alg}`, token, { keys: [verification], algorithms: [alg] })
  }),
  ...(['HS256', 'HS384', 'HS512'] as const).map((alg) => {
    const { native, verification } = getTestKey(alg)
    const token = forgeToken({ alg, kid: 'a-name-of-the-issuer' }, CLAIMS, native, alg)
    return row('signature', `${alg} under a kid, with a secret that has none`, token, {
      keys: [verification],
      algorithms: [alg],
    })
  }),
]

const SIZES: readonly Entry[] = [
  row('size', 'the longest token by default', fill(8192)),
  row('size', 'a token of 100,000 characters, where that is allowed', fill(100_000), { maxTokenLength: 100_000 }),
  row('size', 'a claim of 4000 characters', withClaims({ note: 'a'.repeat(4000) })),
  row('size', 'an issuer of 1000 characters', withClaims({ iss: `https://${'a'.repeat(1000)}` }), {
    issuer: `https://${'a'.repeat(1000)}`,
  }),
]

/** Signs a token of at most so many characters, and of all but three of them. */
function fill(length: number): string {
  const rest = Math.floor(((length - withClaims({ x: '' }).length) * 3) / 4)
  return withClaims({ x: 'a'.repeat(rest) })
}

const ISSUERS: readonly Entry[] = [
  'issuer',
  'joe',
  'urn:example:issuer',
  'https://issuer.example/',
  'http://localhost:4000',
  '\u00fc',
].map((iss) => row('iss', `as ${iss}`, withClaims({ iss }), { issuer: ['another', iss] }))

/** Every unusual token that is valid; one under `kid` is verified with a key of that name. */
export const UNUSUAL_TOKENS: readonly (Entry & { readonly kid?: string })[] = [
  ...[AUDIENCES, TIMES, NUMBERS, NAMES, EMPTY, HEADERS, KIDS, SIGNATURES, SIZES, ISSUERS],
].flat()
