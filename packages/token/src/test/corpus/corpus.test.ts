/**
 * What is said of the corpus as a whole, and of what has no place in a list. Each entry is one of the portable tests. Every
 * published attack on JWS and on the claims of a JWT has a category, and no category is empty.
 */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import type { VerifierOptions } from '../../create-verifier.ts'
import { createVerifier } from '../../create-verifier.ts'
import { importKey } from '../../import-key.ts'
import { isKey } from '../../key.ts'
import { TokenError } from '../../token-error.ts'
import { encode, forgeSignature } from '../forge-token.ts'
import { getTestKey, HAS_ML_DSA } from '../test-keys.ts'
import { HOSTILE_KEYS, HOSTILE_TOKENS, UNUSUAL_TOKENS } from './corpus.ts'
import {
  ATTACKER,
  AUDIENCE,
  CLAIMS,
  HONEST,
  HONEST_HEADER,
  HONEST_SIGNATURE,
  ISSUER,
  NOW,
  withClaims,
  withHeader,
} from './corpus-entry.ts'

/** The published attacks, less those on what a verifier keeps from one token to the next, which have tests below. */
const CATEGORIES = [
  ...['alg none', 'key confusion', 'empty secret', 'two sources of alg', 'embedded jwk', 'jku and x5u', 'x5c'],
  ...['kid injection', 'kid across issuers', 'crit and b64', 'duplicate members', 'r = s = 0', 'DER', 'malleability'],
  ...(HAS_ML_DSA ? ['ML-DSA'] : []),
  ...['Ed25519', 'weak RSA', 'wrong curve', 'weak secret', 'cut signature', 'framing', 'UTF-8', 'size', '__proto__'],
  ...['polyglot', 'iss', 'aud', 'times', 'typed claims', 'kind', 'clock'],
]

const { verification } = getTestKey('ES256')
const usual = {
  keys: [verification],
  algorithms: ['ES256'],
  issuer: ISSUER,
  audience: AUDIENCE,
  now: () => NOW,
} as const
const verifyUsual = createVerifier(usual)

test('the corpus holds at least 300 hostile tokens and keys and 50 unusual tokens, none twice, every attack among them', () => {
  const hostile = [...HOSTILE_TOKENS, ...HOSTILE_KEYS]
  assert.ok(HOSTILE_TOKENS.length >= 300, `${HOSTILE_TOKENS.length} tokens`)
  assert.ok(HOSTILE_KEYS.length >= 100, `${HOSTILE_KEYS.length} keys`)
  assert.ok(UNUSUAL_TOKENS.length >= 50, `${UNUSUAL_TOKENS.length} unusual tokens`)
  assert.deepEqual([...new Set(hostile.map(({ category }) => category))].sort(), CATEGORIES.toSorted())
  for (const list of [HOSTILE_TOKENS, HOSTILE_KEYS, UNUSUAL_TOKENS]) {
    const names = list.map(({ category, name }) => `${category}: ${name}`)
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    )
  }
})

