/** Owns the ways in which a valid token is changed: by its text, its segments, its JSON, its claims or its signature. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { ALGORITHMS, type Algorithm } from '../../algorithm.ts'
import { encode, forgeSignature } from '../forge-token.ts'
import { KID, type TestKey } from '../test-keys.ts'

/** Epoch seconds at which every token is verified. */
export const NOW = 1_700_000_000
export const ISSUER = 'https://issuer.example'
export const AUDIENCE = 'https://api.example'

/** Draws numbers that are the same in every run of one seed. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** Draws a whole number below a limit (mulberry32). */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit) | 0
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }
}

/** A token on its way: what is changed before it is signed, and what after. */
interface Draft {
  header: Record<string, unknown>
  claims: Record<string, unknown>
  /** Written instead of the JSON of the header or claims. */
  headerText?: string | Buffer
  claimsText?: string | Buffer
  /** Changes the segments of header and claims before they are signed. */
  respell?: (segment: string) => string
  signedBy: KeyObject
  signedAs: Algorithm
  /** Changes the signature. */
  changeSignature?: (signature: Buffer) => Buffer
  /** Changes the text of the token. */
  changeText?: (token: string) => unknown
}

type Mutation = (draft: Draft, random: Random) => void

const ATTACKER_EC = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const ATTACKER_RSA = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const ATTACKER_ED = generateKeyPairSync('ed25519').privateKey
const VALUES: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    1,
    -1,
    0.5,
    '',
    ' ',
    'a',
    KID,
    'JWT',
    'at+jwt',
    'none',
    [],
    [''],
    ['a'],
    {},
    { a: 1 },
    [[]],
  ],
  ...[
    ISSUER,
    AUDIENCE,
    [ISSUER],
    [AUDIENCE],
    [AUDIENCE, 5],
    [AUDIENCE, null],
    ['x', AUDIENCE],
    `${AUDIENCE}/`,
    '__proto__',
  ],
  ...[
    NOW,
    NOW + 1,
    NOW - 1,
    NOW * 1000,
    `${NOW}`,
    1e300,
    -NOW,
    '\u{1f511}',
    'a b',
    '../a',
    'a'.repeat(130),
    ['b64'],
    ['exp'],
  ],
]
const PARAMETERS = ['alg', 'kid', 'typ', 'cty', 'crit', 'b64', 'zip', 'jwk', 'jku', 'x5c', 'x5u', 'enc', 'x', '']
const CLAIM_NAMES = [
  'iss',
  'aud',
  'sub',
  'exp',
  'nbf',
  'iat',
  'jti',
  'client_id',
  'scope',
  'roles',
  'x',
  '',
  'constructor',
]
const TIMES = [0, -1, -4, -4.5, -5, -5.5, -6, 1, 4, 4.5, 5, 5.5, 6, 60, -60, 1e6, -1e6, 0.001, -0.001]
const CHARACTERS = [...'AZaz09-_.=+/ \n\t\0é', '\ufeff', '\u0165', '%', '"', '~']
/** JSON that is put behind the last member, and what JSON.stringify would not write. */
const ENDINGS = [
  ...[
    '"x":1,"x":2',
    '"alg":"none"',
    '"sub":"admin"',
    '"\\u0073ub":"a"',
    '"\\u0061":1',
    '"__proto__":{"a":1}',
    '"a":{"b":1,"b":2}',
    '"x":1e999',
  ],
  ...[
    `"x":${'['.repeat(12)}${']'.repeat(12)}`,
    `"x":${'['.repeat(40)}${']'.repeat(40)}`,
    '"x":"\\ud800"',
    '"x":"\\u0000"',
  ],
  ...[
    '"exp":1e999',
    '"nbf":-0',
    '"iat":1.5',
    '"iat":1e400',
    '"x":01',
    '"x":\'a\'',
    '"x":NaN',
    '"x":1,',
    '"x":"\u00e9\u{1f600}"',
  ],
  Array.from({ length: 300 }, (_, index) => `"m${index}":0`).join(),
]
/** Claims of types and sizes that are seldom drawn otherwise, as they are written. */
const TYPED_CLAIMS: readonly (readonly [claim: string, text: string])[] = [
  ...['exp', 'nbf', 'iat'].flatMap((claim) =>
    ['1e999', '-1e999', '-1', '-0', '"1700000000"', 'null', '1.7e9'].map((text) => [claim, text] as const),
  ),
  ...[`["${AUDIENCE}",5]`, `["${AUDIENCE}",null]`, `["${AUDIENCE}",[]]`, `["x","${AUDIENCE}"]`, '{}'].map(
    (text) => ['aud', text] as const,
  ),
  ...['sub', 'jti', 'scope'].flatMap((claim) => ['5', '["a"]', '{}', '""'].map((text) => [claim, text] as const)),
]
const EDGES: readonly ((text: string) => string | Buffer)[] = [
  (text) => `\ufeff${text}`,
  (text) => ` \r\n\t${text}\n `,
  (text) => `${text}\0`,
  (text) => `${text}${text}`,
  (text) => `[${text}]`,
  (text) => text.slice(0, -1),
  (text) => JSON.stringify(JSON.parse(text), null, 2),
  (text) => Buffer.from(text, 'utf16le'),
  (text) => Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from(',"x":"'), Buffer.of(0xff), Buffer.from('"}')]),
  (text) =>
    Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from(',"x":"'), Buffer.of(0xc0, 0xae), Buffer.from('"}')]),
  () => '',
  () => 'null',
]

