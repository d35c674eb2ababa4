/** What a JWK must be before it is a key. */
import type { Algorithm } from '../../algorithm.ts'
import type { Jwk } from '../../jwk.ts'
import { type Case, cases } from './case.ts'
import { expectEqual, expectRefusal } from './expect.ts'
import { fill, flip, jwkOf, publicJwkOf, refusesJwk, signsFor } from './key-checks.ts'
import { decode, encode } from './scene.ts'
import { tokenOf, verifierOf } from './verifier-checks.ts'

const EC_SIZES = [
  ['ES256', 32],
  ['ES384', 48],
  ['ES512', 66],
] as const
const ORDERS = [
  ['ES256', 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'],
  ['ES384', `${'f'.repeat(48)}c7634d81f4372ddf581a0db248b0a77aecec196accc52973`],
] as const
const UNSOUND = /not those of a sound EC key/

const BINDING: readonly Case[] = cases('a JWK', {
  'is bound to the algorithm it states, or to the one that is given': async (scene) => {
    expectEqual((await scene.subject.importKey({ ...jwkOf(scene, 'RS256'), alg: 'PS384' })).alg, 'PS384')
    expectEqual((await scene.subject.importKey(jwkOf(scene, 'RS256'), { alg: 'RS512' })).alg, 'RS512')
  },

  'is refused without an algorithm, with two that differ, and with one that does not exist': async (scene) => {
    const jwk = jwkOf(scene, 'RS256')
    await refusesJwk(scene, jwk, undefined, /^alg: name/)
    await refusesJwk(scene, { ...jwk, alg: 'RS256' }, 'PS256', /^alg: the option and the JWK/)
    for (const alg of ['none', 'rs256', 'RS1', 'RSA-OAEP', 'ES256K', 'Ed448', '__proto__', 5, null])
      await refusesJwk(scene, { ...jwk, alg }, undefined, /^alg: /)
  },

  'is refused for every algorithm of another key type or curve': async (scene) => {
    const fitting = new Map<Algorithm, readonly Algorithm[]>([
      ['RS256', ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']],
      ['ES256', ['ES256']],
      ['ES384', ['ES384']],
      ['ES512', ['ES512']],
      ['EdDSA', ['EdDSA', 'Ed25519']],
    ])
    const algorithms = scene.keys.map(({ alg }) => alg)
    for (const [from, fits] of fitting) {
      for (const alg of algorithms) {
        const jwk = jwkOf(scene, from)
        if (fits.includes(alg)) expectEqual((await scene.subject.importKey(jwk, { alg })).alg, alg)
        else await refusesJwk(scene, jwk, alg, /^(kty|crv): /)
      }
    }
    for (const alg of algorithms.filter((name) => !name.startsWith('HS')))
      await refusesJwk(scene, { kty: 'oct', k: encode(fill(64, 5)) }, alg, /^kty: /)
  },

  'is refused unless its use and key_ops allow signatures': async (scene) => {
    const [jwk, publicJwk] = [jwkOf(scene, 'ES256'), publicJwkOf(scene, 'ES256')]
    for (const use of ['enc', '', null, 5]) await refusesJwk(scene, { ...jwk, use }, 'ES256', /^use: /)
    for (const key_ops of [['verify'], [], ['sign', 'sign'], 'sign', [1], null, { 0: 'sign' }])
      await refusesJwk(scene, { ...jwk, key_ops }, 'ES256', /^key_ops: /)
    for (const key_ops of [['sign'], ['encrypt']])
      await refusesJwk(scene, { ...publicJwk, key_ops }, 'ES256', /^key_ops: /)
    const signs = await scene.subject.importKey({ ...jwk, use: 'sig', key_ops: ['sign'] }, { alg: 'ES256' })
    const verifies = await scene.subject.importKey({ ...publicJwk, use: 'sig', key_ops: ['verify'] }, { alg: 'ES256' })
    expectEqual([signs.kind, verifies.kind], ['private', 'public'])
    await signsFor(scene, signs, verifies)
  },

  'that is a secret may be for signing only, or for verifying only': async (scene) => {
    const { subject } = scene
    const secret = { kty: 'oct', k: encode(fill(32, 7)), alg: 'HS256' }
    const signs = await subject.importKey({ ...secret, key_ops: ['sign'], kid: 'a' })
    const verifies = await subject.importKey({ ...secret, key_ops: ['verify'], kid: 'a' })
    await signsFor(scene, signs, verifies)
    const jws = await subject.signCompact(fill(1), { key: signs })
    await expectRefusal(() => subject.verifyCompact(jws, { keys: signs, algorithms: ['HS256'] }), {
      message: /may not verify/,
    })
    const found = (): unknown => subject.verifyCompact(jws, { keys: () => signs, algorithms: ['HS256'] })
    await expectRefusal(found, { code: 'signature_invalid' })
    await expectRefusal(() => subject.signCompact(fill(1), { key: verifies }), { message: /can verify signatures/ })
    await expectRefusal(() => subject.createSigner({ key: verifies, lifetime: 60 }), { message: /^ {2}key: /m })
  },

  'keeps its kid, which must be a plain name and equal to the one given': async (scene) => {
    const jwk = jwkOf(scene, 'ES256')
    const names = ['1', '2011-04-29', 'a'.repeat(128), 'bilbo.baggins@hobbiton.example', 'WKeg0xR+/QYcCCMqrXcVW0xLzTQ=']
    for (const kid of [...names, 'did:web:a.example#key-1'])
      expectEqual((await scene.subject.importKey({ ...jwk, kid }, { alg: 'ES256' })).kid, kid)
    for (const kid of ['', 'a'.repeat(129), '../a', 'a b', "a'--", 'a\n', 'a\0', 'é', '{}', 5, null])
      await refusesJwk(scene, { ...jwk, kid }, 'ES256', /^kid: /)
    const importOther = (): unknown => scene.subject.importKey({ ...jwk, kid: 'a' }, { alg: 'ES256', kid: 'b' })
    await expectRefusal(importOther, { message: /^kid: / })
  },
})

const MEMBERS: readonly Case[] = cases('a JWK is refused', {
  'if a member is missing, of another type, padded or not in its one spelling': async (scene) => {
    for (const alg of ['RS256', 'ES256', 'EdDSA'] as const) {
      const jwk = jwkOf(scene, alg)
      for (const name of Object.keys(jwk).filter((member) => !['kty', 'crv'].includes(member))) {
        const value = String(jwk[name])
        const spellings = [`${value}=`, ` ${value}`, `${value}\n`, `${value}+`, `${value}A`]
        for (const bad of [undefined, null, 5, '', [value], ...spellings]) {
          if (name !== 'd' || bad !== undefined) await refusesJwk(scene, { ...jwk, [name]: bad }, alg, /./)
        }
      }
    }
    await refusesJwk(scene, { kty: 'oct', k: `${encode(fill(32))}=` }, 'HS256', /^k: /)
    await refusesJwk(scene, { kty: 'oct' }, 'HS256', /^k: /)
  },

  'if a member is only inherited': async (scene) => {
    await refusesJwk(scene, Object.create(jwkOf(scene, 'ES256')), 'ES256', /^kty: /)
  },

  'if a coordinate is short, long, or of no point of the curve': async (scene) => {
    for (const [alg, size] of EC_SIZES) {
      const jwk = publicJwkOf(scene, alg)
      for (const name of ['x', 'y']) {
        const long = Uint8Array.of(0, ...decode(String(jwk[name])))
        await refusesJwk(scene, { ...jwk, [name]: encode(fill(size - 1, 1)) }, alg, new RegExp(`^${name}: `))
        await refusesJwk(scene, { ...jwk, [name]: encode(long) }, alg, new RegExp(`^${name}: `))
      }
      await refusesJwk(scene, { ...jwk, y: flip(jwk.y) }, alg, UNSOUND)
      await refusesJwk(scene, { ...jwk, x: jwk.y, y: jwk.x }, alg, UNSOUND)
      await refusesJwk(scene, { ...jwk, x: encode(fill(size)), y: encode(fill(size)) }, alg, UNSOUND)
      await refusesJwk(scene, { ...jwk, x: encode(fill(size, 0xff)) }, alg, UNSOUND)
    }
  },

  'if it is of one curve under the name of another (invalid curve)': async (scene) => {
    await refusesJwk(scene, { ...publicJwkOf(scene, 'ES256'), crv: 'P-384' }, 'ES384', /^x: /)
    await refusesJwk(scene, { ...publicJwkOf(scene, 'ES256'), crv: 'secp256k1' }, 'ES256', /^crv: /)
    await refusesJwk(scene, { ...publicJwkOf(scene, 'EdDSA'), crv: 'X25519' }, 'EdDSA', /^crv: /)
  },

  'if its private half belongs to another public half': async (scene) => {
    for (const { alg, otherPrivateJwk } of scene.keys.filter(({ alg }) => /^E/.test(alg)))
      await refusesJwk(scene, { ...jwkOf(scene, alg), d: otherPrivateJwk.d }, alg, /private half|not those of a sound/)
    for (const alg of ['RS256', 'PS256'] as const) {
      const [jwk, { otherPrivateJwk: other }] = [jwkOf(scene, alg), scene.getKey(alg)]
      await refusesJwk(scene, { ...other, n: jwk.n, e: jwk.e }, alg, /private members|private half/)
      for (const name of ['n', 'd', 'p', 'q', 'dp', 'dq', 'qi']) {
        await refusesJwk(scene, { ...jwk, [name]: flip(jwk[name]) }, alg, /./)
        await refusesJwk(scene, { ...jwk, [name]: other[name] }, alg, /./)
      }
      await refusesJwk(scene, { ...jwk, p: jwk.q, q: jwk.p }, alg, /./)
    }
  },

  'if its private half is out of range': async (scene) => {
    for (const [alg, order] of ORDERS) {
      const n = Uint8Array.from(order.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
      for (const d of [fill(n.length), n, fill(n.length, 0xff)])
        await refusesJwk(scene, { ...jwkOf(scene, alg), d: encode(d) }, alg, /private half|not those of a sound/)
    }
  },

  'if it is of RSA with a weak exponent, too many bits, or more than two primes': async (scene) => {
    const jwk = publicJwkOf(scene, 'RS256')
    for (const e of ['AQ', 'Aw', 'AAEAAQ', 'AQAA', 'AQAC', 'Ag', encode(fill(9, 0xff))])
      await refusesJwk(scene, { ...jwk, e }, 'RS256', /exponent|leading zeros|sound/)
    await refusesJwk(scene, { ...jwk, n: encode(fill(2049, 0xff)) }, 'RS256', /bits/)
    await refusesJwk(scene, { ...jwk, n: encode(fill(256, 0xff)) }, 'PS256', /small factor/)
    await refusesJwk(scene, { ...jwkOf(scene, 'RS256'), oth: [] }, 'RS256', /^oth: /)
  },

  'if it is of RSA with one of the smallest sizes that are too small': async (scene) => {
    const { n } = publicJwkOf(scene, 'RS256')
    const modulus = decode(String(n))
    for (const [bytes, bits] of [
      [modulus.subarray(0, 255), 2040],
      [Uint8Array.of(((modulus[0] ?? 0) & 0x7f) | 0x40, ...modulus.subarray(1)), 2047],
    ] as const)
      await refusesJwk(scene, { kty: 'RSA', n: encode(bytes), e: 'AQAB' }, 'PS256', new RegExp(`${bits} bits`))
  },

  'if it is of Ed25519 and its point is of small order or none of the curve': async (scene) => {
    const importPoint = (bytes: Uint8Array): Jwk => ({ kty: 'OKP', crv: 'Ed25519', x: encode(bytes) })
    for (const alg of ['EdDSA', 'Ed25519'] as const) {
      await refusesJwk(scene, importPoint(fill(32)), alg, /small order/)
      await refusesJwk(scene, importPoint(Uint8Array.of(1, ...fill(31))), alg, /small order/)
      await refusesJwk(scene, importPoint(Uint8Array.of(2, ...fill(31))), alg, /not a point/)
      await refusesJwk(scene, importPoint(fill(32, 0xff)), alg, /not a point/)
    }
  },
})

const SETS: readonly Case[] = cases('a JWK Set', {
  'holds the public halves of the keys that were exported, and nothing private': async ({ subject, getKey }) => {
    const signing = [await subject.generateKey('ES256'), getKey('PS256').signing]
    const set = subject.exportJwkSet(signing)
    expectEqual(set, { keys: signing.map((key) => subject.exportPublicJwk(key)) })
    expectEqual(/"(d|p|q|dp|dq|qi|k|priv)":/.test(JSON.stringify(set)), false)
    const { keys, skipped } = await subject.importJwkSet(JSON.parse(JSON.stringify(set)))
    expectEqual(skipped, [])
    const named = keys.map(({ alg, kid, kind }) => ({ alg, kid, kind }))
    expectEqual(
      named,
      signing.map(({ alg, kid }) => ({ alg, kid, kind: 'public' })),
    )
  },

  'is not exported with a secret in it, or with two keys of one kid': async ({ subject, getKey }) => {
    await expectRefusal(() => subject.exportJwkSet([getKey('HS256').signing]), { message: /has no public half/ })
    const twice = [getKey('ES256').signing, getKey('EdDSA').signing]
    await expectRefusal(() => subject.exportJwkSet(twice), { message: /same kid/ })
  },

  'is read without what does not belong in it or cannot be used, each with its reason': async ({ subject, getKey }) => {
    const [es256, rsa] = [{ ...getKey('ES256').publicJwk, kid: 'es' }, getKey('RS256').publicJwk]
    const { alg: _, ...unbound } = rsa
    const bad: readonly (readonly [unknown, RegExp])[] = [
      [getKey('ES384').privateJwk, /^A private key/],
      [getKey('HS256').privateJwk, /^A secret/],
      [{ kty: 'oct', alg: 'HS256' }, /^A secret/],
      [{ ...es256, k: 'AQAB' }, /^A secret/],
      [{ ...es256, use: 'enc' }, /^use: /],
      [{ ...es256, key_ops: ['sign'] }, /^key_ops: /],
      [{ ...es256, alg: 'ES384' }, /^crv: /],
      [{ ...es256, alg: 'ECDH-ES' }, /^alg: /],
      [{ ...es256, kty: 'XYZ' }, /^kty: /],
      [{ ...es256, kid: '../etc' }, /^kid: /],
      [{ ...es256, y: es256.x }, UNSOUND],
      [{ ...rsa, alg: 'RSA-OAEP' }, /^alg: /],
      [unbound, /none of those/],
      [{ ...rsa, n: 'AQAB' }, /bits/],
      [null, /object/],
      ['key', /object/],
      [[], /object/],
      [{}, /^alg: /],
    ]
    const { keys, skipped } = await subject.importJwkSet({ keys: [...bad.map(([jwk]) => jwk), es256, es256] })
    expectEqual(
      keys.map((key) => key.kid),
      ['es'],
    )
    expectEqual(
      skipped.map(({ index }) => index),
      [...bad.map((_, index) => index), bad.length + 1],
    )
    for (const [index, [, reason]] of bad.entries())
      expectEqual(reason.test(skipped[index]?.reason ?? ''), true, `${index}`)
    expectEqual([skipped[4]?.kid, Object.hasOwn(skipped[9] ?? {}, 'kid')], ['es', false])
    expectEqual(skipped.at(-1)?.reason, 'An earlier key of the set has the same kid and alg.')
  },

  'gives a key without alg to the one algorithm asked for that fits it, and to none otherwise': async ({
    subject,
    getKey,
  }) => {
    const { alg: _, ...rsa } = getKey('RS256').publicJwk
    const { alg: __, ...ec } = getKey('ES256').publicJwk
    const importFor = async (jwk: Jwk, algorithms: readonly Algorithm[]): Promise<unknown> => {
      const { keys, skipped } = await subject.importJwkSet({ keys: [jwk] }, { algorithms })
      return keys[0]?.alg ?? skipped[0]?.reason.replace(/^.*, /, '')
    }
    expectEqual(await importFor(rsa, ['PS256', 'ES256']), 'PS256')
    expectEqual(await importFor(ec, ['RS256', 'ES256']), 'ES256')
    expectEqual(await importFor(rsa, ['RS256', 'PS256']), 'and more than one of those asked for fits it.')
    expectEqual(await importFor(rsa, ['ES256', 'EdDSA']), 'and none of those asked for fits it.')
    expectEqual(
      await importFor({ ...rsa, alg: 'RS256' }, ['ES256']),
      'alg: RS256 is not one of the algorithms asked for.',
    )
  },

  'is read when it is given: later changes to it change nothing': async (scene) => {
    const { subject, getKey } = scene
    const [ec, ed] = [{ ...getKey('ES256').publicJwk }, { ...getKey('EdDSA').publicJwk, kid: 'ed' }]
    const set: { keys: Jwk[] } = { keys: [ec, ed] }
    const importing = subject.importJwkSet(set)
    const verify = verifierOf(scene, { keys: set })
    Object.assign(ec, { x: getKey('ES256').otherPrivateJwk.x, y: getKey('ES256').otherPrivateJwk.y })
    Object.assign(ed, { kid: 'changed' })
    set.keys.length = 0
    const { keys } = await importing
    expectEqual(
      keys.map(({ kid }) => kid),
      ['test-key', 'ed'],
    )
    expectEqual((await verify(await tokenOf(scene))).aud, 'api')
  },

  'is an object with an array of keys, and nothing else is': async ({ subject, getKey }) => {
    const { publicJwk } = getKey('ES256')
    for (const set of [undefined, null, [], [publicJwk], 'x', {}, { keys: {} }, { keys: 'x' }, publicJwk])
      await expectRefusal(() => subject.importJwkSet(set), { message: /RFC 7517 §5/ })
    expectEqual(await subject.importJwkSet({ keys: [] }), { keys: [], skipped: [] })
  },
})

/** What a JWK and a JWK Set must be. */
export const JWK_CASES: readonly Case[] = [...BINDING, ...MEMBERS, ...SETS]
