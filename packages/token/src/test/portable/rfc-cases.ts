/** The examples of RFC 7515, 7517, 7519, 7638 and 8037, which every library reads alike. */
import {
  RFC7515_A1,
  RFC7515_A2,
  RFC7515_A3,
  RFC7515_A4,
  RFC7517_EC,
  RFC7517_RSA,
  RFC7517_SECRETS,
  RFC8037_A1,
  withoutPrivateMembers,
} from '../rfc/rfc-keys.ts'
import { type Case, cases } from './case.ts'
import { expectEqual, expectRefusal, expectTrue } from './expect.ts'

const PAYLOAD = 'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'
const CLAIMS = { iss: 'joe', exp: 1_300_819_380, 'http://example.com/is_root': true }
const BEFORE_EXPIRY = (): number => 1_300_819_379

const A1 = `eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${PAYLOAD}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk`
const A2 = `eyJhbGciOiJSUzI1NiJ9.${PAYLOAD}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw`
const A3 = `eyJhbGciOiJFUzI1NiJ9.${PAYLOAD}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q`
const A4 =
  'eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn'
const A5 = `eyJhbGciOiJub25lIn0.${PAYLOAD}.`

const SECTION_3_1 =
  'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const SECTION_6_1 =
  'eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.'

const APPENDIX_E =
  'eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5jb20vVU5ERUZJTkVEIl0sDQogImh0dHA6Ly9leGFtcGxlLmNvbS9VTkRFRklORUQiOnRydWUNCn0.RkFJTA.'
const SIGNING_INPUT = 'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc'
const SIGNATURE = 'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg'

const THUMBPRINT = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

const RFC7515: readonly Case[] = cases('RFC 7515 appendix A', {
  'A.1, A.2, A.3: the HS256, RS256 and ES256 examples are accepted': async ({ subject }) => {
    for (const [token, jwk, alg] of [
      [A1, RFC7515_A1, 'HS256'],
      [A2, RFC7515_A2, 'RS256'],
      [A3, RFC7515_A3, 'ES256'],
    ] as const) {
      const keys = await subject.importKey(withoutPrivateMembers(jwk), { alg })
      const checks = { issuer: 'joe', dangerouslyAllowAnyAudience: true, now: BEFORE_EXPIRY } as const
      expectEqual(await subject.createVerifier({ keys, algorithms: [alg], ...checks })(token), CLAIMS, alg)
    }
  },

  'A.4: the ES512 example, whose payload is no JSON, is accepted as a JWS': async ({ subject }) => {
    const keys = await subject.importKey(withoutPrivateMembers(RFC7515_A4), { alg: 'ES512' })
    const { payload, protectedHeader, key } = await subject.verifyCompact(A4, { keys, algorithms: ['ES512'] })
    expectEqual([text(payload), protectedHeader], ['Payload', { alg: 'ES512' }])
    expectTrue(key === keys, 'the key is the one that was given')
  },

  'A.5: the unsecured example is refused, whatever the key': async ({ subject }) => {
    for (const [jwk, alg] of [
      [RFC7515_A1, 'HS256'],
      [RFC7515_A2, 'RS256'],
      [RFC7515_A3, 'ES256'],
    ] as const) {
      const keys = await subject.importKey(jwk, { alg })
      await expectRefusal(() => subject.verifyCompact(A5, { keys, algorithms: [alg] }), {
        code: 'algorithm_not_allowed',
      })
    }
  },

  'appendix E: a header with an unknown critical parameter is refused': async ({ subject }) => {
    const keys = await subject.importKey(RFC7515_A1, { alg: 'HS256' })
    const verify = (): unknown => subject.verifyCompact(APPENDIX_E, { keys, algorithms: ['HS256'] })
    await expectRefusal(verify, { code: 'header_unsupported' })
  },
})

const RFC7517: readonly Case[] = cases('RFC 7517 appendix A', {
  'A.1: of the public keys the RSA key is imported, and the one for encryption is skipped': async ({ subject }) => {
    const set = { keys: [withoutPrivateMembers(RFC7517_EC), withoutPrivateMembers(RFC7517_RSA)] }
    const { keys, skipped } = await subject.importJwkSet(set)
    const named = keys.map(({ alg, kid, kind }) => ({ alg, kid, kind }))
    expectEqual(named, [{ alg: 'RS256', kid: '2011-04-29', kind: 'public' }])
    expectEqual(
      skipped.map(({ index, kid }) => ({ index, kid })),
      [{ index: 0, kid: '1' }],
    )
  },

  'A.1: the key for encryption is refused by its use, once it has an algorithm': async ({ subject }) => {
    const importEc = (): unknown => subject.importKey(withoutPrivateMembers(RFC7517_EC), { alg: 'ES256' })
    await expectRefusal(importEc, { message: /^use: / })
  },

  'A.2: the private keys are imported and exported as they were': async ({ subject }) => {
    const rsa = await subject.importKey(RFC7517_RSA, { extractable: true })
    expectEqual(await subject.exportPrivateJwk(rsa), RFC7517_RSA)
    const { use: _, ...ec } = RFC7517_EC
    const key = await subject.importKey(ec, { alg: 'ES256', extractable: true })
    expectEqual(await subject.exportPrivateJwk(key), { ...ec, alg: 'ES256' })
  },

  'A.2: no member of the private half is exported as public': async ({ subject }) => {
    const key = await subject.importKey(RFC7517_RSA)
    expectEqual(subject.exportPublicJwk(key), { ...withoutPrivateMembers(RFC7517_RSA), use: 'sig' })
  },

  'A.2, A.3: private keys and secrets in a JWK Set are skipped': async ({ subject }) => {
    for (const members of [[RFC7517_EC, RFC7517_RSA], RFC7517_SECRETS]) {
      const { keys, skipped } = await subject.importJwkSet({ keys: members })
      expectEqual([keys.length, skipped.length], [0, 2])
    }
  },

  'A.3: the key for wrapping is no key for signatures': async ({ subject }) => {
    await expectRefusal(() => subject.importKey(RFC7517_SECRETS[0] ?? {}), { message: /^alg: / })
  },
})

