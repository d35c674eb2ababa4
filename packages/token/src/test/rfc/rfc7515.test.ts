import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createVerifier } from '../../create-verifier.ts'
import { importKey } from '../../import-key.ts'
import { createSignature } from '../../signature.ts'
import { verifyCompact } from '../../verify-compact.ts'
import { RFC7515_A1, RFC7515_A2, RFC7515_A3, RFC7515_A4, withoutPrivateMembers } from './rfc-keys.ts'

const PAYLOAD = 'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'
const CLAIMS = { iss: 'joe', exp: 1_300_819_380, 'http://example.com/is_root': true }
const BEFORE_EXPIRY = (): number => 1_300_819_379

const A1 = `eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${PAYLOAD}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk`
const A2 = `eyJhbGciOiJSUzI1NiJ9.${PAYLOAD}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw`
const A3 = `eyJhbGciOiJFUzI1NiJ9.${PAYLOAD}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q`
const A4 =
  'eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn'
const A5 = `eyJhbGciOiJub25lIn0.${PAYLOAD}.`

describe('RFC 7515 appendix A', () => {
  for (const [section, token, jwk, alg] of [
    ['A.1', A1, RFC7515_A1, 'HS256'],
    ['A.2', A2, RFC7515_A2, 'RS256'],
    ['A.3', A3, RFC7515_A3, 'ES256'],
  ] as const) {
    test(`${section}: the ${alg} example is accepted`, () => {
      const verify = createVerifier({
        keys: importKey(withoutPrivateMembers(jwk), { alg }),
        algorithms: [alg],
        issuer: 'joe',
        dangerouslyAllowAnyAudience: true,
        now: BEFORE_EXPIRY,
      })
      assert.deepEqual(verify(token), CLAIMS)
    })
  }

  test('A.2: signing the example again gives the published signature', () => {
    const [, , published] = A2.split('.')
    const signature = createSignature(
      importKey(RFC7515_A2, { alg: 'RS256' }),
      Buffer.from(`eyJhbGciOiJSUzI1NiJ9.${PAYLOAD}`),
    )
    assert.equal(signature.toString('base64url'), published)
  })

  test('A.4: the ES512 example, whose payload is no JSON, is accepted as a JWS', () => {
    const keys = importKey(withoutPrivateMembers(RFC7515_A4), { alg: 'ES512' })
    const { payload, protectedHeader, key } = verifyCompact(A4, { keys, algorithms: ['ES512'] })
    assert.equal(new TextDecoder().decode(payload), 'Payload')
    assert.deepEqual(protectedHeader, { alg: 'ES512' })
    assert.equal(key, keys)
  })

  test('A.5: the unsecured example is refused, whatever the key', () => {
    for (const [jwk, alg] of [
      [RFC7515_A1, 'HS256'],
      [RFC7515_A2, 'RS256'],
      [RFC7515_A3, 'ES256'],
    ] as const) {
      assert.throws(() => verifyCompact(A5, { keys: importKey(jwk, { alg }), algorithms: [alg] }), {
        code: 'algorithm_not_allowed',
      })
    }
  })

  test('appendix E: a header with an unknown critical parameter is refused', () => {
    const token =
      'eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5jb20vVU5ERUZJTkVEIl0sDQogImh0dHA6Ly9leGFtcGxlLmNvbS9VTkRFRklORUQiOnRydWUNCn0.RkFJTA.'
    assert.throws(
      () => verifyCompact(token, { keys: importKey(RFC7515_A1, { alg: 'HS256' }), algorithms: ['HS256'] }),
      {
        code: 'header_unsupported',
      },
    )
  })
})
