/** The options of a verifier, and which key it tries. */
import type { BoundKey } from '../../bound-key.ts'
import { type Case, cases } from './case.ts'
import { expectEqual, expectRefusal, expectTrue } from './expect.ts'
import { KID } from './fixtures.ts'
import { forge, type Scene } from './scene.ts'
import type { AnyVerifierOptions } from './subject.ts'
import { CLAIMS as claims, NOW, optionsOf, problemsOf, tokenOf, verifierOf, without } from './verifier-checks.ts'

/** Expects options to be refused by a line about one of them. */
async function refusesOption(scene: Scene, changes: object, path: string, words = ''): Promise<void> {
  const message = await problemsOf(scene, { ...optionsOf(scene), ...changes })
  expectTrue(new RegExp(`^  ${path}: .*${words}`, 'm').test(message), `${path} ${words}: ${message}`)
}

const OPTIONS: readonly Case[] = cases('the options of a verifier', {
  'algorithms, issuer and audience are required, and all that is missing is listed at once': async (scene) => {
    const message = await problemsOf(scene, {})
    for (const path of ['keys', 'algorithms', 'issuer', 'audience'])
      expectTrue(new RegExp(`^  ${path}: .`, 'm').test(message), path)
    for (const bad of [undefined, null, 'x']) await problemsOf(scene, bad)
  },

  'the check of the issuer and of the audience can be waived by name only': async (scene) => {
    for (const [option, waiver, claim] of [
      ['issuer', 'dangerouslyAllowAnyIssuer', 'iss'],
      ['audience', 'dangerouslyAllowAnyAudience', 'aud'],
    ] as const) {
      const token = await tokenOf(scene, without(claims, claim))
      await verifierOf(scene, { [option]: undefined, [waiver]: true })(token)
      for (const bad of [undefined, null, '', [], [''], 5, [5], /api/])
        await refusesOption(scene, { [option]: bad }, option, waiver)
      for (const bad of [undefined, false]) await refusesOption(scene, { [option]: undefined, [waiver]: bad }, option)
      for (const bad of ['true', 1, null]) await refusesOption(scene, { [option]: undefined, [waiver]: bad }, waiver)
      await refusesOption(scene, { [waiver]: true }, option, 'contradict')
    }
  },

  'algorithms is a list of exact names without "none"': async (scene) => {
    const lists = [['none'], ['None'], ['ES256', 'none'], ['es256'], ['ES256 '], [5], ['*'], [['ES256']]]
    for (const algorithms of [undefined, [], 'ES256', ...lists])
      await refusesOption(scene, { algorithms }, 'algorithms')
  },

  'every other option is checked, and an unknown one is named': async (scene) => {
    const bad: Readonly<Record<string, readonly unknown[]>> = {
      typ: ['', 5, ['JWT']],
      requiredClaims: ['sub', [5], [''], {}],
      clockTolerance: [-1, 301, Number.NaN, '5', Number.POSITIVE_INFINITY],
      maxTokenAge: [0, -1, '1 day', Number.NaN],
      maxLifetime: [0, 1.5, 'x'],
      maxTokenLength: [0, -1, 1.5, Number.POSITIVE_INFINITY, '8192'],
      now: [5, new Date()],
      schema: [5, {}],
      dangerouslyAllowNoExpiry: ['true', 1],
      audiance: ['api'],
      ignoreExpiration: [true],
    }
    for (const [path, values] of Object.entries(bad))
      for (const value of values) await refusesOption(scene, { [path]: value }, path)
  },

  'keys are keys, a JWK Set or a function, and at least one of them fits the algorithms': async (scene) => {
    const { subject, getKey } = scene
    const { signing, verification } = getKey('ES256')
    const jwks = subject.exportJwkSet([signing])
    const secret = await subject.importKey({ kty: 'oct', k: 'A'.repeat(43), key_ops: ['sign'] }, { alg: 'HS256' })
    const noKeys = [undefined, null, 'pem', {}, [], [undefined], [{ alg: 'ES256' }], jwks.keys, jwks.keys[0]]
    for (const keys of [...noKeys, { keys: {} }, getKey('ES384').verification])
      await refusesOption(scene, { keys }, 'keys')
    await refusesOption(scene, { keys: secret, algorithms: ['HS256'] }, 'keys', '.*may not verify')
    await refusesOption(scene, { keys: [verification, signing] }, 'keys', '.*another kid')
    const several = [verification, getKey('RS256').verification]
    for (const keys of [verification, signing, several, jwks, { keys: [{ kty: 'oct', k: 'AQAB' }, ...jwks.keys] }])
      expectEqual(await verifierOf(scene, { keys })(await tokenOf(scene)), claims)
  },

  'a JWK Set without a usable key is the fault of the program, and accepts nothing': async (scene) => {
    const token = await tokenOf(scene)
    for (const [keys, reason] of [
      [[], ''],
      [[{ kty: 'EC' }], '; keys\\.keys\\[0\\]: alg'],
      [[scene.getKey('ES256').privateJwk], '; keys\\.keys\\[0\\]: A private key'],
      [[{ ...scene.getKey('ES256').publicJwk, x: 'AA' }], '; keys\\.keys\\[0\\]: x: '],
    ] as const) {
      const message = new RegExp(`^createVerifier: mend these options\\.\n  keys: give a JWK Set.*${reason}`)
      // At once where a key can be imported at once, else when the first token is verified, and each after it.
      let made: ((token: string) => unknown) | undefined
      const verify = async (): Promise<unknown> => {
        made ??= verifierOf(scene, { keys: { keys } })
        return made(token)
      }
      for (let round = 0; round < 2; round += 1) await expectRefusal(verify, { message })
    }
  },

  'later changes to the arrays that were given change nothing': async (scene) => {
    const algorithms = ['ES256']
    const issuer = ['https://other.example']
    const keys = [scene.getKey('ES256').verification]
    const verify = verifierOf(scene, { algorithms, issuer, keys })
    issuer.push('https://issuer.example')
    keys.length = 0
    algorithms.length = 0
    const token = await tokenOf(scene)
    await expectRefusal(() => verify(token), { code: 'issuer_mismatch' })
  },
})

