/** Tokens whose signature would hold, but whose text two readers may read in two ways. */
import { randomBytes } from 'node:crypto'
import { encode } from '../forge-token.ts'
import { KID } from '../test-keys.ts'
import {
  CLAIMS,
  type Entry,
  HEADER,
  HONEST,
  HONEST_HEADER,
  HONEST_PAYLOAD,
  HONEST_SIGNATURE,
  sign,
  withClaims,
  withClaimsText,
  withHeader,
  withHeaderText,
} from './corpus-entry.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** Changes the bits of the last character that no byte is made of. */
const respell = (segment: string): string =>
  segment.slice(0, -1) + ALPHABET.charAt(ALPHABET.indexOf(segment.slice(-1)) ^ 1)

/** A header whose length leaves bits over, and so has several spellings that decode alike. */
const looseHeader = sign({ ...HEADER, x: 'a'.repeat(((3 - ((JSON.stringify(HEADER).length + 7) % 3)) % 3) + 1) })

const KIDS: readonly Entry[] = (
  [
    ...[
      '../../../dev/null',
      '..\\..\\windows',
      '/etc/../etc/passwd',
      "' OR '1'='1",
      "x'; DROP TABLE keys; --",
      '"',
      '`id`',
    ],
    ...[
      '$(id)',
      '| cat /etc/passwd',
      'a;b',
      'a&b',
      '*',
      '*)(uid=*',
      '(|(cn=*))',
      'a\0b',
      '\0',
      'a\r\nX: y',
      'a\nb',
      '\u001b[2J',
    ],
    ...[
      '<script>',
      '{{7*7}}',
      '%2e%2e%2f',
      '%00',
      'ké',
      'kid\u202e',
      '\ufeffkid',
      ' test-key',
      'test-key ',
      '',
      ' ',
      '\u{1f511}',
    ],
    ...['a'.repeat(129), 'a'.repeat(4000), 'a,b', 'a|b', '[a]', '{a}', '!a', '~..~', 'a?b', 'a^b'],
  ] as const
).map((kid) => ({
  category: 'kid injection',
  name: `${JSON.stringify(kid).slice(0, 40)} of ${kid.length}`,
  token: withHeader({ kid }),
  code: 'header_invalid',
}))

const KIDS_OF_A_TYPE: readonly Entry[] = [null, 0, 1, true, [], [KID], {}, { kid: KID }, [[KID]]].map((kid) => ({
  category: 'kid injection',
  name: `of a wrong type: ${JSON.stringify(kid)}`,
  token: withHeader({ kid }),
  code: 'header_invalid',
}))

const KIDS_OF_NOBODY: readonly Entry[] = [
  ...['__proto__', 'constructor', 'toString', 'length', '0', 'undefined', 'null', 'TEST-KEY', 'test-key.', 'test-ke'],
  ...['https://attacker.example/jwks.json', '/dev/null', 'default', 'a@b.example', 'urn:x', 'AAAA=='],
].map((kid) => ({
  category: 'kid injection',
  name: `${kid}, which no key has`,
  token: withHeader({ kid }),
  code: 'key_not_found',
}))

const DUPLICATES: readonly Entry[] = [
  ...['"alg":"ES256"', '"alg":"none"', '"\\u0061lg":"ES256"', '"kid":"other"', '"typ":"JWT"', '"x":{"a":1,"a":1}'].map(
    (text) => ({ name: `header: ${text}`, token: withHeaderText(text), code: 'header_invalid' }),
  ),
  ...['"x":[{"a":[{"b":1,"b":2}]}]', '"x":1,"x":1', '"":1,"":2', '"x\\/y":1,"x/y":2', '"\\ud83d\\ude00":1,"😀":2'].map(
    (text) => ({ name: `header: ${text}`, token: withHeaderText(text), code: 'header_invalid' }),
  ),
  ...['"sub":"admin"', '"\\u0073ub":"admin"', '"exp":99999999999', '"iss":"https://attacker.example"'].map((text) => ({
    name: `claims: ${text}`,
    token: withClaimsText(text),
    code: 'claims_malformed',
  })),
  ...['"aud":["https://api.example"]', '"scope":"admin"', '"x":{"y":{"z":1,"z":1}}', '"x":1,"\\u0078":1'].map(
    (text) => ({
      name: `claims: ${text}`,
      token: withClaimsText(text),
      code: 'claims_malformed',
    }),
  ),
].map((entry) => ({ category: 'duplicate members', ...entry }) as Entry)

