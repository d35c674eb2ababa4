/**
 * A verifier that has seen a token before takes a shorter way with the next one, and all verifiers work in one buffer.
 * Neither may show: whatever came before, a token is accepted or refused as by a verifier that was made for it alone.
 */
import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import type { JwtClaims } from '../claims.ts'
import { createSigner } from '../create-signer.ts'
import { createVerifier } from '../create-verifier.ts'
import { importKey } from '../import-key.ts'
import type { Key } from '../key.ts'
import { ProvenHeaders } from '../proven-headers.ts'
import { SCRATCH_TOKEN_LENGTH } from '../scratch.ts'
import { TokenError } from '../token-error.ts'
import { encode, forgeToken } from './forge-token.ts'
import { getTestKey, KID, TEST_KEYS, type TestKey } from './test-keys.ts'

const NOW = 1_700_000_000
const CLAIMS = { iss: 'i', aud: 'a', exp: NOW + 60, sub: 'user-1' }
const settings = { issuer: 'i', audience: 'a', now: () => NOW, maxTokenLength: 100_000 } as const
const es256 = getTestKey('ES256')
const attacker = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

const createLocal = ({ alg, verification }: TestKey): ((token: string) => JwtClaims) =>
  createVerifier({ keys: verification, algorithms: [alg], ...settings })
const headerOf = ({ alg, verification }: TestKey): object =>
  verification.kid === undefined ? { alg } : { alg, kid: KID }
const tokenOf = (key: TestKey, claims: object = CLAIMS): string =>
  forgeToken(headerOf(key), claims, key.native, key.alg)

/** What came of it: the claims, or the code and the words of the refusal. */
function outcomeOf(verify: () => unknown): unknown {
  try {
    return { claims: verify() }
  } catch (error) {
    assert.ok(error instanceof TokenError, String(error))
    return { code: error.code, message: error.message, claim: error.claim, received: error.received }
  }
}

describe('a verifier that has proven a header decides as one that has not', () => {
  for (const key of TEST_KEYS) {
    const warm = createLocal(key)
    const token = tokenOf(key)
    const [header = '', payload = '', signature = ''] = token.split('.')
    const agree = (other: string): void => {
      assert.deepEqual(warm(token), CLAIMS)
      const expected = outcomeOf(() => createLocal(key)(other))
      for (let time = 0; time < 2; time += 1)
        assert.deepEqual(
          outcomeOf(() => warm(other)),
          expected,
          other,
        )
    }

    test(`${key.alg}: for tokens that were changed anywhere`, () => {
      const character = fc.oneof(fc.constantFrom(...'AQgw-_.=+/ \n\0'), fc.string({ minLength: 1, maxLength: 2 }))
      fc.assert(
        fc.property(fc.nat(token.length), fc.nat(2), character, (at, removed, added) => {
          agree(token.slice(0, at) + added + token.slice(at + removed))
        }),
        { numRuns: 150 },
      )
    })

    test(`${key.alg}: for characters that some encoding bends into those of the token`, () => {
      for (let at = 0; at < token.length; at += 7) {
        const code = token.charCodeAt(at)
        for (const bent of [code + 0x100, code + 0x4e00, code | 0x80]) {
          const other = token.slice(0, at) + String.fromCharCode(bent) + token.slice(at + 1)
          agree(other)
          assert.throws(() => warm(other), { code: 'token_malformed' })
        }
      }
    })

    test(`${key.alg}: for segments that are left out, empty, doubled or in another order`, () => {
      const part = fc.constantFrom(header, payload, signature, '', 'A', `${header}A`, header.slice(0, -1), '.')
      fc.assert(
        fc.property(fc.array(part, { maxLength: 5 }), (parts) => agree(parts.join('.'))),
        { numRuns: 150 },
      )
    })

    test(`${key.alg}: for headers that say the same or nearly the same, under an honest and a wrong signature`, () => {
      const { alg } = key
      const members: fc.Arbitrary<object> = fc.constantFrom(
        { alg },
        { kid: KID },
        { kid: 'other' },
        { typ: 'JWT' },
        { crit: ['x'] },
        { b64: false },
        { alg: 'none' },
        { alg: alg.toLowerCase() },
        { x: '🦊' },
      )
      fc.assert(
        fc.property(fc.array(members, { maxLength: 4 }), fc.boolean(), fc.boolean(), (parts, isHonest, isSpaced) => {
          const json = JSON.stringify(Object.assign({}, ...parts), null, isSpaced ? 1 : 0)
          const honest = forgeToken(json, CLAIMS, key.native, alg)
          agree(isHonest ? honest : `${honest.slice(0, honest.lastIndexOf('.') + 1)}${signature}`)
        }),
        { numRuns: 60 },
      )
    })
  }
})

