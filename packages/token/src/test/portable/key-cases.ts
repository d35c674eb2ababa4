/** PEM, secrets, new keys, and what comes out of keys again. */
import type { Algorithm } from '../../algorithm.ts'
import type { Jwk } from '../../jwk.ts'
import { type Case, cases } from './case.ts'
import { expectEqual, expectRefusal, expectTrue } from './expect.ts'
import type { Fixtures } from './fixtures.ts'
import { fill, signsFor } from './key-checks.ts'
import { encode, type SceneKey } from './scene.ts'

const isPair = ({ kid }: SceneKey): boolean => kid !== undefined

const PEM: readonly Case[] = cases('a PEM text', {
  'is a public or a private key by its label, and the same key as its JWK': async (scene) => {
    const { subject } = scene
    for (const { alg, publicPem = '', privatePem = '', publicJwk, signing, verification } of scene.keys.filter(
      isPair,
    )) {
      const publicKey = await subject.importKey(publicPem, { alg })
      const privateKey = await subject.importKey(`key:\n${privatePem}\n`, { alg, kid: 'a' })
      expectEqual([publicKey.kind, privateKey.kind, privateKey.kid], ['public', 'private', 'a'])
      expectEqual(publicKey.kid, await subject.thumbprint(publicJwk))
      expectEqual({ ...subject.exportPublicJwk(publicKey), kid: verification.kid }, publicJwk)
      await signsFor(scene, await subject.importKey(privatePem, { alg, kid: 'test-key' }), verification)
      await signsFor(scene, signing, await subject.importKey(publicPem, { alg, kid: 'test-key' }))
    }
  },

  'is never a secret': async ({ subject, getKey }) => {
    for (const alg of ['HS256', 'HS384', 'HS512'] as const) {
      const pem = getKey('ES256').publicPem ?? ''
      await expectRefusal(() => subject.importKey(pem, { alg }), { message: /RFC 8725 §2\.1/ })
      const text = 'a secret that is a string, and long enough'
      await expectRefusal(() => subject.importKey(text, { alg }), { message: /TextEncoder/ })
    }
  },

  'needs an algorithm and a plain name': async ({ subject, getKey }) => {
    const pem = getKey('ES256').publicPem ?? ''
    await expectRefusal(() => subject.importKey(pem), { message: /^alg: / })
    await expectRefusal(() => subject.importKey(pem, { alg: 'ES256', kid: '../a' }), { message: /^kid: / })
  },
})

const SECRETS: readonly Case[] = cases('a secret', {
  'is bytes, and has a kid only if one is given': async ({ subject }) => {
    const named = await subject.importKey(fill(32, 1), { alg: 'HS256', kid: 'a' })
    expectEqual([named.kid, (await subject.importKey(fill(32, 1), { alg: 'HS256' })).kid], ['a', undefined])
    expectEqual([named.alg, named.kind], ['HS256', 'secret'])
  },

  'is as long as the hash at least (RFC 7518 §3.2)': async ({ subject }) => {
    for (const [alg, size] of [
      ['HS256', 32],
      ['HS384', 48],
      ['HS512', 64],
    ] as const) {
      expectEqual((await subject.importKey(fill(size, 1), { alg })).kind, 'secret')
      await expectRefusal(() => subject.importKey(fill(size - 1, 1), { alg }), { message: /at least/ })
      const jwk = { kty: 'oct', k: encode(fill(size - 1, 1)) }
      await expectRefusal(() => subject.importKey(jwk, { alg }), { message: /at least/ })
    }
  },

  'is no key of any other algorithm': async ({ subject, keys }) => {
    for (const { alg } of keys.filter(isPair))
      await expectRefusal(() => subject.importKey(fill(128, 1), { alg }), { message: /does not sign with a secret/ })
    await expectRefusal(() => subject.importKey(fill(128, 1)), { message: /^alg: / })
  },

  'is copied: changing the bytes later changes no key': async (scene) => {
    const bytes = fill(32, 1)
    const importing = scene.subject.importKey(bytes, { alg: 'HS256' })
    bytes.fill(0)
    await signsFor(scene, await importing, await scene.subject.importKey(fill(32, 1), { alg: 'HS256' }))
  },

  'signs alike from bytes and from a JWK': async (scene) => {
    const jwk = { kty: 'oct', k: encode(fill(40, 9)) }
    const key = await scene.subject.importKey(jwk, { alg: 'HS256' })
    await signsFor(scene, key, await scene.subject.importKey(fill(40, 9), { alg: 'HS256' }))
  },
})