const POLLUTION: readonly Entry[] = [
  ...[
    '"__proto__":{"admin":true}',
    '"__proto__":null',
    '"\\u005f_proto__":{}',
    '"x":{"__proto__":{"a":1}}',
    '"x":[{"__proto__":1}]',
  ],
].flatMap((text) => [
  { category: '__proto__', name: `header: ${text}`, token: withHeaderText(text), code: 'header_invalid' as const },
  { category: '__proto__', name: `claims: ${text}`, token: withClaimsText(text), code: 'claims_malformed' as const },
])

const FRAMING: readonly Entry[] = Object.entries({
  nothing: '',
  'one dot': '.',
  'two dots': '..',
  'three dots': '...',
  'one segment': HONEST_HEADER,
  'two segments': `${HONEST_HEADER}.${HONEST_PAYLOAD}`,
  'four segments': `${HONEST}.${HONEST_SIGNATURE}`,
  'five segments': `${HONEST}.a.b`,
  'a dot before': `.${HONEST}`,
  'a dot behind': `${HONEST}.`,
  'no header': `.${HONEST_PAYLOAD}.${HONEST_SIGNATURE}`,
  'two tokens with a comma': `${HONEST},${HONEST}`,
  'two tokens with a space': `${HONEST} ${HONEST}`,
  'a Bearer prefix': `Bearer ${HONEST}`,
  'a bearer prefix and colon': `bearer:${HONEST}`,
  'a space before': ` ${HONEST}`,
  'a space behind': `${HONEST} `,
  'a tab': `${HONEST}\t`,
  'a line break': `${HONEST}\n`,
  'a line break in the payload': HONEST.replace('.', '.\n'),
  'CRLF every 76 characters': HONEST.replaceAll(/.{76}/g, '$&\r\n'),
  'a NUL behind': `${HONEST}\0`,
  'a NUL and more behind': `${HONEST}\0.a`,
  'a byte order mark': `\ufeff${HONEST}`,
  'a zero-width space': HONEST.replace('.', '.\u200b'),
  'full stops of another script': HONEST.replaceAll('.', '\u3002'),
  'full-width full stops': HONEST.replaceAll('.', '\uff0e'),
  'full-width letters': HONEST.replace('e', '\uff45'),
  'letters above 8 bits': HONEST.replace('e', '\u0165'),
  'percent encoding': HONEST.replaceAll('.', '%2E'),
  'a quoted token': `"${HONEST}"`,
  'a token in angle brackets': `<${HONEST}>`,
  'one pad': `${HONEST}=`,
  'two pads': `${HONEST}==`,
  'pads on the header': `${HONEST_HEADER}=.${HONEST_PAYLOAD}.${HONEST_SIGNATURE}`,
  'pads on the payload': `${HONEST_HEADER}.${HONEST_PAYLOAD}==.${HONEST_SIGNATURE}`,
  'percent-encoded pads': `${HONEST}%3D%3D`,
  'the alphabet of base64': `${HONEST_HEADER}.${HONEST_PAYLOAD}.+/${HONEST_SIGNATURE.slice(2)}`,
  'a segment of one character': `${HONEST_HEADER}.a.${HONEST_SIGNATURE}`,
  'a tilde and a disclosure (SD-JWT)': `${HONEST}~WyJzYWx0IiwibmFtZSIsInZhbHVlIl0~`,
  'a query': `${HONEST}?a=b`,
  'a fragment': `${HONEST}#a`,
  'the detached form': `${HONEST_HEADER}..${HONEST_SIGNATURE}`,
  'base64 of the whole token': encode(HONEST),
  'a number': '1.2.3',
}).map(([name, token]) => ({
  category: 'framing',
  name,
  token,
  code: name === 'the detached form' ? 'signature_invalid' : 'token_malformed',
})) as Entry[]

