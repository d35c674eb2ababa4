// jsonwebtoken and our functions with its names, on the same thousands of calls: where they disagree, a row of
// docs/migrating-to-token.md has to say so.
import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, sign as signBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import migrated from '@countersign/token/compat/jsonwebtoken'

const root = join(import.meta.dirname, '../..')
const old = createRequire(join(root, 'examples/migrated-login/package.json'))('jsonwebtoken') as Library
const ours = migrated as unknown as Library
const page = readFileSync(join(root, 'docs/migrating-to-token.md'), 'utf8').replaceAll('`', '')
const calls = 2500

interface Library {
  sign(payload: unknown, key: unknown, options: Fields): string
  verify(token: string, key: unknown, options: Fields): unknown
  decode(token: string, options: { complete: true }): unknown
}

type Fields = Record<string, unknown>

/** What came of a call: the claims and the header, or why not. */
interface Outcome {
  result?: unknown
  refusal?: string
}

/** A row of the page, and whether it may be what two outcomes differ by. */
type Explanation<T> = readonly [row: string, applies: (call: T) => boolean]

const at = 1_700_000_000
const secret = 's'.repeat(64)
const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})

/** Makes the same choices at each run. */
function createChoice(seed: number): <T>(values: readonly T[]) => T {
  let state = seed
  return (values) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return values[Math.floor((state / 2 ** 32) * values.length)] as (typeof values)[number]
  }
}

/** Chooses some of the fields, each with a usual value, or now and then with an odd one. */
function chooseFields(
  choose: ReturnType<typeof createChoice>,
  fields: Record<string, { usual?: readonly unknown[]; odd?: readonly unknown[] }>,
): Fields {
  const chosen = Object.entries(fields).flatMap(([name, { usual = [], odd = [] }]) => {
    const values = choose(dice) === 0 ? odd : choose(dice) < 10 ? usual : []
    return values.length === 0 ? [] : [[name, choose(values)] as const]
  })
  return Object.fromEntries(chosen)
}

const dice = Array.from({ length: 40 }, (_, face) => face)

function attempt(run: () => unknown): Outcome {
  try {
    return { result: run() }
  } catch (error) {
    const { name, message } = error as Error
    return { refusal: `${name}: ${message}` }
  }
}

/** Compares all outcomes, and returns how often both agreed to accept and to refuse, and each row was needed. */
function compare<T>(
  made: readonly T[],
  run: (library: Library, call: T) => Outcome,
  isSame: (before: Outcome, after: Outcome) => boolean,
  explanations: readonly Explanation<T>[],
): { accepted: number; refused: number; needed: Set<string> } {
  let [accepted, refused] = [0, 0]
  const needed = new Set<string>()
  for (const call of made) {
    const [before, after] = [run(old, call), run(ours, call)]
    if (isSame(before, after)) {
      if (before.refusal === undefined) accepted += 1
      else refused += 1
      continue
    }
    const row = explanations.find(([, applies]) => applies(call))?.[0]
    assert.ok(row, `${JSON.stringify(call)}: ${JSON.stringify(before)}, and now ${JSON.stringify(after)}`)
    assert.ok(page.includes(`| ${row}`), `the page has no row "${row}"`)
    needed.add(row)
  }
  return { accepted, refused, needed }
}

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null

