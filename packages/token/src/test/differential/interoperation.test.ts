/** What this package signs and encrypts jose verifies and decrypts, and the other way round. */
import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { describe, test } from 'node:test'
import {
  CompactEncrypt,
  calculateJwkThumbprint,
  compactDecrypt,
  createLocalJWKSet,
  EncryptJWT,
  exportJWK,
  importJWK,
  type JWK,
  jwtDecrypt,
  jwtVerify,
  SignJWT,
} from 'jose'
import { createSigner } from '../../create-signer.ts'
import { createVerifier } from '../../create-verifier.ts'
import { exportPrivateJwk, exportPublicJwk } from '../../export-key.ts'
import { importKey } from '../../import-key.ts'
import {
  createDecrypter,
  createEncrypter,
  decryptCompact,
  ENCRYPTION_ALGORITHMS,
  encryptCompact,
  exportPrivateEncryptionJwk,
  exportPublicEncryptionJwk,
  generateEncryptionKey,
  KEY_MANAGEMENT_ALGORITHMS,
} from '../../jwe/jwe.ts'
import type { Jwk } from '../../jwk.ts'
import { exportJwkSet } from '../../jwk-set.ts'
import { thumbprint } from '../../thumbprint.ts'
import { TEST_KEYS } from '../test-keys.ts'

const ISSUER = 'https://issuer.example'
const AUDIENCE = 'https://api.example'
const expected = { issuer: ISSUER, audience: AUDIENCE, typ: 'at+jwt' } as const

/** The same JWK, whose lists may be changed: jose's type asks for that. */
const toJose = (jwk: Jwk): JWK => ({ ...jwk }) as JWK

describe('JWS', () => {
  for (const { alg, native, signing, verification } of TEST_KEYS) {
    const publicKey = native.type === 'secret' ? native : createPublicKey(native)

    test(`${alg}: signed here, verified by jose, with the key and with the JWK Set`, async () => {
      const sign = createSigner({ key: signing, issuer: ISSUER, audience: AUDIENCE, lifetime: 60, typ: 'at+jwt' })
      const token = sign({ sub: 'user-1', name: '\u{1f511}' })
      const { payload, protectedHeader } = await jwtVerify(token, publicKey, { ...expected, algorithms: [alg] })
      assert.deepEqual([payload.sub, payload.name, protectedHeader.alg], ['user-1', '\u{1f511}', alg])
      if (signing.kind === 'secret') return
      const set = createLocalJWKSet(JSON.parse(JSON.stringify(exportJwkSet([signing]))))
      assert.equal((await jwtVerify(token, set, { ...expected, algorithms: [alg] })).payload.sub, 'user-1')
    })

    test(`${alg}: signed by jose, verified here`, async () => {
      const kid = verification.kid === undefined ? {} : { kid: verification.kid }
      const token = await new SignJWT({ sub: 'user-1' })
        .setProtectedHeader({ alg, typ: 'at+jwt', ...kid })
        .setIssuer(ISSUER)
        .setAudience([AUDIENCE, 'x'])
        .setIssuedAt()
        .setExpirationTime('1m')
        .sign(native)
      const verify = createVerifier({ ...expected, keys: verification, algorithms: [alg] })
      assert.equal(verify(token).sub, 'user-1')
    })

    test(`${alg}: keys travel as JWK in both directions, with one thumbprint`, async () => {
      const jwk = await exportJWK(await importJWK(toJose(exportPrivateJwk(signing)), alg, { extractable: true }))
      assert.equal(importKey(jwk as Jwk, { alg }).kind, signing.kind)
      if (signing.kind === 'secret') return
      assert.equal(await calculateJwkThumbprint(toJose(exportPublicJwk(signing))), thumbprint(signing))
    })
  }
})

describe('JWE', () => {
  for (const alg of KEY_MANAGEMENT_ALGORITHMS) {
    for (const enc of ENCRYPTION_ALGORITHMS) {
      const makeKey = async () => {
        const key = await generateEncryptionKey(alg, { kid: 'k', ...(alg === 'dir' ? { enc } : {}) })
        const isSecret = key.kind === 'secret'
        return {
          key,
          publicJwk: toJose(isSecret ? exportPrivateEncryptionJwk(key) : exportPublicEncryptionJwk(key)),
          privateJwk: toJose(exportPrivateEncryptionJwk(key)),
        }
      }

      test(`${alg} with ${enc}: encrypted here, decrypted by jose`, async () => {
        const { key, privateJwk } = await makeKey()
        const jwe = await encryptCompact(Buffer.from('hello'), { key, enc })
        const { plaintext, protectedHeader } = await compactDecrypt(jwe, privateJwk)
        assert.equal(Buffer.from(plaintext).toString(), 'hello')
        assert.deepEqual([protectedHeader.alg, protectedHeader.enc, protectedHeader.kid], [alg, enc, 'k'])
      })

      test(`${alg} with ${enc}: encrypted by jose, decrypted here`, async () => {
        const { key, publicJwk } = await makeKey()
        const header = { alg, enc, kid: 'k' }
        const jwe = await new CompactEncrypt(Buffer.from('hello')).setProtectedHeader(header).encrypt(publicJwk)
        const { plaintext } = await decryptCompact(jwe, { keys: key, algorithms: [alg], encryptions: [enc] })
        assert.equal(Buffer.from(plaintext).toString(), 'hello')
      })
    }
  }

  test('an encrypted JWT without a signature, in both directions', async () => {
    const key = await generateEncryptionKey('dir', { enc: 'A256GCM' })
    const jwk = toJose(exportPrivateEncryptionJwk(key))
    const decrypt = createDecrypter({
      keys: key,
      algorithms: ['dir'],
      encryptions: ['A256GCM'],
      dangerouslyAllowUnsigned: true,
      ...expected,
    })
    const theirs = await new EncryptJWT({ iss: ISSUER, aud: AUDIENCE, sub: 'user-1' })
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', typ: 'at+jwt' })
      .setExpirationTime('1m')
      .encrypt(jwk)
    assert.equal((await decrypt(theirs)).sub, 'user-1')
    const encrypt = createEncrypter({ key, dangerouslyAllowUnsigned: true, lifetime: 60, ...expected })
    const { payload } = await jwtDecrypt(await encrypt({ sub: 'user-1' }), jwk, expected)
    assert.equal(payload.sub, 'user-1')
  })
})