const setMember = (members: Record<string, unknown>, names: readonly string[], random: Random): void => {
  const name = random.pick(names)
  if (random.below(5) === 0) delete members[name]
  else members[name] = random.pick(VALUES)
}
const flipBit = (bytes: Buffer, random: Random): Buffer => {
  const changed = Buffer.from(bytes)
  const at = random.below(changed.length)
  changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8))
  return changed
}
const insertAt = (text: string, at: number, inserted: string, removed = 0): string =>
  text.slice(0, at) + inserted + text.slice(at + removed)

/** Every kind of change, by its name. */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  nothing: () => {},
  header: ({ header }, random) => setMember(header, PARAMETERS, random),
  claims: ({ claims }, random) => setMember(claims, CLAIM_NAMES, random),
  times: ({ claims }, random) => {
    claims[random.pick(['exp', 'nbf', 'iat'])] = NOW + random.pick(TIMES)
  },
  claimTypes: (draft, random) => {
    const [claim, text] = random.pick(TYPED_CLAIMS)
    draft.claimsText = JSON.stringify({ ...draft.claims, [claim]: '@' }).replace('"@"', text)
  },
  alg: (draft, random) => {
    draft.header.alg = random.pick([
      ...ALGORITHMS,
      'none',
      'None',
      '',
      draft.signedAs.toLowerCase(),
      `${draft.signedAs} `,
    ])
  },
  key: (draft, random) => {
    const attackers = { ES256: ATTACKER_EC, RS256: ATTACKER_RSA, PS256: ATTACKER_RSA, EdDSA: ATTACKER_ED } as const
    const alg = random.pick(Object.keys(attackers) as (keyof typeof attackers)[])
    draft.signedBy = attackers[alg]
    draft.signedAs = alg
    if (random.below(2) === 0) draft.header.alg = alg
  },
  kid: ({ header }, random) => {
    header.kid = random.pick([
      KID,
      'other',
      `${KID}x`,
      KID.toUpperCase(),
      '',
      '../a',
      'a b',
      null,
      5,
      [KID],
      'a'.repeat(200),
    ])
  },
  headerEnding: (draft, random) => {
    draft.headerText = `${JSON.stringify(draft.header).slice(0, -1)},${random.pick(ENDINGS)}}`
  },
  claimsEnding: (draft, random) => {
    draft.claimsText = `${JSON.stringify(draft.claims).slice(0, -1)},${random.pick(ENDINGS)}}`
  },
  headerEdge: (draft, random) => {
    draft.headerText = random.pick(EDGES)(JSON.stringify(draft.header))
  },
  claimsEdge: (draft, random) => {
    draft.claimsText = random.pick(EDGES)(JSON.stringify(draft.claims))
  },
  headerBit: (draft, random) => {
    draft.headerText = flipBit(Buffer.from(JSON.stringify(draft.header)), random)
  },
  claimsBit: (draft, random) => {
    draft.claimsText = flipBit(Buffer.from(JSON.stringify(draft.claims)), random)
  },
  spelling: (draft, random) => {
    const behind = random.pick(['=', '==', '\n', ' ', 'A'])
    const at = random.below(2)
    draft.respell = (segment) => (at === 0 ? segment + behind : insertAt(segment, 4, behind.replace('A', '\t')))
  },
  signature: (draft, random) => {
    draft.changeSignature = random.pick<(signature: Buffer) => Buffer>([
      (signature) => flipBit(signature, random),
      (signature) => signature.subarray(1),
      (signature) => signature.subarray(0, -1),
      (signature) => Buffer.concat([signature, Buffer.of(0)]),
      (signature) => Buffer.alloc(signature.length),
      (signature) => Buffer.alloc(signature.length, 0xff),
      () => Buffer.alloc(0),
    ])
  },
  character: (draft, random) => {
    const [inserted, removed] = [random.pick(['', ...CHARACTERS]), random.below(2)]
    const position = random.below(2 ** 20)
    draft.changeText = (token) => insertAt(token, position % token.length, inserted, removed)
  },
  end: (draft, random) => {
    const behind = random.pick(['=', '==', '===', '.', ' ', '\n', '\t', '\0', 'A', '%3D', '~'])
    draft.changeText = (token) => token + behind
  },
  spareBits: (draft) => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    draft.changeText = (token) => token.slice(0, -1) + alphabet.charAt(alphabet.indexOf(token.slice(-1)) ^ 1)
  },
  segments: (draft, random) => {
    const change = random.pick<(segments: string[]) => string[]>([
      ([header = '', payload = '']) => [header, payload],
      ([header = '', payload = '', signature = '']) => [payload, header, signature],
      ([header = '', , signature = '']) => [header, '', signature],
      ([header = '', payload = '']) => [header, payload, ''],
      (segments) => [...segments, 'a'],
      (segments) => [...segments, 'a', 'b'],
      (segments) => ['', ...segments],
    ])
    draft.changeText = (token) => change(token.split('.')).join('.')
  },
  bytes: (draft) => {
    draft.changeText = (token) => new TextEncoder().encode(token)
  },
  length: ({ claims }, random) => {
    claims.x = 'a'.repeat(random.pick([4000, 5500, 5600, 5700, 6000, 9000]))
  },
}