const RFC7519: readonly Case[] = cases('RFC 7519', {
  '§3.1, §4.1.4: the example is accepted before its expiry, and refused at and after it': async ({ subject }) => {
    const keys = await subject.importKey(RFC7515_A1, { alg: 'HS256' })
    const checks = {
      algorithms: ['HS256'],
      issuer: 'joe',
      dangerouslyAllowAnyAudience: true,
      clockTolerance: 0,
    } as const
    const verifyAt = (now: number): unknown =>
      subject.createVerifier({ keys, ...checks, typ: 'JWT', now: () => now })(SECTION_3_1)
    expectEqual(await verifyAt(CLAIMS.exp - 1), CLAIMS)
    for (const now of [CLAIMS.exp, CLAIMS.exp + 1])
      await expectRefusal(() => verifyAt(now), { code: 'token_expired', claim: 'exp' })
  },

  '§6.1: the unsecured example is refused, and can still be decoded for display': async ({ subject }) => {
    const keys = await subject.importKey(RFC7515_A1, { alg: 'HS256' })
    const checks = { issuer: 'joe', dangerouslyAllowAnyAudience: true } as const
    const verify = subject.createVerifier({ keys, algorithms: ['HS256'], ...checks })
    await expectRefusal(() => verify(SECTION_6_1), { code: 'algorithm_not_allowed' })
    const { claims, protectedHeader } = subject.decodeUnverified(SECTION_6_1)
    expectEqual([claims, protectedHeader], [CLAIMS, { alg: 'none' }])
  },
})

const RFC7638: readonly Case[] = cases('RFC 7638', {
  '§3.1: the thumbprint of the example is the published one, for JWK and key, public and private': async ({
    subject,
  }) => {
    const publicJwk = withoutPrivateMembers(RFC7517_RSA)
    const keys = [await subject.importKey(RFC7517_RSA), await subject.importKey(publicJwk, { alg: 'RS256' })]
    for (const key of [publicJwk, RFC7517_RSA, ...keys]) expectEqual(await subject.thumbprint(key), THUMBPRINT)
  },

  '§3.1: the thumbprint is the kid of a key that has none': async ({ subject }) => {
    const { kid: _, ...jwk } = RFC7517_RSA
    for (const alg of ['RS256', 'PS256']) expectEqual((await subject.importKey({ ...jwk, alg })).kid, THUMBPRINT)
  },

  '§7: a secret has no thumbprint': async ({ subject }) => {
    const secret = await subject.importKey(new Uint8Array(32), { alg: 'HS256' })
    for (const key of [{ kty: 'oct', k: 'AQAB' }, secret])
      await expectRefusal(() => subject.thumbprint(key), { message: /^A thumbprint is/ })
    await expectRefusal(() => subject.thumbprint({ kty: 'EC', crv: 'P-256', x: 'a' }), { message: /no member y/ })
  },
})

const RFC8037: readonly Case[] = cases('RFC 8037 appendix A', {
  'A.1: the private key is imported and exported as it was': async ({ subject }) => {
    const key = await subject.importKey(RFC8037_A1, { alg: 'EdDSA', extractable: true })
    const expected = { ...RFC8037_A1, alg: 'EdDSA', kid: await subject.thumbprint(RFC8037_A1) }
    expectEqual(await subject.exportPrivateJwk(key), expected)
  },

  'A.3: the thumbprint is the published one': async ({ subject }) => {
    const thumbprint = await subject.thumbprint(withoutPrivateMembers(RFC8037_A1))
    expectEqual(thumbprint, 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
  },

  'A.5: the published JWS is accepted': async ({ subject }) => {
    const keys = await subject.importKey(withoutPrivateMembers(RFC8037_A1), { alg: 'EdDSA' })
    const jws = `${SIGNING_INPUT}.${SIGNATURE}`
    const { payload } = await subject.verifyCompact(jws, { keys, algorithms: ['EdDSA'] })
    expectEqual(text(payload), 'Example of Ed25519 signing')
  },
})

/** The examples of the RFCs. */
export const RFC_CASES: readonly Case[] = [...RFC7515, ...RFC7517, ...RFC7519, ...RFC7638, ...RFC8037]