const NEW_KEYS: readonly Case[] = cases('a new key', {
  'is a private key, or a secret as long as the hash, for every algorithm': async (scene) => {
    for (const { alg } of scene.keys) {
      const key = await scene.subject.generateKey(alg, { modulusLength: 2048, extractable: true })
      expectEqual([key.alg, key.kind], [alg, alg.startsWith('HS') ? 'secret' : 'private'])
      expectEqual(key.kid, key.kind === 'secret' ? undefined : await scene.subject.thumbprint(key))
      await signsFor(scene, key, key)
      const { k, n } = await scene.subject.exportPrivateJwk(key)
      if (k !== undefined) expectEqual(k.length, Math.ceil(Number(alg.slice(2)) / 6), alg)
      if (n !== undefined) expectEqual(n.length, Math.ceil(2048 / 6), alg)
    }
  },

  'of RSA has 3072 bits unless told otherwise': async ({ subject }) => {
    const { n = '' } = subject.exportPublicJwk(await subject.generateKey('RS256'))
    expectEqual(n.length, 512)
  },

  'has the kid that it is told': async ({ subject }) => {
    for (const alg of ['ES256', 'HS256'] as const) {
      expectEqual((await subject.generateKey(alg, { kid: 'next' })).kid, 'next')
      await expectRefusal(() => subject.generateKey(alg, { kid: '../next' }), { message: /^kid: / })
    }
  },

  'is not made for an unknown algorithm, or with a modulus that is too short or too long': async ({ subject }) => {
    for (const alg of ['none', 'es256', 'HS1', ''])
      await expectRefusal(() => subject.generateKey(alg as Algorithm), { message: /^alg: / })
    for (const modulusLength of [1024, 2047, 2048.5, 65_536, Number.NaN])
      await expectRefusal(() => subject.generateKey('RS256', { modulusLength }), { message: /^modulusLength: / })
  },
})

const EXPORTS: readonly Case[] = cases('a key that is exported', {
  'and imported again signs and verifies as before': async (scene) => {
    const { subject } = scene
    for (const { alg, signing, verification } of scene.keys.filter(isPair)) {
      const options = { alg, kid: 'test-key', extractable: true }
      const jwk = await subject.exportPrivateJwk(signing)
      const pem = await subject.exportPrivatePem(signing)
      for (const again of [await subject.importKey(jwk, options), await subject.importKey(pem, options)]) {
        await signsFor(scene, again, verification)
        expectEqual(await subject.exportPrivateJwk(again), jwk)
        expectEqual(await subject.exportPrivatePem(again), pem)
      }
    }
  },

  'is what it was imported from, as JWK and as PEM': async ({ subject, keys }) => {
    for (const { publicJwk, publicPem, privateJwk, privatePem, signing, verification } of keys.filter(isPair)) {
      for (const key of [signing, verification])
        expectEqual([subject.exportPublicJwk(key), await subject.exportPublicPem(key)], [publicJwk, publicPem])
      expectEqual(await subject.exportPrivateJwk(signing), privateJwk)
      // Some write the expanded key of ML-DSA beside its seed, and some do not.
      if (privateJwk.kty !== 'AKP') expectEqual(await subject.exportPrivatePem(signing), privatePem)
    }
  },

  'as public states alg, kid and use, and has no private member': async ({ subject, keys }) => {
    for (const { alg, kid, signing } of keys.filter(isPair)) {
      const jwk = subject.exportPublicJwk(signing)
      expectEqual({ alg: jwk.alg, kid: jwk.kid, use: jwk.use }, { alg, kid, use: 'sig' })
      const isPrivate = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth', 'priv'].some((name) => Object.hasOwn(jwk, name))
      expectEqual(isPrivate, false)
    }
  },

  'has nothing private if it is public': async ({ subject, keys }) => {
    for (const { verification } of keys.filter(isPair)) {
      await expectRefusal(() => subject.exportPrivateJwk(verification), { message: /^exportPrivateJwk: / })
      await expectRefusal(() => subject.exportPrivatePem(verification), { message: /^exportPrivatePem: / })
    }
  },

  'is a private JWK if it is a secret, and nothing else': async ({ subject }) => {
    const key = await subject.generateKey('HS256', { kid: 'a', extractable: true })
    const jwk = await subject.exportPrivateJwk(key)
    expectEqual({ ...jwk, k: '' }, { kty: 'oct', k: '', alg: 'HS256', kid: 'a' })
    const unnamed = await subject.exportPrivateJwk(await subject.generateKey('HS512', { extractable: true }))
    expectEqual(Object.keys(unnamed).sort(), ['alg', 'k', 'kty'])
    for (const write of [subject.exportPublicJwk, subject.exportPublicPem, subject.exportPrivatePem])
      await expectRefusal(() => write(key), {})
  },

  'is a key, and not what looks like one': async ({ subject, getKey }) => {
    const { verification } = getKey('ES256')
    const alike = [{ alg: 'HS256', kid: 'a', kind: 'private' }, { ...verification }, Object.create(verification)]
    for (const write of [
      subject.exportPublicJwk,
      subject.exportPrivateJwk,
      subject.exportPublicPem,
      subject.exportPrivatePem,
    ])
      for (const other of alike) await expectRefusal(() => write(other), {})
  },
})

