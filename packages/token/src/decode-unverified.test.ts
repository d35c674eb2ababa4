import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeUnverified } from './decode-unverified.ts'
import { encode } from './test/forge-token.ts'

const HEADER = { alg: 'none', crit: ['x'], kid: 5 }
const CLAIMS = { iss: ['a'], exp: 'soon' }
const unsigned = `${encode(HEADER)}.${encode(CLAIMS)}`

test('decodes whatever a token says of itself, refused elsewhere or not', () => {
  assert.deepEqual(decodeUnverified(`${unsigned}.AQAB`), {
    protectedHeader: HEADER,
    claims: CLAIMS,
    signature: Uint8Array.of(1, 0, 1),
  })
})

test('tolerates a signature segment that is empty or bad, and then gives no bytes of it', () => {
  assert.deepEqual(decodeUnverified(`${unsigned}.`).signature, new Uint8Array())
  for (const signature of ['A', 'AQAB=', ' AQAB', 'a.b.c', '…', '\n']) {
    assert.deepEqual(decodeUnverified(`${unsigned}.${signature}`), { protectedHeader: HEADER, claims: CLAIMS })
  }
})

test('refuses what cannot be decoded, by its code', () => {
  const refusals = {
    token_malformed: [
      '',
      'a',
      unsigned,
      `.${unsigned}`,
      `${unsigned.replace('.', '..')}.`,
      `${encode(HEADER)}=.${encode(CLAIMS)}.`,
      `e31.${encode(CLAIMS)}.`,
      `${encode(HEADER)}.e31.`,
      ` ${unsigned}.`,
      5,
      null,
    ],
    token_too_large: [`${unsigned}.${'A'.repeat(9000)}`],
    header_invalid: [`${encode('[]')}.${encode(CLAIMS)}.`, `${encode('{"a":1,"a":2}')}.${encode(CLAIMS)}.`],
    claims_malformed: [`${encode(HEADER)}.${encode('x')}.`, `${encode(HEADER)}.${encode('null')}.`],
  }
  for (const [code, tokens] of Object.entries(refusals)) {
    for (const token of tokens) assert.throws(() => decodeUnverified(token as string), { code }, String(token))
  }
  assert.deepEqual(decodeUnverified(`${unsigned}.${'A'.repeat(9000)}`, { maxTokenLength: 10_000 }).claims, CLAIMS)
})