/** Imports five secrets that have no name. */
async function importSecrets({ subject }: Scene): Promise<readonly BoundKey[]> {
  const secrets: BoundKey[] = []
  for (let fill = 1; fill <= 5; fill += 1)
    secrets.push(await subject.importKey(new Uint8Array(32).fill(fill), { alg: 'HS256' }))
  return secrets
}

const signWith = async ({ subject }: Scene, key: BoundKey | undefined): Promise<string> => {
  if (key === undefined) throw new Error('There is no such key.')
  return subject.createSigner({ key, issuer: claims.iss, audience: 'api', lifetime: 60, now: () => NOW })({})
}

const CHOICE: readonly Case[] = cases('the choice of the key', {
  'a token that names a kid is tried with the key of that kid and no other': async (scene) => {
    for (const kid of ['other', `${KID}x`, KID.toUpperCase()]) {
      const token = await tokenOf(scene, claims, { kid })
      await expectRefusal(() => verifierOf(scene)(token), { code: 'key_not_found', claim: 'kid', received: kid })
    }
  },

  'a secret without a kid verifies tokens whatever kid their issuer gave them, unless a key has that kid': async (
    scene,
  ) => {
    const importSecret = async (fill: number, kid?: string): Promise<BoundKey> =>
      scene.subject.importKey(new Uint8Array(32).fill(fill), { alg: 'HS256', ...(kid === undefined ? {} : { kid }) })
    const token = await signWith(scene, await importSecret(1, 'current'))
    const verifyWith = (keys: unknown): unknown => verifierOf(scene, { algorithms: ['HS256'], keys })(token)
    await verifyWith(await importSecret(1))
    const others = [await importSecret(1), await importSecret(2, 'current')]
    await expectRefusal(() => verifyWith(others), { code: 'signature_invalid' })
    const renamed = await importSecret(1, 'previous')
    await expectRefusal(() => verifyWith(renamed), { code: 'key_not_found' })
  },

  'a token that names no kid is tried with each key of its algorithm, up to four': async (scene) => {
    await verifierOf(scene)(await forge(scene.getKey('ES256'), { alg: 'ES256' }, claims))
    const secrets = await importSecrets(scene)
    const verify = verifierOf(scene, { algorithms: ['HS256'], keys: secrets.slice(0, 4) })
    for (const key of secrets.slice(0, 4)) await verify(await signWith(scene, key))
    const fifth = await signWith(scene, secrets[4])
    await expectRefusal(() => verify(fifth), { code: 'signature_invalid' })
    const tooMany = verifierOf(scene, { algorithms: ['HS256'], keys: secrets })
    await expectRefusal(() => tooMany(fifth), { code: 'key_ambiguous' })
  },

  'a key is never tried for an algorithm that it is not bound to': async (scene) => {
    const keys = (['ES256', 'RS256', 'HS256'] as const).map((alg) => scene.getKey(alg).verification)
    const verify = verifierOf(scene, { keys, algorithms: ['ES256', 'RS256', 'HS256', 'PS256', 'EdDSA'] })
    await verify(await tokenOf(scene))
    const ps256 = await forge(scene.getKey('PS256'), { alg: 'PS256', kid: KID }, claims)
    await expectRefusal(() => verify(ps256), { code: 'key_not_found' })
  },

  'a function finds the key from the header, at once or later': async (scene) => {
    const { verification } = scene.getKey('ES256')
    const token = await tokenOf(scene)
    const seen: unknown[] = []
    const keys = (header: object): unknown => {
      seen.push(header)
      expectTrue(Object.isFrozen(header), 'the header is frozen')
      return seen.length === 1 ? verification : Promise.resolve([verification])
    }
    const verify = verifierOf(scene, { keys })
    for (let round = 0; round < 2; round += 1) expectEqual(await verify(token), claims)
    const header = { alg: 'ES256', kid: KID }
    expectEqual(seen, [header, header])
  },

  'a function is not called for a token that is refused by its form, algorithm, type or kid': async (scene) => {
    let calls = 0
    const keys = (): undefined => {
      calls += 1
    }
    const verify = verifierOf(scene, { keys, typ: 'JWT' })
    const headers = [{ alg: 'none' }, { typ: 'x' }, { typ: 'JWT', kid: '../../x' }]
    const tokens = await Promise.all(headers.map((header) => tokenOf(scene, claims, header)))
    for (const token of ['x', 'x'.repeat(9000), ...tokens])
      await expectRefusal(() => verify(token), { name: 'TokenError' })
    expectEqual(calls, 0)
    const token = await tokenOf(scene, claims, { typ: 'JWT' })
    await expectRefusal(() => verify(token), { code: 'key_not_found' })
  },

  'what a function finds is checked like any other key': async (scene) => {
    const { publicJwk } = scene.getKey('ES256')
    const { kid: _, ...unnamed } = publicJwk
    const other = await scene.subject.importKey(unnamed, { alg: 'ES256', kid: 'other' })
    const token = await tokenOf(scene)
    const verifyWith = (found: unknown): unknown => verifierOf(scene, { keys: () => found })(token)
    for (const key of [scene.getKey('ES384').verification, other])
      await expectRefusal(() => verifyWith(key), { code: 'key_not_found' })
    for (const bad of [null, 'key', {}, [undefined], publicJwk]) await expectRefusal(() => verifyWith(bad), {})
    const failure = Promise.reject(new RangeError('keys are out of reach'))
    await expectRefusal(() => verifyWith(failure), { name: 'RangeError', message: /out of reach/ })
  },
})

