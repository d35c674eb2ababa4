/** RFC 9864 publishes no example: these are those of RFC 8037 under the name that says which curve is meant. */
import assert from 'node:assert/strict'
import { createPrivateKey, sign } from 'node:crypto'
import { describe, test } from 'node:test'
import { ALGORITHMS } from '../../algorithm.ts'
import { createVerifier } from '../../create-verifier.ts'
import { exportPublicJwk } from '../../export-key.ts'
import { importKey } from '../../import-key.ts'
import { importJwkSet } from '../../jwk-set.ts'
import { signCompact } from '../../sign-compact.ts'
import { verifyCompact } from '../../verify-compact.ts'
import { encode, forgeToken } from '../forge-token.ts'
import { RFC8037_A1, withoutPrivateMembers } from './rfc-keys.ts'

const PAYLOAD = 'Example of Ed25519 signing'
/** The signature over the payload of RFC 8037 §A.4 with the header {"alg":"Ed25519"}; Ed25519 is deterministic. */
const SIGNATURE = 'UxhIYLHGg39NVCLpQAVD_UcfOmnGSCzLFZoXYkLiIbFccmOb_qObsgjzLKsfJw-4NlccUgvYrEHrRbNV0HcZAQ'
const JWS = `${encode({ alg: 'Ed25519' })}.${encode(PAYLOAD)}.${SIGNATURE}`
const publicJwk = withoutPrivateMembers(RFC8037_A1)
const native = createPrivateKey({ key: { ...RFC8037_A1 }, format: 'jwk' })

describe('RFC 9864 §2.2: Ed25519', () => {
  test('a JWS under the key of RFC 8037 is accepted, and is what node:crypto signs', () => {
    const keys = importKey(publicJwk, { alg: 'Ed25519' })
    const { payload, protectedHeader } = verifyCompact(JWS, { keys, algorithms: ['Ed25519'] })
    assert.equal(new TextDecoder().decode(payload), PAYLOAD)
    assert.deepEqual(protectedHeader, { alg: 'Ed25519' })
    const input = JWS.slice(0, JWS.lastIndexOf('.'))
    assert.equal(sign(null, Buffer.from(input), native).toString('base64url'), SIGNATURE)
  })

  test('signing writes the name that the key is bound to', () => {
    for (const alg of ['Ed25519', 'EdDSA'] as const) {
      const jws = signCompact(Buffer.from(PAYLOAD), { key: importKey(RFC8037_A1, { alg, kid: 'k' }) })
      assert.equal(Buffer.from(jws.split('.')[0] ?? '', 'base64url').toString(), `{"alg":"${alg}","kid":"k"}`)
    }
  })

  test('Ed25519 and EdDSA are two names: each is accepted only where it is allowed and the key is bound to it', () => {
    const token = (alg: 'Ed25519' | 'EdDSA'): string => forgeToken({ alg }, { exp: 9e9 }, native, alg)
    const accept = { dangerouslyAllowAnyIssuer: true, dangerouslyAllowAnyAudience: true } as const
    for (const [bound, named] of [
      ['Ed25519', 'EdDSA'],
      ['EdDSA', 'Ed25519'],
    ] as const) {
      const keys = importKey(publicJwk, { alg: bound })
      assert.throws(() => createVerifier({ keys, algorithms: [bound], ...accept })(token(named)), {
        code: 'algorithm_not_allowed',
      })
      assert.throws(() => createVerifier({ keys, algorithms: [bound, named], ...accept })(token(named)), {
        code: 'key_not_found',
      })
      const both = [keys, importKey(publicJwk, { alg: named })]
      const verify = createVerifier({ keys: both, algorithms: [bound, named], ...accept })
      assert.equal(verify(token(named)).exp, 9e9)
      assert.equal(verify(token(bound)).exp, 9e9)
    }
  })

  test('a JWK that says Ed25519 is imported as such, and exported with that name', () => {
    const { keys } = importJwkSet({ keys: [{ ...publicJwk, alg: 'Ed25519', kid: 'k' }] })
    assert.equal(keys[0]?.alg, 'Ed25519')
    assert.equal(exportPublicJwk(importKey(RFC8037_A1, { alg: 'Ed25519' })).alg, 'Ed25519')
  })

  test('a JWK without a name is bound to the one of the two that is asked for, and skipped if both are', () => {
    const set = { keys: [{ ...publicJwk, kid: 'k' }] }
    assert.equal(importJwkSet(set, { algorithms: ['Ed25519'] }).keys[0]?.alg, 'Ed25519')
    assert.equal(importJwkSet(set, { algorithms: ['EdDSA'] }).keys[0]?.alg, 'EdDSA')
    assert.equal(importJwkSet(set, { algorithms: ['Ed25519', 'EdDSA'] }).keys.length, 0)
  })

  test('§2.2: Ed448 and X25519 are not supported, and a key on them is no Ed25519 key', () => {
    assert.ok(!ALGORITHMS.includes('Ed448' as 'Ed25519'))
    assert.throws(() => importKey(publicJwk, { alg: 'Ed448' as 'Ed25519' }), TypeError)
    for (const crv of ['Ed448', 'X25519']) {
      assert.throws(() => importKey({ ...publicJwk, crv }, { alg: 'Ed25519' }), /^TypeError: crv: /)
    }
  })

  test('§2.1: the ECDSA names say their curve already, and are tied to it', () => {
    const p256 = { kty: 'EC', crv: 'P-256', x: encode(Buffer.alloc(32, 1)), y: encode(Buffer.alloc(32, 1)) }
    for (const alg of ['ES384', 'ES512'] as const) assert.throws(() => importKey(p256, { alg }), /^TypeError: crv: /)
  })
})
