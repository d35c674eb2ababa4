import assert from 'node:assert/strict'
import { sign, verify } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Algorithm, getAlgorithmParameters } from './algorithm.ts'
import { ecdsaSignatureFromDer, ecdsaSignatureToDer } from './ecdsa-signature.ts'
import { getTestKey } from './test/test-keys.ts'

describe('the two spellings of an ECDSA signature', () => {
  for (const alg of ['ES256', 'ES384', 'ES512'] satisfies Algorithm[]) {
    const parameters = getAlgorithmParameters(alg)
    if (parameters.family !== 'ecdsa') throw new Error('unreachable')
    const { size, order, hash } = parameters
    const key = getTestKey(alg).native

    test(`${alg}: DER to r and s and back is the same signature, and node:crypto accepts both`, () => {
      for (let round = 0; round < 200; round += 1) {
        const message = Buffer.from(`message ${round}`)
        const der = sign(hash, message, key)
        const signature = ecdsaSignatureFromDer(der, parameters)
        assert.equal(signature.length, 2 * size)
        assert.ok(verify(hash, message, { key, dsaEncoding: 'ieee-p1363' }, signature))
        assert.deepEqual(ecdsaSignatureToDer(signature, parameters), der)
      }
    })

    test(`${alg}: a half of 0, n or more is refused, and n - 1 is not`, () => {
      const one = Buffer.alloc(size, 0).fill(1, size - 1)
      const last = Buffer.from(order).fill((order.at(-1) ?? 0) - 1, size - 1)
      const outside = [
        Buffer.alloc(size),
        Buffer.from(order),
        Buffer.from(order).fill((order.at(-1) ?? 0) + 1, size - 1),
        Buffer.alloc(size, 0xff),
      ]
      for (const half of outside) {
        assert.equal(ecdsaSignatureToDer(Buffer.concat([half, one]), parameters), undefined)
        assert.equal(ecdsaSignatureToDer(Buffer.concat([one, half]), parameters), undefined)
      }
      assert.notEqual(ecdsaSignatureToDer(Buffer.concat([last, one]), parameters), undefined)
      assert.notEqual(ecdsaSignatureToDer(Buffer.concat([one, last]), parameters), undefined)
    })

    test(`${alg}: whatever halves are in range come back from DER`, () => {
      fc.assert(
        fc.property(
          fc.uint8Array({ minLength: 2 * size, maxLength: 2 * size }),
          fc.nat(size),
          fc.nat(size),
          (bytes, zerosOfR, zerosOfS) => {
            bytes.fill(0, 0, zerosOfR).fill(0, size, size + zerosOfS)
            const der = ecdsaSignatureToDer(bytes, parameters)
            assert.ok(der === undefined || ecdsaSignatureFromDer(der, parameters).equals(bytes))
          },
        ),
      )
    })
  }
})
