/** A JWS that is no JWT, a JWT that is only decoded, and lifetimes. */
import type { Algorithm } from '../../algorithm.ts'
import type { BoundKey } from '../../bound-key.ts'
import { type Case, cases } from './case.ts'
import { expectEqual, expectRefusal, expectTrue } from './expect.ts'
import { KID } from './fixtures.ts'
import { encode, type Scene } from './scene.ts'

const PAYLOAD = Uint8Array.of(0, 255, 10, 46)

const signPayload = async ({ subject }: Scene, key: BoundKey, payload = PAYLOAD): Promise<string> =>
  subject.signCompact(payload, { key })

const COMPACT: readonly Case[] = cases('a JWS that is no JWT', {
  'gives its payload, header and key again, for every algorithm': async ({ subject, keys }) => {
    for (const { alg, signing, verification } of keys) {
      const jws = await subject.signCompact(PAYLOAD, { key: signing, protectedHeader: { typ: 'x', cty: 'y' } })
      const { payload, protectedHeader, key } = await subject.verifyCompact(jws, {
        keys: verification,
        algorithms: [alg],
      })
      const kid = signing.kid === undefined ? {} : { kid: KID }
      expectEqual([payload, protectedHeader], [PAYLOAD, { alg, ...kid, typ: 'x', cty: 'y' }])
      expectTrue(key === verification, 'the key is the one that was given')
    }
  },

  'may be empty': async (scene) => {
    const { signing, verification } = scene.getKey('ES256')
    const jws = await signPayload(scene, signing, new Uint8Array())
    const { payload } = await scene.subject.verifyCompact(jws, { keys: verification, algorithms: ['ES256'] })
    expectEqual(payload, new Uint8Array())
  },

  'is signed as it was when it was given, and its payload is nobody else’s memory': async (scene) => {
    const { signing, verification } = scene.getKey('ES256')
    const given = Uint8Array.of(1, 2, 3)
    const signature = signPayload(scene, signing, given)
    given.fill(9)
    const verified = await scene.subject.verifyCompact(await signature, { keys: verification, algorithms: ['ES256'] })
    expectEqual([verified.payload, verified.payload.buffer.byteLength], [Uint8Array.of(1, 2, 3), 3])
  },

  'is verified with keys, a JWK Set, or a function': async (scene) => {
    const { signing, verification } = scene.getKey('ES256')
    const jws = await signPayload(scene, signing)
    const verify = (text: string, keys: never): unknown =>
      scene.subject.verifyCompact(text, { keys, algorithms: ['ES256'] })
    const forms = [verification, [verification], scene.subject.exportJwkSet([signing]), () => verification]
    for (const keys of forms) {
      const { payload } = (await verify(jws, keys as never)) as { payload: Uint8Array }
      expectEqual(payload, PAYLOAD)
      await expectRefusal(() => verify('x', keys as never), { code: 'token_malformed' })
    }
    await expectRefusal(() => verify(jws, (() => undefined) as never), { code: 'key_not_found' })
  },

  'is refused if it is longer than the limit, which can be raised': async (scene) => {
    const { signing, verification: keys } = scene.getKey('ES256')
    const jws = await signPayload(scene, signing, new Uint8Array(9000))
    const options = { keys, algorithms: ['ES256'] as Algorithm[] }
    await expectRefusal(() => scene.subject.verifyCompact(jws, options), { code: 'token_too_large' })
    const { payload } = await scene.subject.verifyCompact(jws, { ...options, maxTokenLength: 20_000 })
    expectEqual(payload.length, 9000)
  },

  'is verified by sound options only, and all that is wrong is said at once': async ({ subject }) => {
    const bad = { keys: {}, algorithms: [], maxTokenLength: 0, audience: 'a' }
    const message = new RegExp(['^verifyCompact', 'audience', 'algorithms', 'maxTokenLength', 'keys'].join('[^]*\n  '))
    await expectRefusal(() => subject.verifyCompact('x', bad as never), { message })
  },

  'has no header that the key decides or no verifier honours, and is made of bytes': async (scene) => {
    const { subject } = scene
    const { signing: key, verification } = scene.getKey('ES256')
    for (const name of ['alg', 'kid', 'crit', 'b64', 'zip']) {
      const sign = (): unknown => subject.signCompact(PAYLOAD, { key, protectedHeader: { [name]: 'x' } })
      await expectRefusal(sign, { message: new RegExp(`protectedHeader.${name}`) })
    }
    await expectRefusal(() => subject.signCompact('text' as never, { key }), { message: /^payload: / })
    await expectRefusal(() => signPayload(scene, verification), { message: /can verify signatures but not make them/ })
    await expectRefusal(() => signPayload(scene, {} as never), { message: /^key: / })
  },
})