const OPACITY: readonly Case[] = cases('a key', {
  'shows alg, kid and kind, and nothing of itself, to whatever prints it': async ({ subject, keys }) => {
    for (const { signing: key } of keys) {
      const { kty: _, alg, kid, crv, e, ...secret } = await subject.exportPrivateJwk(key)
      expectEqual(Reflect.ownKeys(key), ['alg', 'kid', 'kind'])
      const printed = [JSON.stringify(key), String(key), JSON.stringify(structuredClone({ ...key }))]
      for (const text of printed)
        for (const member of Object.values(secret)) expectTrue(!text.includes(String(member)), text)
    }
  },

  'gives its material to no one who only has the key, and cannot be changed': async ({ subject }) => {
    const key = await subject.generateKey('ES256')
    const names = Reflect.ownKeys(key.constructor).filter(
      (name) => !['length', 'name', 'prototype'].includes(String(name)),
    )
    expectEqual([names, Reflect.ownKeys(Object.getPrototypeOf(key))], [[], ['constructor']])
    await expectRefusal(() => Object.assign(key, { alg: 'ES384' }), {})
    expectEqual(key.alg, 'ES256')
  },

  'is made of a JWK, PEM or bytes, and of nothing else': async ({ subject }) => {
    for (const source of [undefined, null, 5, true, [], () => {}, Symbol('key'), new ArrayBuffer(32)])
      await expectRefusal(() => subject.importKey(source as unknown as Jwk, { alg: 'HS256' }), {})
  },
})

/** What there is to keys besides JWK. */
export const KEY_CASES: readonly Case[] = [...PEM, ...SECRETS, ...NEW_KEYS, ...EXPORTS, ...OPACITY]

/** Lists the cases of PEM texts and secrets that are no keys. */
export function listHostileKeyCases({ hostilePems, foreignKeys }: Fixtures): readonly Case[] {
  return [
    ...hostilePems.map(
      ({ title, pem, alg, words }): Case => ({
        title: `a PEM text is refused: ${title}`,
        run: ({ subject }) => expectRefusal(() => subject.importKey(pem, { alg }), { message: new RegExp(words) }),
      }),
    ),
    ...foreignKeys.map(
      ({ title, bytes }): Case => ({
        title: `a secret is refused: ${title} (RFC 8725 §2.1)`,
        run: async ({ subject }) => {
          const message = /cannot be a secret/
          for (const source of [bytes, { kty: 'oct', k: encode(bytes) }])
            await expectRefusal(() => subject.importKey(source, { alg: 'HS256' }), { message })
        },
      }),
    ),
  ]
}