const NO_STRINGS: readonly Entry[] = [undefined, null, 0, true, Symbol('token'), {}, [], [HONEST], 1n].map((token) => ({
  category: 'framing',
  name: `no string: ${String(token).slice(0, 20)} (${typeof token})`,
  token,
  code: 'token_malformed',
}))

const SPELLINGS: readonly Entry[] = [
  ['the signature', `${HONEST_HEADER}.${HONEST_PAYLOAD}.${respell(HONEST_SIGNATURE)}`],
  ['the header', looseHeader.replace(/^[^.]+/, respell)],
  [
    'the signature, by its second spare bit',
    HONEST.slice(0, -1) + ALPHABET.charAt(ALPHABET.indexOf(HONEST.slice(-1)) ^ 2),
  ],
].map(([name, token]) => ({
  category: 'malleability',
  name: `bits left over in ${name}`,
  token,
  code: 'token_malformed',
}))

const text = JSON.stringify(CLAIMS)
const bytes = (...parts: (string | number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)))
const IN_CLAIMS: Readonly<Record<string, string | Uint8Array>> = {
  nothing: '',
  'white space': '  ',
  null: 'null',
  true: 'true',
  'a number': '1700000000',
  'a string': '"token"',
  'an array': '[]',
  'an array of claims': `[${text}]`,
  'claims in a string': JSON.stringify(text),
  'a byte order mark': `\ufeff${text}`,
  'UTF-16': Buffer.from(text, 'utf16le'),
  'UTF-16 with its mark': bytes([0xff, 0xfe], [...Buffer.from(text, 'utf16le')]),
  'UTF-32': bytes([...text].flatMap((character) => [character.charCodeAt(0), 0, 0, 0])),
  latin1: bytes(text.slice(0, -1), ',"x":"', [0xe9], '"}'),
  'a byte FF': bytes(text.slice(0, -1), ',"x":"', [0xff], '"}'),
  'a surrogate (CESU-8)': bytes(text.slice(0, -1), ',"x":"', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80], '"}'),
  'an overlong dot': bytes(text.slice(0, -1), ',"x":"', [0xc0, 0xae], '"}'),
  'an overlong NUL': bytes(text.slice(0, -1), ',"x":"', [0xc0, 0x80], '"}'),
  'above U+10FFFF': bytes(text.slice(0, -1), ',"x":"', [0xf4, 0x90, 0x80, 0x80], '"}'),
  'a cut sequence': bytes(text.slice(0, -1), ',"x":"', [0xe2, 0x82], '"}'),
  'a lone continuation': bytes([0x80], text),
  'a trailing comma': `${text.slice(0, -1)},}`,
  'a comment': `${text.slice(0, -1)}/* */}`,
  'single quotes': text.replaceAll('"', "'"),
  'names without quotes': '{iss:1}',
  'two objects': `${text}{}`,
  'text behind': `${text} x`,
  'a NUL behind': `${text}\0`,
  NaN: `${text.slice(0, -1)},"x":NaN}`,
  Infinity: `${text.slice(0, -1)},"x":Infinity}`,
  'a hexadecimal number': `${text.slice(0, -1)},"x":0x10}`,
  'a leading zero': `${text.slice(0, -1)},"x":01}`,
  'a plus sign': `${text.slice(0, -1)},"x":+1}`,
  'a line break in a string': `${text.slice(0, -1)},"x":"a\nb"}`,
  'an unknown escape': `${text.slice(0, -1)},"x":"\\x41"}`,
  'a cut object': text.slice(0, -1),
  XML: '<claims/>',
  'random bytes': randomBytes(64),
  CBOR: bytes([0xa1, 0x63], 'iss', [0x61], 'i'),
  'another token': HONEST,
}

const ENCODINGS: readonly Entry[] = Object.entries(IN_CLAIMS).flatMap(([name, written]) => [
  { category: 'UTF-8', name: `claims: ${name}`, token: sign(HEADER, written), code: 'claims_malformed' as const },
])

