/** The other examples are among the portable tests; this one has a header that no key of this package writes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importKey } from '../../import-key.ts'
import { createSignature } from '../../signature.ts'
import { RFC8037_A1 } from './rfc-keys.ts'

const SIGNING_INPUT = 'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc'
const SIGNATURE = 'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg'

test('RFC 8037 A.4: signing gives the published signature', () => {
  const key = importKey(RFC8037_A1, { alg: 'EdDSA' })
  assert.equal(createSignature(key, Buffer.from(SIGNING_INPUT)).toString('base64url'), SIGNATURE)
})
