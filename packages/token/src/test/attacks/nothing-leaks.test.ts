/** Sends marked secrets through every failure and searches everything that comes out. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { createSigner } from '../../create-signer.ts'
import { createVerifier } from '../../create-verifier.ts'
import { decodeUnverified } from '../../decode-unverified.ts'
import { exportPrivateJwk, exportPrivatePem } from '../../export-key.ts'
import { importKey } from '../../import-key.ts'
import type { Jwk } from '../../jwk.ts'
import { importJwkSet } from '../../jwk-set.ts'
import { thumbprint } from '../../thumbprint.ts'
import { verifyCompact } from '../../verify-compact.ts'
import { encode, forgeToken } from '../forge-token.ts'
import { getTestKey, KID, TEST_KEYS } from '../test-keys.ts'

const MARK = 'MARKEDSECRETmarkedsecretMARKEDSECRETmarkedsecret'

function captureError(run: () => unknown): string {
  try {
    const result = run()
    return inspect(result, { depth: 20, showHidden: true })
  } catch (error) {
    assert.ok(error instanceof Error)
    return [
      inspect(error, { depth: 20, showHidden: true }),
      JSON.stringify(error),
      error.message,
      error.stack ?? '',
      inspect(error.cause),
    ].join('\n')
  }
}

test('no error of an import shows the key', () => {
  for (const { alg, signing } of TEST_KEYS) {
    const jwk = exportPrivateJwk(signing)
    const { kty: _, alg: __, kid: ___, crv, e, ...secrets } = jwk
    for (const name of Object.keys(secrets)) {
      for (const bad of [MARK, `${MARK}=`, `${String(jwk[name]).slice(0, -4)}`, [MARK], { MARK }]) {
        const text = captureError(() => importKey({ ...jwk, [name]: bad } as Jwk))
        assert.ok(!text.includes(MARK), text)
        for (const value of Object.values(secrets)) assert.ok(!text.includes(String(value)), text)
      }
    }
    if (alg.startsWith('HS')) continue
    const pem = exportPrivatePem(signing)
    const body = pem.split('\n')[1] ?? MARK
    for (const bad of [pem.replaceAll('PRIVATE', 'PUBLIC'), pem.slice(0, -30), pem + pem, pem.replace('M', 'N')]) {
      for (const wrong of ['HS256', 'ES384', 'RS256', 'EdDSA'] as const) {
        const text = captureError(() => (wrong === alg ? undefined : importKey(bad, { alg: wrong })))
        assert.ok(!text.includes(body), text)
      }
    }
  }
})

test('no error about a string or bytes shows them', () => {
  for (const source of [
    MARK,
    `-----BEGIN ${MARK}-----`,
    `-----BEGIN PRIVATE KEY-----\n${MARK}\n-----END PRIVATE KEY-----`,
  ]) {
    assert.ok(!captureError(() => importKey(source, { alg: 'ES256' })).includes(MARK))
    assert.ok(!captureError(() => importKey(Buffer.from(source), { alg: 'HS512' })).includes(MARK))
    assert.ok(!captureError(() => importKey(Buffer.from(source), { alg: 'RS256' })).includes(MARK))
    assert.ok(!captureError(() => importKey(source, { alg: MARK as 'ES256' })).includes(MARK))
    assert.ok(!captureError(() => thumbprint({ kty: 'oct', k: source })).includes(MARK))
    assert.ok(
      !captureError(() =>
        importJwkSet({
          keys: [
            { kty: 'oct', k: source, alg: 'HS256' },
            { kty: 'EC', d: source },
          ],
        }),
      ).includes(MARK),
    )
  }
})

test('no error of a verifier shows the token, its signature or a claim that is not about whom it is from and for', () => {
  const NOW = 1_700_000_000
  const { native, verification } = getTestKey('ES256')
  const verify = createVerifier({
    keys: verification,
    algorithms: ['ES256'],
    issuer: 'i',
    audience: 'a',
    now: () => NOW,
  })
  const claims = { iss: 'i', aud: 'a', exp: NOW + 60, email: MARK, sub: MARK, jti: MARK }
  const tokens = [
    ...[
      { ...claims, iss: 'x' },
      { ...claims, aud: 'x' },
      { ...claims, exp: 1 },
      { ...claims, nbf: NOW + 60 },
      { ...claims, sub: [MARK] },
    ].map((payload) => forgeToken({ alg: 'ES256', kid: KID }, payload, native, 'ES256')),
    forgeToken({ alg: 'ES256', kid: 'x', x: MARK }, claims, native, 'ES256'),
    forgeToken({ alg: 'ES256', crit: [MARK] }, claims, native, 'ES256'),
    forgeToken({ alg: 'ES256', kid: `${MARK} ` }, claims, native, 'ES256'),
    forgeToken({ alg: 'ES256' }, `{"a":"${MARK}`, native, 'ES256'),
    forgeToken(`{"alg":"ES256","${MARK}":1,"${MARK}":2}`, claims, native, 'ES256'),
    `${encode({ alg: 'ES256' })}.${encode(claims)}.${encode(MARK)}`,
    `${MARK}.${MARK}.${MARK}`,
    MARK.repeat(300),
  ]
  for (const token of tokens) {
    const text = captureError(() => verify(token))
    assert.match(text, /TokenError/)
    for (const segment of [MARK, ...token.split('.')]) assert.ok(!text.includes(segment), text)
  }
  for (const read of [
    decodeUnverified,
    (jws: string) => verifyCompact(jws, { keys: verification, algorithms: ['ES256'] }),
  ]) {
    const text = captureError(() => read(`${MARK}.${MARK}.${MARK}`))
    assert.match(text, /TokenError/)
    assert.ok(!text.includes(MARK), text)
  }
})

test('no error of a signer shows the claims', () => {
  const sign = createSigner({ key: getTestKey('ES256').signing, lifetime: 60 })
  for (const claims of [
    { exp: MARK },
    { sub: [MARK] },
    { email: MARK, big: 1n },
    JSON.parse(`{"__proto__":"${MARK}"}`),
  ]) {
    const text = captureError(() => sign(claims))
    assert.match(text, /TypeError/)
    assert.ok(!text.includes(MARK), text)
  }
})