const HEADER_ENCODINGS: readonly Entry[] = Object.entries({
  nothing: ' ',
  null: 'null',
  'an array': `[${JSON.stringify(HEADER)}]`,
  'a string': '"ES256"',
  'a byte order mark': `\ufeff${JSON.stringify(HEADER)}`,
  'UTF-16': Buffer.from(JSON.stringify(HEADER), 'utf16le'),
  'a byte FF': bytes(JSON.stringify(HEADER).slice(0, -1), ',"x":"', [0xff], '"}'),
  'an overlong letter': bytes('{"', [0xc1, 0xa1], 'lg":"ES256"}'),
  'a trailing comma': '{"alg":"ES256",}',
  'two objects': `${JSON.stringify(HEADER)}{}`,
  'single quotes': "{'alg':'ES256'}",
}).map(([name, header]) => ({
  category: 'UTF-8',
  name: `header: ${name}`,
  token: sign(header),
  code: 'header_invalid',
})) as Entry[]

const nested = (depth: number): string => `"x":${'['.repeat(depth)}${']'.repeat(depth)}`
const members = (count: number): string => Array.from({ length: count }, (_, index) => `"m${index}":0`).join()
const SIZES = [
  {
    name: 'a token of 8193 characters',
    token: `${HONEST}${'A'.repeat(8193 - HONEST.length)}`,
    code: 'token_too_large',
  },
  { name: 'a million characters', token: 'A'.repeat(1_000_000), code: 'token_too_large' },
  { name: 'a million dots', token: '.'.repeat(1_000_000), code: 'token_too_large' },
  {
    name: 'a claim that makes the token too long',
    token: withClaims({ x: 'a'.repeat(8000) }),
    code: 'token_too_large',
  },
  { name: 'a smaller limit', token: HONEST, code: 'token_too_large', options: { maxTokenLength: HONEST.length - 1 } },
  { name: 'header: depth of 16 in the header', token: withHeaderText(nested(16)), code: 'header_invalid' },
  { name: 'header: depth of 1000', token: withHeaderText(nested(1000)), code: 'header_invalid' },
  { name: 'header: 257 members', token: withHeaderText(members(257)), code: 'header_invalid' },
  { name: 'claims: depth of 16 in the claims', token: withClaimsText(nested(16)), code: 'claims_malformed' },
  { name: 'claims: depth of 2000', token: withClaimsText(nested(2000)), code: 'claims_malformed' },
  { name: 'claims: 300 members', token: withClaimsText(members(300)), code: 'claims_malformed' },
  {
    name: 'claims: 257 members in nested objects',
    token: withClaimsText(`"x":[${Array.from({ length: 250 }, () => '{"a":1}').join()}]`),
    code: 'claims_malformed',
  },
].map((entry) => ({ category: 'size', ...entry })) as Entry[]

const json = { protected: HONEST_HEADER, payload: HONEST_PAYLOAD, signature: HONEST_SIGNATURE }
const POLYGLOTS: readonly Entry[] = Object.entries({
  'the flattened serialization': JSON.stringify(json),
  'the general serialization': JSON.stringify({ payload: json.payload, signatures: [json] }),
  'JSON that splits into three': JSON.stringify({ ...json, x: '..' }).replaceAll('"', ''),
  'JSON before a token': `{"a":"b"}${HONEST}`,
  'a token that is a member name (CVE-2022-39227)': `{"${HONEST_HEADER}.${HONEST_PAYLOAD}.":1,"signature":"${HONEST_SIGNATURE}"}`,
  'JSON in the first segment': `{"alg":"ES256"}.${HONEST_PAYLOAD}.${HONEST_SIGNATURE}`,
  'JSON in the second segment': `${HONEST_HEADER}.${JSON.stringify(CLAIMS)}.${HONEST_SIGNATURE}`,
  'an array with a token': JSON.stringify([HONEST]),
}).map(([name, token]) => ({ category: 'polyglot', name, token, code: 'token_malformed' }))

/** What is malformed, oversized or written in two ways. */
export const HOSTILE_FORMS: readonly Entry[] = [
  ...[KIDS, KIDS_OF_A_TYPE, KIDS_OF_NOBODY, DUPLICATES, POLLUTION, FRAMING, NO_STRINGS, SPELLINGS],
  ...[ENCODINGS, HEADER_ENCODINGS, SIZES, POLYGLOTS],
].flat() as Entry[]
