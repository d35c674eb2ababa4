import assert from 'node:assert/strict'
import { constants, createSecretKey, randomBytes, sign } from 'node:crypto'
import { describe, test } from 'node:test'
import { importKey } from '../../import-key.ts'
import { importJwkSet } from '../../jwk-set.ts'
import { verifyCompact } from '../../verify-compact.ts'
import { encode, forgeToken } from '../forge-token.ts'
import { getTestKey, TEST_KEYS } from '../test-keys.ts'

describe('RFC 7518 §3', () => {
  for (const { alg, native, verification } of TEST_KEYS) {
    test(`${alg} as node:crypto computes it is accepted`, () => {
      const header = { alg, ...(verification.kid === undefined ? {} : { kid: verification.kid }) }
      const jws = forgeToken(header, 'payload', native, alg)
      assert.equal(
        Buffer.from(verifyCompact(jws, { keys: verification, algorithms: [alg] }).payload).toString(),
        'payload',
      )
    })
  }

  for (const [alg, size] of [
    ['HS256', 32],
    ['HS384', 48],
    ['HS512', 64],
  ] as const) {
    test(`§3.2: an ${alg} secret of ${size} bytes is accepted, and one byte less is refused`, () => {
      assert.equal(importKey(randomBytes(size), { alg }).kind, 'secret')
      assert.throws(() => importKey(randomBytes(size - 1), { alg }), /at least/)
      assert.throws(() => importKey({ kty: 'oct', k: encode(randomBytes(size - 1)) }, { alg }), /at least/)
    })
  }

  test('§3.5: a PS256 signature whose salt is not as long as the hash is refused', () => {
    const { native, verification } = getTestKey('PS256')
    const input = `${encode({ alg: 'PS256', kid: verification.kid })}.${encode('payload')}`
    for (const saltLength of [0, 20, 31, 33, 64, constants.RSA_PSS_SALTLEN_MAX_SIGN]) {
      const padding = constants.RSA_PKCS1_PSS_PADDING
      const signature = sign('sha256', Buffer.from(input), { key: native, padding, saltLength })
      assert.throws(
        () => verifyCompact(`${input}.${encode(signature)}`, { keys: verification, algorithms: ['PS256'] }),
        {
          code: 'signature_invalid',
        },
      )
    }
  })

  test('§3.6: a key cannot be for "none"', () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE', 'none ', '']) {
      assert.throws(() => importKey(randomBytes(64), { alg: alg as 'HS256' }), /^TypeError: alg: /)
      assert.throws(() => importKey({ kty: 'oct', k: encode(randomBytes(64)), alg }), /^TypeError: alg: /)
    }
  })

  test('§6.3.1.1: an RSA modulus with a leading zero is refused', () => {
    const { n, e } = getTestKey('RS256').native.export({ format: 'jwk' })
    const padded = encode(Buffer.concat([Buffer.of(0), Buffer.from(n ?? '', 'base64url')]))
    assert.match(
      importJwkSet({ keys: [{ kty: 'RSA', alg: 'RS256', n: padded, e }] }).skipped[0]?.reason ?? '',
      /leading zeros/,
    )
  })

  test('§6.4: a secret as a JWK signs as the same bytes do', () => {
    const secret = randomBytes(32)
    const key = importKey({ kty: 'oct', k: encode(secret) }, { alg: 'HS256' })
    const jws = forgeToken({ alg: 'HS256' }, 'payload', createSecretKey(secret), 'HS256')
    assert.equal(verifyCompact(jws, { keys: key, algorithms: ['HS256'] }).key, key)
  })
})
