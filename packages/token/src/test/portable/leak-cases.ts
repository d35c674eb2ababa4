/** Sends marked secrets through the failures of a library and searches everything that its errors say. */
import type { Algorithm } from '../../algorithm.ts'
import type { Jwk } from '../../jwk.ts'
import { type Case, cases } from './case.ts'
import { catchRefusal, expectTrue } from './expect.ts'
import { forge } from './scene.ts'
import { CLAIMS, NOW, tokenOf, verifierOf } from './verifier-checks.ts'

const MARK = 'MARKEDSECRETmarkedsecretMARKEDSECRETmarkedsecret'

/** Expects a refusal that says nothing of some texts. */
async function hides(run: () => unknown, secrets: readonly unknown[]): Promise<void> {
  const error = await catchRefusal(run)
  const said = [error.name, error.message, error.stack, JSON.stringify(error), String(error.cause)].join('\n')
  for (const secret of [MARK, ...secrets]) expectTrue(!said.includes(String(secret)), `${error.message} hides it`)
}

/** What nobody says of a key, a token or a claim. */
export const LEAK_CASES: readonly Case[] = cases('no error shows', {
  'the members of a JWK': async ({ subject, keys }) => {
    for (const { privateJwk: jwk } of keys) {
      const { kty: _, alg: __, kid: ___, crv, e, ...secrets } = jwk
      for (const name of Object.keys(secrets)) {
        for (const bad of [`${MARK}*`, `${MARK}=`, `${String(jwk[name]).slice(0, -4)}`, [MARK], { MARK }])
          await hides(() => subject.importKey({ ...jwk, [name]: bad } as Jwk), Object.values(secrets))
      }
    }
  },

  'the lines of a PEM text': async ({ subject, keys }) => {
    for (const { alg, privatePem: pem } of keys) {
      if (pem === undefined) continue
      const line = pem.split('\n')[1] ?? MARK
      for (const bad of [pem.replaceAll('PRIVATE', 'PUBLIC'), pem.slice(0, -30), pem + pem, pem.replace('\nM', '\nN')])
        await hides(() => subject.importKey(bad, { alg }), [line])
      for (const wrong of (['HS256', 'ES384', 'EdDSA'] as const).filter((name) => name !== alg && !/^Ed/.test(alg)))
        await hides(() => subject.importKey(pem, { alg: wrong }), [line])
    }
  },

  'a string or bytes that are no key': async ({ subject }) => {
    const block = `-----BEGIN PRIVATE KEY-----\n${MARK}\n-----END PRIVATE KEY-----`
    for (const source of [MARK, `-----BEGIN ${MARK}-----`, block]) {
      const bytes = new TextEncoder().encode(source)
      await hides(() => subject.importKey(source, { alg: 'ES256' }), [])
      await hides(() => subject.importKey(bytes.subarray(0, 48), { alg: 'HS512' }), [])
      await hides(() => subject.importKey(bytes, { alg: 'RS256' }), [])
      await hides(() => subject.importKey(source, { alg: MARK as Algorithm }), [])
      await hides(() => subject.thumbprint({ kty: 'oct', k: source }), [])
    }
  },

  'a token, its signature or a claim that is not about whom it is from and for': async (scene) => {
    const claims = { ...CLAIMS, email: MARK, sub: MARK, jti: MARK }
    const changes = [{ iss: 'x' }, { aud: 'x' }, { exp: 1 }, { nbf: NOW + 60 }, { sub: [MARK] }]
    const tokens = await Promise.all(changes.map((changed) => tokenOf(scene, { ...claims, ...changed })))
    const headers = [{ kid: 'x', x: MARK }, { crit: [MARK] }, { kid: `${MARK} ` }]
    tokens.push(...(await Promise.all(headers.map((header) => tokenOf(scene, claims, header)))))
    tokens.push(await tokenOf(scene, `{"a":"${MARK}`))
    tokens.push(await forge(scene.getKey('ES384'), { alg: 'ES256' }, claims))
    const verify = verifierOf(scene)
    for (const token of [...tokens, `${MARK}.${MARK}.${MARK}`, MARK.repeat(300)])
      await hides(() => verify(token), token.split('.'))
  },

  'the claims that a signer refuses': async ({ subject, getKey }) => {
    const sign = subject.createSigner({ key: getKey('ES256').signing, lifetime: 60 })
    for (const claims of [{ exp: MARK }, { sub: [MARK] }, JSON.parse(`{"__proto__":"${MARK}"}`)])
      await hides(() => sign(claims as never), [])
  },
})