describe('what a verifier keeps from one token to the next', () => {
  test('does not carry over to a token with the same header, payload or signature', () => {
    const verify = createVerifier(usual)
    const admin = encode({ ...CLAIMS, sub: 'admin' })
    const other = withClaims({ sub: 'user-2' })
    const [otherHeader = '', otherPayload = '', otherSignature = ''] = other.split('.')
    for (let round = 0; round < 20; round += 1) {
      assert.equal(verify(HONEST).sub, 'user-1')
      assert.equal(verify(other).sub, 'user-2')
      for (const forged of [
        `${HONEST_HEADER}.${admin}.${HONEST_SIGNATURE}`,
        `${HONEST_HEADER}.${otherPayload}.${HONEST_SIGNATURE}`,
        `${otherHeader}.${HONEST.split('.')[1]}.${otherSignature}`,
        withHeader({}, ATTACKER),
      ]) {
        assert.equal(captureRefusal(() => verify(forged)).code, 'signature_invalid')
      }
    }
  })

  test('does not outlive exp, nor the verifier of another key', () => {
    let time = NOW
    const verify = createVerifier({ ...usual, now: () => time })
    verify(HONEST)
    time = NOW + 606
    assert.equal(captureRefusal(() => verify(HONEST)).code, 'token_expired')
    const another = importKey(ATTACKER.export({ type: 'pkcs8', format: 'pem' }).toString(), {
      alg: 'ES256',
      kid: 'test-key',
    })
    assert.equal(captureRefusal(() => createVerifier({ ...usual, keys: another })(HONEST)).code, 'signature_invalid')
  })

  test('a header that was refused once is refused again, and one that was accepted is checked for each verifier', () => {
    const verify = createVerifier({ ...usual, typ: 'at+jwt' })
    const typed = createVerifier({ ...usual, typ: 'logout+jwt' })
    for (let round = 0; round < 3; round += 1) {
      verify(HONEST)
      assert.equal(captureRefusal(() => typed(HONEST)).code, 'type_mismatch')
      assert.equal(captureRefusal(() => verify(withHeader({ crit: ['x'], x: 1 }))).code, 'header_unsupported')
    }
  })
})

test('matchers are texts: a regular expression or a function is no issuer, audience or typ (CVE-2026-35041)', () => {
  for (const matcher of [/issuer/g, /^(a+)+$/, () => true, { test: () => true }, 5, null, [/x/]]) {
    for (const option of ['issuer', 'audience', 'typ', 'requiredClaims', 'algorithms']) {
      assert.throws(() => createVerifier({ ...usual, [option]: matcher } as unknown as VerifierOptions), TypeError)
    }
  }
})

test('nothing is fetched: a server that a token points to is never called', async (t) => {
  let calls = 0
  const server = createServer((_request, response) => {
    calls += 1
    response.end('{"keys":[]}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const later = createVerifier({ ...usual, keys: async () => verification })
  for (const parameter of ['jku', 'x5u', 'kid', 'iss', 'url']) {
    const token = withHeader({ [parameter]: url }, ATTACKER)
    assert.throws(() => verifyUsual(token), TokenError)
    await assert.rejects(later(token), TokenError)
  }
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal(calls, 0)
})

test('no refusal tells the signature that would have been right (CVE-2019-7644), nor differs by how much of it was', () => {
  const { verification: secret, native } = getTestKey('HS256')
  const verify = createVerifier({ ...usual, keys: secret, algorithms: ['HS256'] })
  const input = `${encode({ alg: 'HS256' })}.${encode(CLAIMS)}`
  const right = Buffer.from(forgeSignature(input, native, 'HS256'))
  verify(`${input}.${encode(right)}`)
  const texts = [0, 1, 16, 31].map((correct) => {
    const wrong = Buffer.from(right).fill(0, correct)
    if (wrong.equals(right)) wrong.fill(1, correct)
    const error = captureRefusal(() => verify(`${input}.${encode(wrong)}`))
    assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes(encode(right)))
    return `${error.code} ${error.message} ${JSON.stringify(error)}`
  })
  assert.equal(new Set(texts).size, 1)
})

test('a key that is imported is one for a single algorithm, and nothing else passes for a key', () => {
  assert.ok(isKey(verification))
  for (const value of [
    { ...verification },
    Object.create(verification),
    JSON.parse(JSON.stringify(verification)),
    null,
  ]) {
    assert.equal(isKey(value), false)
    assert.throws(() => createVerifier({ ...usual, keys: value as never }), TypeError)
  }
})

function captureRefusal(run: () => unknown): TokenError {
  let result: unknown
  try {
    result = run()
  } catch (error) {
    assert.ok(error instanceof TokenError, inspect(error))
    return error
  }
  assert.fail(`It was accepted: ${inspect(result)}`)
}
