/** The other examples are among the portable tests; this one has a header that no key of this package writes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importKey } from '../../import-key.ts'
import { createSignature } from '../../signature.ts'
import { RFC7515_A2 } from './rfc-keys.ts'

const PAYLOAD = 'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'
const A2 = `eyJhbGciOiJSUzI1NiJ9.${PAYLOAD}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw`

test('RFC 7515 A.2: signing the example again gives the published signature', () => {
  const [, , published] = A2.split('.')
  const input = Buffer.from(`eyJhbGciOiJSUzI1NiJ9.${PAYLOAD}`)
  assert.equal(createSignature(importKey(RFC7515_A2, { alg: 'RS256' }), input).toString('base64url'), published)
})
