import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createSigner } from '../create-signer.ts'
import { createVerifier } from '../create-verifier.ts'
import { exportPrivateJwk, exportPrivatePem, exportPublicJwk, exportPublicPem } from '../export-key.ts'
import { importKey } from '../import-key.ts'
import { exportJwkSet } from '../jwk-set.ts'
import { TEST_KEYS } from './test-keys.ts'

const REGISTERED = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'client_id', 'scope']
const name = fc.string({ maxLength: 12 }).filter((text) => !REGISTERED.includes(text) && text !== '__proto__')
const value = fc.jsonValue({ maxDepth: 3 }).filter((json) => !JSON.stringify(json).includes('__proto__'))
const claims = fc
  .dictionary(name, value, { maxKeys: 8 })
  .filter((given) => !/"\\(?:u[0-9a-f]{4}|[^u])":/.test(JSON.stringify(given)))

describe('what one side signs the other verifies, claim for claim', () => {
  for (const { alg, signing, verification } of TEST_KEYS) {
    const sign = createSigner({ key: signing, issuer: 'i', audience: ['a', 'b'], lifetime: '1m' })
    const kid = signing.kid === undefined ? {} : { kid: signing.kid }
    const halves =
      signing.kind === 'secret'
        ? { 'the secret': verification, 'the JWK again': importKey(exportPrivateJwk(signing)) }
        : {
            'the public key': verification,
            'the private key': signing,
            'the public JWK': importKey(exportPublicJwk(signing)),
            'the private PEM': importKey(exportPrivatePem(signing), { alg, ...kid }),
            'the public PEM': importKey(exportPublicPem(signing), { alg, ...kid }),
            'the JWK Set': exportJwkSet([signing]),
          }
    for (const [half, keys] of Object.entries(halves)) {
      test(`${alg} with ${half}`, () => {
        const verify = createVerifier({
          keys,
          algorithms: [alg],
          issuer: 'i',
          audience: 'b',
          typ: 'JWT',
          maxTokenLength: 100_000,
        })
        fc.assert(
          fc.property(claims, (given) => {
            const { iss, aud, iat, exp, ...rest } = verify(sign(given))
            assert.deepEqual(rest, JSON.parse(JSON.stringify(given)))
            assert.deepEqual(
              { iss, aud, lifetime: (exp ?? 0) - (iat ?? 0) },
              { iss: 'i', aud: ['a', 'b'], lifetime: 60 },
            )
          }),
          { numRuns: 20 },
        )
      })
    }

    test(`${alg}: another key of the same kind and kid refuses it`, () => {
      const others = TEST_KEYS.filter((other) => other.alg !== alg)
      for (const other of others) {
        const verify = createVerifier({ keys: other.verification, algorithms: [other.alg], issuer: 'i', audience: 'b' })
        assert.throws(() => verify(sign({})), { code: 'algorithm_not_allowed' })
      }
    })
  }
})
