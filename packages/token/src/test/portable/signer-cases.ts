/** What a signer writes, and what it refuses to sign. */
import type { JwtClaims } from '../../claims.ts'
import { type Case, cases } from './case.ts'
import { catchRefusal, expectEqual, expectRefusal, expectTrue } from './expect.ts'
import { KID } from './fixtures.ts'
import type { Scene } from './scene.ts'

const NOW = 1_700_000_000.75
const NAMES = { issuer: 'https://issuer.example', audience: 'api' } as const

type Options = Parameters<Scene['subject']['createSigner']>[0]

/** Signs claims with the usual options, some of them changed, and tells what the token then says. */
async function signed(
  scene: Scene,
  claims: JwtClaims,
  changes: object = {},
): Promise<{ header: unknown; claims: unknown }> {
  const options = { key: scene.getKey('ES256').signing, ...NAMES, lifetime: '10m', now: () => NOW, ...changes }
  const token = await scene.subject.createSigner(options as Options)(claims)
  const decoded = scene.subject.decodeUnverified(token)
  return { header: decoded.protectedHeader, claims: decoded.claims }
}

async function problemsOf({ subject }: Scene, options: unknown): Promise<string> {
  const error = await catchRefusal(() => void subject.createSigner(options as Options))
  expectEqual(error.name, 'TypeError')
  return error.message
}

const WRITTEN: readonly Case[] = cases('a signer', {
  'writes alg, kid and typ into the header, from the key and the options': async (scene) => {
    expectEqual((await signed(scene, {})).header, { alg: 'ES256', kid: KID, typ: 'JWT' })
    expectEqual((await signed(scene, {}, { typ: 'at+jwt' })).header, { alg: 'ES256', kid: KID, typ: 'at+jwt' })
    const key = await scene.subject.importKey(new Uint8Array(32), { alg: 'HS256' })
    expectEqual((await signed(scene, {}, { key })).header, { alg: 'HS256', typ: 'JWT' })
  },

  'writes iss and aud from the options, iat in whole seconds, and exp as iat plus the lifetime': async (scene) => {
    const times = { iat: 1_700_000_000, exp: 1_700_000_600 }
    expectEqual((await signed(scene, { sub: 'a' })).claims, { iss: NAMES.issuer, aud: 'api', ...times, sub: 'a' })
    expectEqual((await signed(scene, { iat: 1000 })).claims, { iss: NAMES.issuer, aud: 'api', iat: 1000, exp: 1600 })
  },

  'lets claims that are given win over the options, and takes one that is undefined as not given': async (scene) => {
    const claims = { iss: 'b', aud: ['c', 'd'], iat: 5, exp: 6.5, jti: 'e', nbf: 4 }
    expectEqual((await signed(scene, claims)).claims, claims)
    const none = { iss: undefined, exp: undefined, sub: undefined } as unknown as JwtClaims
    expectEqual((await signed(scene, none)).claims, (await signed(scene, {})).claims)
  },

  'leaves exp out only where that was waived by name': async (scene) => {
    const waived = { lifetime: undefined, dangerouslyAllowNoExpiry: true }
    expectEqual(Object.keys((await signed(scene, {}, waived)).claims as object), ['iss', 'aud', 'iat'])
    const { signing: key } = scene.getKey('ES256')
    expectTrue(/lifetime: .*dangerouslyAllowNoExpiry/.test(await problemsOf(scene, { key })), 'it is named')
    const both = { key, lifetime: 60, dangerouslyAllowNoExpiry: true }
    expectTrue(/contradict/.test(await problemsOf(scene, both)), 'they contradict each other')
  },

  'later changes to the audience and the claims that were given change nothing': async (scene) => {
    const audience = ['api']
    const { signing: key } = scene.getKey('ES256')
    const sign = scene.subject.createSigner({ key, audience, lifetime: 60 })
    audience.push('other')
    const roles = ['user']
    const signing = sign({ roles })
    roles.push('admin')
    const { claims } = scene.subject.decodeUnverified(await signing)
    expectEqual([claims.aud, claims.roles], [['api'], ['user']])
  },

  'writes Unicode that is read back as it was': async (scene) => {
    const claims = { name: 'Zoë 🦊 \u2028 "quoted" \\ \u0000', nested: { ключ: ['値'] } }
    const { signing: key } = scene.getKey('ES256')
    const token = await scene.subject.createSigner({ key, ...NAMES, lifetime: 60, now: () => NOW })(claims)
    const verify = scene.subject.createVerifier({ keys: key, algorithms: ['ES256'], ...NAMES, now: () => NOW })
    const { name, nested } = await verify(token)
    expectEqual({ name, nested }, claims)
  },

  'many tokens at once are each signed and verified as what they are': async (scene) => {
    const all = scene.keys.flatMap(({ alg, signing: key, verification: keys }) => {
      const sign = scene.subject.createSigner({ key, ...NAMES, lifetime: 60, now: () => NOW })
      const verify = scene.subject.createVerifier({ keys, algorithms: [alg], ...NAMES, now: () => NOW })
      return Array.from({ length: 5 }, async (_, index) => {
        const sub = `${alg} ${index} ${'x'.repeat(index * 100)}`
        const token = await sign({ sub })
        expectEqual((await verify(token)).sub, sub)
        await expectRefusal(() => verify(`${token.slice(0, -8)}AAAAAAAA`), { code: 'signature_invalid' }, alg)
      })
    })
    await Promise.all(all)
  },
})