const HEADER = { alg: 'none', crit: ['x'], kid: 5 }
const CLAIMS = { iss: ['a'], exp: 'soon' }
const UNSIGNED = `${encode(HEADER)}.${encode(CLAIMS)}`

const DECODED: readonly Case[] = cases('a JWT that is only decoded', {
  'says whatever it says of itself, refused elsewhere or not': ({ subject }) => {
    const decoded = { protectedHeader: HEADER, claims: CLAIMS, signature: Uint8Array.of(1, 0, 1) }
    expectEqual(subject.decodeUnverified(`${UNSIGNED}.AQAB`), decoded)
  },

  'may have a signature segment that is empty or bad, and then gives no bytes of it': ({ subject }) => {
    expectEqual(subject.decodeUnverified(`${UNSIGNED}.`).signature, new Uint8Array())
    for (const signature of ['A', 'AQAB=', ' AQAB', 'a.b.c', '…', '\n'])
      expectEqual(subject.decodeUnverified(`${UNSIGNED}.${signature}`), { protectedHeader: HEADER, claims: CLAIMS })
  },

  'is refused by its code if it cannot be decoded': async ({ subject }) => {
    const loose = [`${encode(HEADER)}=.${encode(CLAIMS)}.`, `e31.${encode(CLAIMS)}.`, `${encode(HEADER)}.e31.`]
    const refusals = {
      token_malformed: [
        '',
        'a',
        UNSIGNED,
        `.${UNSIGNED}`,
        `${UNSIGNED.replace('.', '..')}.`,
        ...loose,
        ` ${UNSIGNED}.`,
        5,
        null,
      ],
      token_too_large: [`${UNSIGNED}.${'A'.repeat(9000)}`],
      header_invalid: [`${encode('[]')}.${encode(CLAIMS)}.`, `${encode('{"a":1,"a":2}')}.${encode(CLAIMS)}.`],
      claims_malformed: [`${encode(HEADER)}.${encode('x')}.`, `${encode(HEADER)}.${encode('null')}.`],
    }
    for (const [code, tokens] of Object.entries(refusals))
      for (const token of tokens) await expectRefusal(() => subject.decodeUnverified(token as string), { code })
    const long = subject.decodeUnverified(`${UNSIGNED}.${'A'.repeat(9000)}`, { maxTokenLength: 10_000 })
    expectEqual(long.claims, CLAIMS)
  },
})

const OTHERS: readonly Case[] = cases('the other functions', {
  'tokenHash is the left half of the hash of the algorithm (OpenID Connect Core 1.0 §3.1.3.6)': async ({ subject }) => {
    // SHA-256, SHA-384 and SHA-512 of "abc" (FIPS 180-2 appendix B and C).
    const halves = {
      ES256: 'ba7816bf8f01cfea414140de5dae2223',
      RS384: 'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163',
      Ed25519: 'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a',
    }
    for (const [alg, half] of Object.entries(halves)) {
      const bytes = Uint8Array.from(half.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
      expectEqual(await subject.tokenHash(alg as Algorithm, 'abc'), encode(bytes), alg)
    }
  },

  'parseLifetime reads seconds and units, and nothing else': async ({ subject }) => {
    expectEqual([60, '90s', '10m', '1h', '7d'].map(subject.parseLifetime), [60, 90, 600, 3600, 604_800])
    for (const bad of [0, -1, 1.5, '1.5h', '1 h', '', 'h']) await expectRefusal(() => subject.parseLifetime(bad), {})
  },
})

/** Everything about tokens but what claims say. */
export const COMPACT_CASES: readonly Case[] = [...COMPACT, ...DECODED, ...OTHERS]