/** Makes a token whose signature begins with a zero octet, and leaves that out: the number is the same, the octets are not. */
export function makeShortenedToken({ alg, native, verification }: TestKey): string {
  const header = { alg, ...(verification.kid === undefined ? {} : { kid: KID }), typ: 'at+jwt' }
  for (let jti = 0; ; jti += 1) {
    const input = `${encode(header)}.${encode({ iss: ISSUER, aud: AUDIENCE, jti: `${jti}`, iat: NOW, exp: NOW + 60 })}`
    const signature = forgeSignature(input, native, alg)
    if (signature[0] === 0) return `${input}.${encode(signature.subarray(1))}`
  }
}

/** Makes a valid token of a key and changes it in some ways. */
export function mutateToken({ alg, native, verification }: TestKey, kinds: readonly string[], random: Random): unknown {
  const draft: Draft = {
    header: { alg, ...(verification.kid === undefined ? {} : { kid: KID }), typ: 'at+jwt' },
    claims: { iss: ISSUER, aud: AUDIENCE, sub: 'user-1', jti: 'a', scope: 'a b', iat: NOW, exp: NOW + 60 },
    signedBy: native,
    signedAs: alg,
  }
  for (const kind of kinds) MUTATIONS[kind]?.(draft, random)
  const { respell = (segment) => segment, changeSignature = (bytes) => bytes, changeText = (token) => token } = draft
  const header = respell(encode(draft.headerText ?? JSON.stringify(draft.header)))
  const input = `${header}.${respell(encode(draft.claimsText ?? JSON.stringify(draft.claims)))}`
  const signature = changeSignature(forgeSignature(input, draft.signedBy, draft.signedAs))
  return changeText(`${input}.${encode(signature)}`)
}