describe('only a valid signature puts a header into the list', () => {
  const listen = (context: TestContext): { headers: () => unknown[] } => {
    const add = context.mock.method(ProvenHeaders.prototype, 'add')
    return { headers: () => add.mock.calls.map((call) => call.arguments[1]) }
  }
  const verify = createLocal(es256)
  const forged = (header: object, key: KeyObject = attacker): string => forgeToken(header, CLAIMS, key, 'ES256')

  test('a header under no signature, a wrong one, or that of another token, never', (context) => {
    const { headers } = listen(context)
    const [, payload = '', signature = ''] = tokenOf(es256).split('.')
    for (let index = 0; index < 50; index += 1) {
      const header = { alg: 'ES256', kid: KID, index }
      for (const token of [
        forged(header),
        `${encode(header)}.${payload}.${signature}`,
        `${encode(header)}.${payload}.`,
      ])
        assert.throws(() => verify(token), { code: 'signature_invalid' })
    }
    assert.deepEqual(headers(), [])
  })

  test('that of a token whose signature holds, even if its claims are refused', (context) => {
    const { headers } = listen(context)
    assert.throws(() => verify(tokenOf(es256, { ...CLAIMS, aud: 'other' })), { code: 'audience_mismatch' })
    verify(tokenOf(es256))
    assert.deepEqual(headers()[0], { alg: 'ES256', kid: KID })
  })

  test('one verifier knows nothing of what another has proven', () => {
    const token = forged({ alg: 'ES256', kid: KID, typ: 'at+jwt' }, es256.native)
    assert.deepEqual(verify(token), CLAIMS)
    const other = createVerifier({ keys: es256.verification, algorithms: ['ES256'], ...settings, typ: 'logout+jwt' })
    assert.throws(() => other(token), { code: 'type_mismatch' })
    const rs256 = createVerifier({ keys: getTestKey('RS256').verification, algorithms: ['RS256'], ...settings })
    assert.throws(() => rs256(token), { code: 'algorithm_not_allowed' })
  })

  test('a header that a resolver is given cannot be changed, nor what is in it', async () => {
    const seen: unknown[] = []
    const keys = (header: object): Key => {
      seen.push(header)
      assert.throws(() => Object.assign(header, { kid: 'x' }), TypeError)
      assert.throws(() => (header as { nested: { list: number[] } }).nested.list.push(2), TypeError)
      return es256.verification
    }
    const resolve = createVerifier({ keys, algorithms: ['ES256'], ...settings })
    const header = { alg: 'ES256', kid: KID, nested: { list: [1] } }
    for (let time = 0; time < 3; time += 1) await resolve(forged(header, es256.native))
    assert.deepEqual(seen, [header, header, header])
  })
})

describe('a key is chosen anew for each token', () => {
  test('a key that its resolver no longer finds, or has replaced, verifies nothing, however often it did', async () => {
    const otherPair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const other = importKey({ ...otherPair.publicKey.export({ format: 'jwk' }) }, { alg: 'ES256', kid: KID })
    let current: Key | undefined = es256.verification
    const verify = createVerifier({ keys: () => current, algorithms: ['ES256'], ...settings })
    for (let time = 0; time < 10; time += 1) assert.deepEqual(await verify(tokenOf(es256)), CLAIMS)
    current = undefined
    await assert.rejects(verify(tokenOf(es256)), { code: 'key_not_found' })
    current = other
    await assert.rejects(verify(tokenOf(es256)), { code: 'signature_invalid' })
    assert.deepEqual(await verify(forgeToken(headerOf(es256), CLAIMS, otherPair.privateKey, 'ES256')), CLAIMS)
    current = es256.verification
    assert.deepEqual(await verify(tokenOf(es256)), CLAIMS)
  })

  test('a header without kid stands for every key of its algorithm, whichever proved it first', () => {
    const secrets = [1, 2, 3].map((byte) => Buffer.alloc(32, byte))
    const keys = secrets.map((secret) => importKey(secret, { alg: 'HS256' }))
    const verify = createVerifier({ keys, algorithms: ['HS256'], ...settings })
    for (const key of [...keys, ...keys].reverse()) {
      assert.equal(verify(createSigner({ key, issuer: 'i', audience: 'a', lifetime: 60, now: () => NOW })({})).iss, 'i')
    }
  })
})

