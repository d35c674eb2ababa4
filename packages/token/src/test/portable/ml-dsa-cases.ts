/** Keys and signatures of ML-DSA; nothing is asked of a runtime that has none, but to say so. */
import type { Algorithm } from '../../algorithm.ts'
import type { Jwk } from '../../jwk.ts'
import { RFC9964_A1 } from '../rfc/rfc9964-vectors.ts'
import type { Case } from './case.ts'
import { expectEqual, expectRefusal } from './expect.ts'
import { fill, refusesJwk, signsFor } from './key-checks.ts'
import { encode, type Scene } from './scene.ts'

const PAYLOAD = 'It\u2019s a dangerous business, Frodo, going out your door.'

/** Makes cases of a runtime that has ML-DSA. */
function cases(subject: string, runs: Readonly<Record<string, (scene: Scene) => Promise<void>>>): readonly Case[] {
  return Object.entries(runs).map(([title, run]) => ({
    title: `${subject}: ${title}`,
    run: async (scene) => {
      if (scene.keys.some(({ alg }) => alg === 'ML-DSA-44')) await run(scene)
    },
  }))
}

const PUBLISHED: readonly Case[] = RFC9964_A1.flatMap(({ jwk, jws }) => {
  const { priv: _, ...publicJwk } = jwk
  const { alg, kid } = jwk
  return cases(`RFC 9964 appendix A.1, ${alg}`, {
    'the published JWS is accepted with the public and with the private key': async ({ subject }) => {
      const { keys: set } = await subject.importJwkSet({ keys: [publicJwk] })
      for (const keys of [await subject.importKey(publicJwk), await subject.importKey(jwk), set]) {
        const { payload, protectedHeader } = await subject.verifyCompact(jws, { keys, algorithms: [alg] })
        expectEqual([new TextDecoder().decode(payload), protectedHeader], [PAYLOAD, { alg, kid }])
      }
    },

    'the published kid is the thumbprint, over alg, kty and pub (§6)': async ({ subject }) => {
      const { kid: _, ...unnamed } = jwk
      const key = await subject.importKey(unnamed)
      expectEqual([key.kid, await subject.thumbprint(jwk), await subject.thumbprint(key)], [kid, kid, kid])
      const { alg: __, ...unbound } = unnamed
      await expectRefusal(() => subject.thumbprint(unbound), { message: /no member alg/ })
    },

    'the key is exported as it was, and what it signs is accepted': async (scene) => {
      const { subject } = scene
      const key = await subject.importKey(jwk, { extractable: true })
      expectEqual(await subject.exportPrivateJwk(key), jwk)
      expectEqual(subject.exportPublicJwk(key), { ...publicJwk, use: 'sig' })
      const again = await subject.signCompact(new TextEncoder().encode(PAYLOAD), { key })
      expectEqual(again.length, jws.length)
      await signsFor(scene, key, await subject.importKey(publicJwk))
    },
  })
})

const KEYS: readonly Case[] = cases('a JWK of type AKP', {
  'says its algorithm itself, and has a pub and a priv of the right length (RFC 9964 §3, §4)': async (scene) => {
    const { priv: _, kid: __, ...publicJwk } = scene.getKey('ML-DSA-44').privateJwk
    expectEqual((await scene.subject.importKey(publicJwk, { alg: 'ML-DSA-44' })).kind, 'public')
    const refuses = (changed: object, alg: Algorithm | undefined, message: RegExp): Promise<void> =>
      refusesJwk(scene, { ...publicJwk, ...changed }, alg, message)
    await refuses({ alg: undefined }, 'ML-DSA-44', /^alg: a key of type AKP says/)
    await refuses({ alg: undefined }, undefined, /^alg: name the one/)
    await refuses({}, 'ML-DSA-65', /^alg: the option and the JWK/)
    await refuses({ kty: 'OKP' }, 'ML-DSA-44', /^kty: ML-DSA-44 needs a key of type AKP/)
    await refuses({ alg: 'ES256' }, 'ES256', /^kty: /)
    await refuses({ alg: 'ML-DSA-87' }, 'ML-DSA-87', /^pub: this member is 2592 bytes/)
    await refuses({ pub: encode(fill(1311)) }, 'ML-DSA-44', /^pub: this member is 1312 bytes/)
    await refuses({ priv: encode(fill(31)) }, 'ML-DSA-44', /^priv: this member is 32 bytes/)
    await refuses({ priv: null }, 'ML-DSA-44', /^priv: the JWK needs this member/)
    await refuses({ priv: encode(fill(32)) }, 'ML-DSA-44', /private half .* does not belong|numbers are not those/)
  },

  'is left out of a JWK Set if it is private or does not say its algorithm': async ({ subject, getKey }) => {
    const { publicJwk, privateJwk } = getKey('ML-DSA-44')
    const { alg: _, ...unbound } = publicJwk
    const reasonFor = async (jwk: Jwk, algorithms?: readonly Algorithm[]): Promise<string> =>
      (await subject.importJwkSet({ keys: [jwk] }, algorithms && { algorithms })).skipped[0]?.reason ?? ''
    expectEqual(await reasonFor(publicJwk, ['ML-DSA-44']), '')
    for (const jwk of [privateJwk, { ...publicJwk, priv: '' }, { ...publicJwk, d: 'AAAA' }])
      expectEqual(await reasonFor(jwk), 'A private key does not belong in a JWK Set.')
    const none = 'alg: the key does not say its algorithm, and none of those asked for fits it.'
    expectEqual([await reasonFor(unbound), await reasonFor(unbound, ['ML-DSA-44'])], [none, none])
    expectEqual(
      await reasonFor({ ...publicJwk, alg: 'ML-DSA-65' }),
      'pub: this member is 1952 bytes long, with its leading zeros.',
    )
  },
})

const ACCESS_TOKEN =
  'YmJiZTAwYmYtMzgyOC00NzhkLTkyOTItNjJjNDM3MGYzOWIy9sFhvH8K_x8UIHj1osisS57f5DduL-ar_qw5jl3lthwpMjm283aVMQXDmoqqqydDSqJfbhptzw8rUVwkuQbolw'

const HASH: Case = {
  title: 'tokenHash takes SHAKE256 with 64 bytes for ML-DSA, or says that there is none here',
  run: async ({ subject }) => {
    for (const alg of ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'] as const) {
      let hash: string
      try {
        hash = await subject.tokenHash(alg, ACCESS_TOKEN)
      } catch (error) {
        expectEqual(String(error), 'TypeError: SHAKE256: the Web Crypto of this runtime does not have this algorithm.')
        continue
      }
      expectEqual(hash, 'jxsy68_eG9-91VnHsZ2VnCr_WqDMv4nspiSuUPRdNZk')
    }
  },
}

/** ML-DSA, where there is any. */
export const ML_DSA_CASES: readonly Case[] = [...PUBLISHED, ...KEYS, HASH]