test('verify: the same answer, error and message for everything that no row of the page is about', () => {
  interface Call {
    header: Fields
    claims: Fields
    options: Fields
    key: string
    signer: 'HS256' | 'HS512' | 'RS256'
    damage: string
  }
  const choose = createChoice(1)
  const made = Array.from({ length: calls }, (): Call => {
    const claims = chooseFields(choose, {
      iat: { usual: [at, at - 60, at + 4], odd: [at + 60, 'now'] },
      nbf: { usual: [at, at - 60], odd: [at + 1, at + 60, '1', null] },
      aud: { usual: ['a', ['a', 'c']], odd: ['b', [], 7] },
      iss: { usual: ['i', 'j'], odd: [['i']] },
      sub: { usual: ['s', 7], odd: ['t', { a: 1 }] },
      jti: { usual: ['j'], odd: ['k', 1] },
      nonce: { usual: ['n'], odd: ['m'] },
    })
    const options = chooseFields(choose, {
      algorithms: { usual: [['HS256'], ['HS256', 'HS512'], ['HS256', 'RS256']], odd: [['RS256'], 'HS256', ['none']] },
      audience: { usual: ['a', ['a', 'b'], ['x']], odd: [/a/, ''] },
      issuer: { usual: ['i', ['i', 'j']], odd: ['x', undefined] },
      subject: { usual: ['s'], odd: ['x'] },
      jwtid: { usual: ['j'], odd: ['x'] },
      nonce: { usual: ['n'], odd: ['x', ' '] },
      ignoreExpiration: { usual: [true, false] },
      ignoreNotBefore: { usual: [true, false] },
      maxAge: { usual: [30, 90, '1m'], odd: ['60', 0] },
      clockTolerance: { usual: [0, 2, 61], odd: [301] },
      complete: { usual: [true, false] },
      allowInvalidAsymmetricKeyTypes: { odd: [false] },
    })
    return {
      header: chooseFields(choose, {
        kid: { usual: ['k'], odd: ['a b'] },
        typ: { usual: ['JWT', 'at+jwt'] },
        crit: { odd: [['exp']] },
      }),
      claims: {
        exp: at + 60,
        ...chooseFields(choose, { exp: { usual: [at + 1], odd: [at, at - 1, at * 1000, 'soon', undefined] } }),
        ...claims,
      },
      options: { clockTimestamp: at, ...options },
      key: choose([secret, secret, secret, secret, secret, secret, publicKey, publicKey, secret.slice(1), 'short']),
      signer: choose(['HS256', 'HS256', 'HS256', 'HS512', 'RS256'] as const),
      damage: choose(['', '', '', '', '', '', '', 'signature', 'no signature', 'segments']),
    }
  })
  const checks = ['audience', 'issuer', 'subject', 'jwtid', 'nonce']
  const isListOfTexts = (value: unknown) => Array.isArray(value) && value.every((item) => typeof item === 'string')
  const explanations: Explanation<Call>[] = [
    [
      'none as an algorithm',
      ({ options }) => isListOfTexts(options.algorithms) && String(options.algorithms) === 'none',
    ],
    ['algorithms as a text', ({ options }) => typeof options.algorithms === 'string'],
    ['a regular expression as audience', ({ options }) => options.audience instanceof RegExp],
    ['an option of verify that is unknown', ({ options }) => checks.some((name) => name in options && !options[name])],
    ['bad options and keys', ({ options }) => options.nonce === ' '],
    ['maxAge: 0', ({ options }) => options.maxAge === 0],
    ["expiresIn: '3600'", ({ options }) => options.maxAge === '60'],
    ['clockTolerance as a text, or above 300', ({ options }) => Number(options.clockTolerance) > 300],
    ['crit, b64 or zip in the header', ({ header }) => 'crit' in header],
    ['a kid with blanks', ({ header }) => header.kid === 'a b'],
    ['a secret under 32 bytes', ({ key }) => key === 'short'],
    ['a secret under 32 bytes', ({ key, signer }) => key.length === 63 && signer === 'HS512'],
    ['bad options and keys', ({ key, options }) => !permits(key, options.algorithms)],
    ['a token whose algorithm the key is not for', ({ key, signer }) => permits(key, [signer]) === false],
    ['registered claims of a wrong type', ({ claims }) => hasUnsoundClaim(claims)],
    ['a time in milliseconds', ({ claims }) => claims.exp === at * 1000],
    ['a token issued in the future', ({ claims }) => Number(claims.iat) > at + 5],
    ['a token without exp', ({ claims }) => claims.exp === undefined],
  ]
  const { accepted, refused, needed } = compare(
    made,
    (library, { header, claims, options, key, signer, damage }) =>
      attempt(() => library.verify(forge({ alg: signer, ...header }, claims, signer, damage), key, options)),
    (before, after) => JSON.stringify(before) === JSON.stringify(after),
    explanations,
  )
  assert.ok(accepted >= 100 && refused >= 200, `${accepted} accepted and ${refused} refused alike`)
  assert.ok(needed.size >= 12, [...needed].join('; '))
})