const HEADERS: readonly Case[] = cases('createJwtVerifier', {
  'returns the protected header beside the claims, at hand or found by a function': async (scene) => {
    const token = await tokenOf(scene, claims, { typ: 'at+jwt' })
    const { verification } = scene.getKey('ES256')
    for (const keys of [verification, () => verification]) {
      const verified = await scene.subject.createJwtVerifier({ ...optionsOf(scene), keys })(token)
      expectEqual(verified, { claims, protectedHeader: { alg: 'ES256', kid: KID, typ: 'at+jwt' } })
      expectTrue(Object.isFrozen(verified.protectedHeader), 'the header is frozen')
    }
  },

  'takes the options of createVerifier and refuses what that refuses, under its own name': async (scene) => {
    const create = (options: unknown): unknown => scene.subject.createJwtVerifier(options as AnyVerifierOptions)
    await expectRefusal(() => create({}), { message: /^createJwtVerifier: mend these options\./ })
    await expectRefusal(() => create(null), { message: /^createJwtVerifier: give an object/ })
    const expired = await tokenOf(scene, { ...claims, exp: NOW - 60 })
    const verify = scene.subject.createJwtVerifier(optionsOf(scene))
    await expectRefusal(() => verify(expired), { code: 'token_expired' })
  },
})

const CACHE: readonly Case[] = cases('a verifier with cacheSize', {
  'gives the same claims for a token that comes again, frozen, and checks its time again': async (scene) => {
    let time = NOW
    const { subject, getKey } = scene
    const jwks = subject.exportJwkSet([getKey('ES256').signing])
    for (const keys of [getKey('ES256').verification, jwks]) {
      time = NOW
      const verify = verifierOf(scene, { keys, cacheSize: 10, now: () => time })
      const token = await tokenOf(scene, { ...claims, roles: ['user'] })
      await verify(token)
      const first = await verify(token)
      expectTrue((await verify(`${token}`)) === first, 'the claims are the same object')
      expectTrue(Object.isFrozen(first.roles), 'the claims are frozen')
      time = claims.exp + 5
      await expectRefusal(() => verify(token), { code: 'token_expired' })
    }
  },

  'remembers nothing of a token that it refuses, and takes no other for one that it remembers': async (scene) => {
    const verify = verifierOf(scene, { cacheSize: 10 })
    const token = await tokenOf(scene, { ...claims, sub: 'user-1' })
    const other = await tokenOf(scene, { ...claims, sub: 'user-2' })
    const [header, , signature] = token.split('.')
    const forged = `${header}.${other.split('.')[1]}.${signature}`
    for (let round = 0; round < 3; round += 1) {
      expectEqual([(await verify(token)).sub, (await verify(other)).sub], ['user-1', 'user-2'])
      await expectRefusal(() => verify(forged), { code: 'signature_invalid' })
      await expectRefusal(() => verify(`${token} `), { code: 'token_malformed' })
    }
  },

  'has a sound size, and no function that finds keys': async (scene) => {
    for (const cacheSize of [-1, 1.5, 1_000_001, '10', Number.NaN])
      await refusesOption(scene, { cacheSize }, 'cacheSize', 'give a whole number')
    await refusesOption(scene, { cacheSize: 10, keys: () => undefined }, 'cacheSize', 'leave it out with a function')
  },
})

/** What a verifier is told, and which keys it tries. */
export const VERIFIER_CASES: readonly Case[] = [...OPTIONS, ...CHOICE, ...HEADERS, ...CACHE]