describe('all verifiers share one buffer, and none sees what another left in it', () => {
  const verifiers = TEST_KEYS.map((key) => ({ key, verify: createLocal(key) }))

  test('in any order, with long tokens and short ones, accepted or refused', () => {
    const call = fc.record({
      which: fc.nat(verifiers.length - 1),
      length: fc.oneof(fc.nat(300), fc.integer({ min: SCRATCH_TOKEN_LENGTH - 600, max: SCRATCH_TOKEN_LENGTH + 600 })),
      spoil: fc.constantFrom('', 'signature', 'payload', 'json', 'form'),
    })
    fc.assert(
      fc.property(fc.array(call, { minLength: 2, maxLength: 12 }), (calls) => {
        for (const { which, length, spoil } of calls) {
          const { key, verify } = verifiers[which] ?? assert.fail()
          const claims = { ...CLAIMS, filling: 'é'.repeat(length / 2) }
          const token = tokenOf(key, claims)
          const expected = { claims }
          if (spoil === '')
            assert.deepEqual(
              outcomeOf(() => verify(token)),
              expected,
            )
          else if (spoil === 'json')
            assert.throws(() => verify(forgeToken(headerOf(key), '{"iss":"i"', key.native, key.alg)), TokenError)
          else if (spoil === 'form') assert.throws(() => verify(`${token}.`), TokenError)
          else assert.throws(() => verify(spoilToken(token, spoil)), { code: 'signature_invalid' })
        }
      }),
      { numRuns: 100 },
    )
  })

  test('from within now, which runs while a token is checked', () => {
    const inner = verifiers.map(
      ({ key, verify }) =>
        () =>
          assert.deepEqual(verify(tokenOf(key)), CLAIMS),
    )
    for (const { key } of verifiers) {
      const now = (): number => {
        for (const verifyOther of inner) verifyOther()
        return NOW
      }
      const verify = createVerifier({ keys: key.verification, algorithms: [key.alg], ...settings, now })
      const claims = { ...CLAIMS, sub: `of ${key.alg}` }
      for (let time = 0; time < 2; time += 1) assert.deepEqual(verify(tokenOf(key, claims)), claims)
    }
  })

  test('from within a resolver, before and after it waits, and with many under way', async () => {
    const keys = async (header: object): Promise<Key> => {
      const { key, verify } = verifiers.find(({ key }) => key.alg === (header as { alg: string }).alg) ?? assert.fail()
      assert.throws(() => verify(spoilToken(tokenOf(key), 'payload')), { code: 'signature_invalid' })
      await null
      assert.deepEqual(verify(tokenOf(key)), CLAIMS)
      return key.verification
    }
    const algorithms = TEST_KEYS.map(({ alg }) => alg)
    const verify = createVerifier({ keys, algorithms, ...settings })
    const all = [...TEST_KEYS, ...TEST_KEYS].map((key, index) => ({ key, claims: { ...CLAIMS, sub: `${index}` } }))
    const verified = await Promise.all(all.map(({ key, claims }) => verify(tokenOf(key, claims))))
    assert.deepEqual(
      verified,
      all.map(({ claims }) => claims),
    )
  })

  test('from within toJSON, which runs while claims are signed', () => {
    const signers = TEST_KEYS.map(({ signing: key }) =>
      createSigner({ key, issuer: 'i', audience: 'a', lifetime: 60, now: () => NOW }),
    )
    const nested = { toJSON: () => signers.map((sign) => sign({ sub: 'inner' }).length) }
    for (const [index, sign] of signers.entries()) {
      const { verify } = verifiers[index] ?? assert.fail()
      assert.equal((verify(sign({ nested })).nested as number[]).length, signers.length)
    }
  })

  test('a token as long as the buffer, a character less and a character more are all verified', () => {
    const { key, verify } = verifiers.find(({ key }) => key.alg === 'HS256') ?? assert.fail()
    const lengths = new Set<number>()
    for (let filling = 5900; filling < 6150; filling += 1) {
      const claims = { ...CLAIMS, filling: 'x'.repeat(filling) }
      const token = tokenOf(key, claims)
      lengths.add(token.length)
      assert.deepEqual(verify(token), claims)
      assert.throws(() => verify(spoilToken(token, 'payload')), { code: 'signature_invalid' })
    }
    for (const length of [-1, 0, 1].map((more) => SCRATCH_TOKEN_LENGTH + more))
      assert.ok(
        [length, length + 1].some((near) => lengths.has(near)),
        String(length),
      )
  })
})

/** Changes one character of a segment to another, in a place where no bits are left over. */
function spoilToken(token: string, segment: 'payload' | 'signature'): string {
  const at = segment === 'payload' ? token.indexOf('.') + 5 : token.lastIndexOf('.') + 5
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
}