const REFUSED: readonly Case[] = cases('a signer refuses', {
  'claims of a wrong type, and names the claim': async (scene) => {
    const bad: Readonly<Record<string, readonly unknown[]>> = {
      iss: [5, ['https://issuer.example'], null],
      sub: [5, {}, null],
      aud: [5, [5], ['a', null], null, {}],
      exp: ['1', Number.NaN, Number.POSITIVE_INFINITY, -1, null, new Date()],
      nbf: ['1', Number.NaN, -1],
      iat: ['1', Number.NaN, -1, null],
      jti: [5],
      client_id: [5],
      scope: [['read']],
    }
    for (const [claim, values] of Object.entries(bad)) {
      for (const value of values)
        await expectRefusal(() => signed(scene, { [claim]: value }), { message: new RegExp(`^claims.${claim}: `) })
    }
    for (const claims of [null, undefined, [], 'a', 5])
      await expectRefusal(() => signed(scene, claims as never), { message: /^claims: / })
  },

  'claims that its own verifier would refuse': async (scene) => {
    let deep: object = {}
    for (let depth = 0; depth < 16; depth += 1) deep = { deep }
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`c${index}`, 1]))
    await expectRefusal(() => signed(scene, { deep }), { message: /nested/ })
    await expectRefusal(() => signed(scene, JSON.parse('{"__proto__":{"admin":true}}')), { message: /__proto__/ })
    await expectRefusal(() => signed(scene, many), { message: /members/ })
    await expectRefusal(() => signed(scene, { big: 1n }), {})
    for (const made of [undefined, [], 'a'])
      await expectRefusal(() => signed(scene, { toJSON: () => made }), { message: /toJSON/ })
  },

  'a clock that tells no time': async (scene) => {
    await expectRefusal(() => signed(scene, {}, { now: () => Number.NaN }), {})
  },

  'bad options, all at once and each with its mend': async (scene) => {
    const { verification: key } = scene.getKey('ES256')
    const bad = { key, issuer: 5, audience: [5], lifetime: '10 minutes', typ: '', now: 5, expiresIn: '1h' }
    const message = await problemsOf(scene, bad)
    for (const path of Object.keys(bad)) expectTrue(new RegExp(`^  ${path}: .`, 'm').test(message), path)
  },

  'a public key, something else than a key, and nothing': async (scene) => {
    for (const key of [scene.getKey('ES256').verification, {}, 'secret', undefined])
      expectTrue(/^ {2}key: /m.test(await problemsOf(scene, { key, lifetime: 60 })), 'the key is named')
    for (const bad of [undefined, null, 5]) await problemsOf(scene, bad)
  },
})

/** What a signer does. */
export const SIGNER_CASES: readonly Case[] = [...WRITTEN, ...REFUSED]
