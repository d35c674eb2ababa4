import assert from 'node:assert/strict'
import { sign, verify } from 'node:crypto'
import { describe, test } from 'node:test'
import { createSigner } from '../../create-signer.ts'
import { createVerifier } from '../../create-verifier.ts'
import { exportPrivateJwk, exportPublicJwk } from '../../export-key.ts'
import { importKey } from '../../import-key.ts'
import { importJwkSet } from '../../jwk-set.ts'
import { getKeyMaterial } from '../../key.ts'
import { signCompact } from '../../sign-compact.ts'
import { createSignature, isSignatureValid } from '../../signature.ts'
import { thumbprint } from '../../thumbprint.ts'
import { verifyCompact } from '../../verify-compact.ts'
import { forgeToken } from '../forge-token.ts'
import { getTestKey, HAS_ML_DSA, KID } from '../test-keys.ts'
import { RFC9964_A1 } from './rfc9964-vectors.ts'

const PAYLOAD = 'It\u2019s a dangerous business, Frodo, going out your door.'
const LENGTHS = { 'ML-DSA-44': [1312, 2420], 'ML-DSA-65': [1952, 3309], 'ML-DSA-87': [2592, 4627] } as const
const NAMES = HAS_ML_DSA ? (Object.keys(LENGTHS) as (keyof typeof LENGTHS)[]) : []

describe('RFC 9964 appendix A.1', () => {
  for (const { jwk, jws } of HAS_ML_DSA ? RFC9964_A1 : []) {
    const { priv: _, ...publicJwk } = jwk
    const { alg, kid } = jwk

    test(`${alg}: the published JWS is accepted with the public and with the private key`, () => {
      for (const keys of [importKey(publicJwk), importKey(jwk), importJwkSet({ keys: [publicJwk] }).keys]) {
        const { payload, protectedHeader } = verifyCompact(jws, { keys, algorithms: [alg] })
        assert.equal(new TextDecoder().decode(payload), PAYLOAD)
        assert.deepEqual(protectedHeader, { alg, kid })
      }
    })

    test(`${alg}: §6: the published kid is the thumbprint, over alg, kty and pub`, () => {
      assert.equal(thumbprint(jwk), kid)
      assert.equal(thumbprint(importKey(publicJwk)), kid)
      const { kid: __, ...unnamed } = jwk
      assert.equal(importKey(unnamed).kid, kid)
      assert.throws(() => thumbprint({ ...jwk, alg: undefined } as never), /no member alg/)
    })

    test(`${alg}: the key is exported as it was, and what it signs is accepted`, () => {
      const key = importKey(jwk)
      assert.deepEqual(exportPrivateJwk(key), jwk)
      assert.deepEqual(exportPublicJwk(key), { ...publicJwk, use: 'sig' })
      const again = signCompact(new TextEncoder().encode(PAYLOAD), { key })
      assert.equal(again.length, jws.length)
      verifyCompact(again, { keys: importKey(publicJwk), algorithms: [alg] })
    })
  }
})

describe('RFC 9964 §5', () => {
  for (const alg of NAMES) {
    const { native, signing, verification } = getTestKey(alg)
    const [publicKeyLength, signatureLength] = LENGTHS[alg]

    test(`${alg} has a public key of ${publicKeyLength} and signatures of ${signatureLength} bytes`, () => {
      assert.equal(Buffer.from(exportPublicJwk(signing).pub ?? '', 'base64url').length, publicKeyLength)
      assert.equal(createSignature(signing, Buffer.from('text')).length, signatureLength)
    })

    test(`${alg} signs with an empty context, and no other context is accepted`, () => {
      const text = Buffer.from('text')
      const { verification: publicKey } = getKeyMaterial(verification)
      assert.ok(publicKey !== undefined && verify(null, text, publicKey, createSignature(signing, text)))
      const signWith = (context: string): Buffer => sign(null, text, { key: native, context: Buffer.from(context) })
      assert.ok(isSignatureValid(verification, text, signWith('')))
      for (const context of ['\0', 'JWT', 'a'.repeat(255)])
        assert.equal(isSignatureValid(verification, text, signWith(context)), false)
    })

    test(`${alg} signs a token that the default maxTokenLength admits`, () => {
      const claims = { sub: 'user-1', scope: 'orders:read orders:write', note: 'a'.repeat(600) }
      const names = { issuer: 'https://issuer.example', audience: 'https://api.example' }
      const token = createSigner({ key: signing, ...names, lifetime: '10m' })(claims)
      assert.ok(token.length > (signatureLength * 4) / 3 && token.length < 8192)
      assert.equal(createVerifier({ keys: verification, algorithms: [alg], ...names })(token).sub, 'user-1')
    })
  }

  test('a key is bound to its parameter set: none verifies under the name of another', () => {
    const accept = { dangerouslyAllowAnyIssuer: true, dangerouslyAllowAnyAudience: true } as const
    for (const alg of NAMES) {
      for (const other of NAMES.filter((name) => name !== alg)) {
        const token = forgeToken({ alg: other, kid: KID }, { exp: 9e9 }, getTestKey(alg).native, alg)
        const keys = NAMES.map((name) => getTestKey(name).verification)
        assert.throws(() => createVerifier({ keys, algorithms: NAMES, ...accept })(token), {
          code: 'signature_invalid',
        })
        assert.throws(() => createVerifier({ keys, algorithms: [alg], ...accept })(token), {
          code: 'algorithm_not_allowed',
        })
      }
    }
  })

  test('§7.2: HashML-DSA has no name', { skip: !HAS_ML_DSA }, () => {
    const { signing } = getTestKey('ML-DSA-44')
    for (const alg of ['HashML-DSA-44', 'HASH-ML-DSA-44', 'ML-DSA-44-SHA512', 'ml-dsa-44', 'ML-DSA', 'ML-DSA-44 '])
      assert.throws(() => importKey({ ...exportPublicJwk(signing), alg }), /^TypeError: alg: .*not supported/)
  })
})
