/** Tokens that the issuer signed, but not for this audience, this moment, this use, or with claims of other types. */

import type { TokenErrorCode } from '../../token-error.ts'
import {
  AUDIENCE,
  CLAIMS,
  type Entry,
  type EntryOptions,
  HEADER,
  ISSUER,
  NOW,
  sign,
  withClaims,
  withHeader,
} from './corpus-entry.ts'

type Row = readonly [value: unknown, code: TokenErrorCode, options?: EntryOptions]

const rows = (category: string, claim: string, list: readonly Row[]): Entry[] =>
  list.map(([value, code, options]) => ({
    category,
    name: [claim, value === undefined ? 'left out' : JSON.stringify(value).slice(0, 60), describeOptions(options)].join(
      ' ',
    ),
    token: withClaims({ [claim]: value }),
    code,
    ...(options === undefined ? {} : { options }),
  }))

const describeOptions = (options: EntryOptions | undefined): string =>
  options === undefined ? '' : `with ${JSON.stringify(options)}`

const ISSUERS = rows(
  'iss',
  'iss',
  [
    ...[undefined, '', 'https://issuer.example/', 'HTTPS://ISSUER.EXAMPLE', 'https://issuer.exampl', 'issuer.example'],
    ...[
      'https://issuer.example.attacker.example',
      'https://attacker.example/https://issuer.example',
      `${ISSUER} `,
      ` ${ISSUER}`,
    ],
    ...[
      `${ISSUER}\0`,
      `${ISSUER}\n`,
      `${ISSUER}#`,
      `${ISSUER}?`,
      'https://issuer.example:443',
      'http://issuer.example',
    ],
    ...[
      'https://issuer.ex\u0430mple',
      'https://xn--issuer.example',
      'null',
      '*',
      '.*',
      'https://issuer%2Eexample',
      '__proto__',
    ],
  ].map((value) => [value, 'issuer_mismatch'] as const),
).concat(
  rows(
    'iss',
    'iss',
    [null, 0, true, [ISSUER], [ISSUER, 'x'], {}, { 0: ISSUER }, [[ISSUER]], []].map(
      (value) => [value, 'claim_invalid'] as const,
    ),
  ),
)

const AUDIENCES = rows(
  'aud',
  'aud',
  [
    ...[
      undefined,
      '',
      [],
      [''],
      'https://api.exampl',
      'https://api.example/',
      'https://api.example.attacker.example',
      'API',
    ],
    ...[
      `${AUDIENCE},x`,
      `x ${AUDIENCE}`,
      [`${AUDIENCE} x`],
      ['x', 'y'],
      'https://API.example',
      '*',
      ['.*'],
      `${AUDIENCE}\0`,
    ],
    ...[['https://api.example#'], 'api.example', `["${AUDIENCE}"]`, ['__proto__']],
  ].map((value) => [value, 'audience_mismatch'] as const),
).concat(
  rows(
    'aud',
    'aud',
    [null, 0, true, {}, { aud: AUDIENCE }, [AUDIENCE, 5], [AUDIENCE, null], [[AUDIENCE]], [AUDIENCE, {}]].map(
      (value) => [value, 'claim_invalid'] as const,
    ),
  ),
)

const TYPED_TIMES = ['exp', 'nbf', 'iat'].flatMap((claim) =>
  rows(
    'times',
    claim,
    [`${NOW}`, '', 'never', null, true, false, [], [NOW], {}, -1, '2030-01-01T00:00:00Z'].map(
      (value) => [value, 'claim_invalid'] as const,
    ),
  ),
)