test('sign: the same claims and header, and refusals, for everything that no row of the page is about', () => {
  interface Call {
    payload: unknown
    options: Fields
    key: string
  }
  const choose = createChoice(2)
  const made = Array.from({ length: calls }, (): Call => {
    const claims = chooseFields(choose, {
      id: { usual: [7, 'x', null, [1], { a: { b: 1 } }] },
      exp: { usual: [at + 5], odd: [String(at), Date.now()] },
      nbf: { usual: [at + 5], odd: ['now'] },
      aud: { usual: ['a', ['a', 'b']], odd: [[7]] },
      iss: { usual: ['i'], odd: [7] },
      sub: { usual: ['s', 7], odd: [{ a: 1 }] },
      jti: { usual: ['j'], odd: [7] },
    })
    return {
      payload: choose(dice) === 0 ? choose(['text', [1]]) : { iat: at, ...claims },
      options: chooseFields(choose, {
        algorithm: { usual: ['HS256', 'HS384', 'HS512'], odd: ['RS256', 'PS256', 'none', 'hs256'] },
        expiresIn: { usual: [60, -60, '15m', '2 days', '1.5h'], odd: ['3600', '', 1.5, undefined, 'soon'] },
        notBefore: { usual: [60, -5, '10s'], odd: ['60', null] },
        audience: { usual: ['a', ['a', 'b']], odd: [7] },
        issuer: { usual: ['i'], odd: [7] },
        subject: { usual: ['s'], odd: [7] },
        jwtid: { usual: ['j'], odd: [7] },
        keyid: { usual: ['k'], odd: ['a b'] },
        header: {
          usual: [{ typ: 'at+jwt' }, { kid: 'h' }, { cty: 'x', extra: [1] }],
          odd: [{ alg: 'HS512' }, { crit: ['x'] }, null],
        },
        noTimestamp: { usual: [true, false], odd: [1] },
        mutatePayload: { usual: [false], odd: [true] },
        encoding: { usual: ['utf8'], odd: ['latin1'] },
        unknown: { odd: [1] },
      }),
      key: choose(dice) < 4 ? choose([privateKey, publicKey, 'short', '']) : secret,
    }
  })
  const explanations: Explanation<Call>[] = [
    ['text or bytes as the payload', ({ payload }) => typeof payload === 'string'],
    ['none as an algorithm', ({ options }) => options.algorithm === 'none'],
    ['mutatePayload', ({ options }) => options.mutatePayload === true || options.encoding === 'latin1'],
    ["expiresIn: '3600'", ({ options }) => options.expiresIn === '3600' || options.notBefore === '60'],
    ['crit, b64 or zip in the header', ({ options }) => isObject(options.header) && 'crit' in options.header],
    ['header.alg that differs', ({ options }) => isObject(options.header) && 'alg' in options.header],
    ['a kid with blanks', ({ options }) => options.keyid === 'a b'],
    ['a secret under 32 bytes', ({ key }) => key === 'short'],
    ['registered claims of a wrong type', ({ payload }) => isObject(payload) && hasUnsoundClaim(payload)],
    ['a time in milliseconds', ({ payload }) => isObject(payload) && Number(payload.exp) > 1e11],
    ['a public key given as a secret', ({ key }) => key === publicKey],
    [
      'sign without expiresIn and exp',
      ({ payload, options }) => !(isObject(payload) && payload.exp) && !options.expiresIn,
    ],
  ]
  const { accepted, refused, needed } = compare(
    made,
    (library, { payload, options, key }) =>
      attempt(() => old.decode(library.sign(payload, key, options), { complete: true })),
    (before, after) =>
      before.refusal === undefined && after.refusal === undefined
        ? JSON.stringify(unsigned(before.result)) === JSON.stringify(unsigned(after.result))
        : before.refusal !== undefined && after.refusal !== undefined,
    explanations,
  )
  assert.ok(accepted >= 100 && refused >= 200, `${accepted} accepted and ${refused} refused alike`)
  assert.ok(needed.size >= 9, [...needed].join('; '))
})

/** Header and payload with their members in order, without the signature. */
function unsigned(decoded: unknown): unknown {
  const { header, payload } = decoded as Record<string, Fields>
  return [header, payload].map((part) => Object.entries(part ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function hasUnsoundClaim({ iat, nbf, exp, iss, sub, jti, aud }: Fields): boolean {
  const isUnsound = (value: unknown, ...types: string[]) => value !== undefined && !types.includes(typeof value)
  const audiences = Array.isArray(aud) ? aud : [aud]
  return (
    [iat, nbf, exp].some((time) => isUnsound(time, 'number')) ||
    [iss, jti, ...audiences].some((text) => isUnsound(text, 'string')) ||
    isUnsound(sub, 'string', 'number')
  )
}

function permits(key: string, algorithms: unknown): boolean {
  if (!Array.isArray(algorithms)) return true
  return algorithms.some((alg) => String(alg).startsWith('HS') !== key.startsWith('-----BEGIN'))
}

function forge(header: Fields, claims: Fields, alg: string, damage: string): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${encode(header)}.${encode(claims)}`
  const hash = `sha${alg.slice(2)}`
  const signature = alg.startsWith('HS')
    ? createHmac(hash, secret).update(input).digest('base64url')
    : signBytes(hash, Buffer.from(input), privateKey).toString('base64url')
  if (damage === 'segments') return `${input}.${signature}.e30`
  if (damage === 'no signature') return `${input}.`
  return `${input}.${damage === 'signature' ? `AAAA${signature.slice(4)}` : signature}`
}
