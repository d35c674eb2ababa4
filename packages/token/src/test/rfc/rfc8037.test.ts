import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { exportPrivateJwk } from '../../export-key.ts'
import { importKey } from '../../import-key.ts'
import { createSignature } from '../../signature.ts'
import { thumbprint } from '../../thumbprint.ts'
import { verifyCompact } from '../../verify-compact.ts'
import { RFC8037_A1, withoutPrivateMembers } from './rfc-keys.ts'

const SIGNING_INPUT = 'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc'
const SIGNATURE = 'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg'

describe('RFC 8037 appendix A', () => {
  test('A.1: the private key is imported and exported as it was', () => {
    const { alg, kid, ...members } = exportPrivateJwk(importKey(RFC8037_A1, { alg: 'EdDSA' }))
    assert.deepEqual(members, RFC8037_A1)
    assert.deepEqual({ alg, kid }, { alg: 'EdDSA', kid: thumbprint(RFC8037_A1) })
  })

  test('A.3: the thumbprint is the published one', () => {
    assert.equal(thumbprint(withoutPrivateMembers(RFC8037_A1)), 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
  })

  test('A.4: signing gives the published signature', () => {
    const key = importKey(RFC8037_A1, { alg: 'EdDSA' })
    assert.equal(createSignature(key, Buffer.from(SIGNING_INPUT)).toString('base64url'), SIGNATURE)
  })

  test('A.5: the published JWS is accepted', () => {
    const keys = importKey(withoutPrivateMembers(RFC8037_A1), { alg: 'EdDSA' })
    const { payload } = verifyCompact(`${SIGNING_INPUT}.${SIGNATURE}`, { keys, algorithms: ['EdDSA'] })
    assert.equal(new TextDecoder().decode(payload), 'Example of Ed25519 signing')
  })
})