const TIMES: readonly Entry[] = [
  ...rows('times', 'exp', [
    [undefined, 'claim_missing'],
    [0, 'token_expired'],
    [1, 'token_expired'],
    [0.5, 'token_expired'],
    [NOW - 600, 'token_expired'],
    [NOW - 5, 'token_expired'],
    [NOW, 'token_expired', { clockTolerance: 0 }],
    [NOW - 0.001, 'token_expired', { clockTolerance: 0 }],
    [NOW * 1000, 'lifetime_too_long', { maxLifetime: '1d' }],
    [NOW + 86_401, 'lifetime_too_long', { maxLifetime: '1d' }],
    [Number.MAX_VALUE, 'lifetime_too_long', { maxLifetime: '1d' }],
  ]),
  ...rows('times', 'nbf', [
    [NOW + 6, 'token_not_yet_valid'],
    [NOW + 5.001, 'token_not_yet_valid'],
    [NOW + 1, 'token_not_yet_valid', { clockTolerance: 0 }],
    [NOW * 1000, 'token_not_yet_valid'],
    [Number.MAX_VALUE, 'token_not_yet_valid'],
  ]),
  ...rows('times', 'iat', [
    [NOW + 6, 'token_not_yet_valid'],
    [NOW * 1000, 'token_not_yet_valid'],
    [undefined, 'claim_missing', { maxTokenAge: '10m' }],
    [undefined, 'claim_missing', { maxLifetime: '10m' }],
    [NOW - 606, 'token_too_old', { maxTokenAge: '10m' }],
    [0, 'token_too_old', { maxTokenAge: '10m' }],
    [NOW - 1, 'lifetime_too_long', { maxLifetime: '10m' }],
  ]),
  ...['1e999', '-1e999', '-0.1', '-1e-300'].map((text) => ({
    category: 'times',
    name: `exp ${text}`,
    // JSON.stringify would write null for the first two.
    token: sign(HEADER, JSON.stringify({ ...CLAIMS, exp: '@' }).replace('"@"', text)),
    code: 'claim_invalid' as const,
  })),
]

const STRINGS = ['sub', 'jti', 'client_id', 'scope'].flatMap((claim) =>
  rows(
    'typed claims',
    claim,
    [null, 0, 1.5, true, [], ['a'], {}, [['a']]].map((value) => [value, 'claim_invalid'] as const),
  ),
)
const REQUIRED = ['sub', 'jti', 'client_id', 'scope', 'email', 'constructor', 'toString', 'hasOwnProperty'].map(
  (claim) => ({
    category: 'typed claims',
    name: `${claim} is required and left out`,
    token: withClaims({ [claim]: undefined }),
    code: 'claim_missing' as const,
    options: { requiredClaims: [claim] },
  }),
)
const REQUIRED_NULL = ['email', 'tenant'].map((claim) => ({
  category: 'typed claims',
  name: `${claim} is required and null`,
  token: withClaims({ [claim]: null }),
  code: 'claim_missing' as const,
  options: { requiredClaims: [claim] },
}))

const KINDS: readonly Entry[] = [
  ...[
    'JWT',
    'id+jwt',
    'logout+jwt',
    'dpop+jwt',
    'secevent+jwt',
    'client-authentication+jwt',
    'refresh+jwt',
    'vc+sd-jwt',
  ],
  ...[
    'at+jwt ',
    'at jwt',
    'application/at+jwt/',
    'text/at+jwt',
    'application/application/at+jwt',
    'at+jwt;v=1',
    '',
    'at+\u212Awt',
  ],
].map((typ) => ({
  category: 'kind',
  name: `typ ${JSON.stringify(typ)} where an access token is expected`,
  token: withHeader({ typ }),
  code: 'type_mismatch',
  options: { typ: 'at+jwt' },
}))
const NO_KIND: readonly Entry[] = [
  {
    category: 'kind',
    name: 'no typ where one is expected',
    token: withHeader({ typ: undefined }),
    code: 'type_mismatch',
    options: { typ: 'at+jwt' },
  },
  ...[null, 5, ['at+jwt'], {}, true].map(
    (typ): Entry => ({
      category: 'kind',
      name: `typ of a wrong type: ${JSON.stringify(typ)}`,
      token: withHeader({ typ }),
      code: 'header_invalid',
    }),
  ),
  ...[null, 5, ['JWT'], {}].map(
    (cty): Entry => ({
      category: 'kind',
      name: `cty of a wrong type: ${JSON.stringify(cty)}`,
      token: withHeader({ cty }),
      code: 'header_invalid',
    }),
  ),
]

const CLOCKS: readonly Entry[] = [Number.NaN, undefined, 'now', Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map(
  (time): Entry => ({
    category: 'clock',
    name: `a clock that tells ${String(time)} accepts nothing`,
    token: withClaims({ nbf: NOW }),
    code: time === Number.NEGATIVE_INFINITY ? 'token_not_yet_valid' : 'token_expired',
    options: { now: () => time as number },
  }),
)

/** What is signed, but not for here and now. */
export const HOSTILE_CLAIMS: readonly Entry[] = [
  ...[ISSUERS, AUDIENCES, TYPED_TIMES, TIMES, STRINGS, REQUIRED, REQUIRED_NULL, KINDS, NO_KIND, CLOCKS],
].flat() as Entry[]
