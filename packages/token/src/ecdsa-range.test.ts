import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Algorithm, getAlgorithmParameters } from './algorithm.ts'
import { isEcdsaSignature } from './ecdsa-range.ts'
import { ecdsaSignatureToDer } from './ecdsa-signature.ts'

for (const alg of ['ES256', 'ES384', 'ES512'] satisfies Algorithm[]) {
  const parameters = getAlgorithmParameters(alg)
  if (parameters.family !== 'ecdsa') throw new Error('unreachable')
  const { size, order } = parameters
  const toBytes = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(2 * size, '0'), 'hex')
  const n = BigInt(`0x${Buffer.from(order).toString('hex')}`)

  test(`${alg}: halves of 1 and n - 1 are in range, and 0, n and more are not`, () => {
    for (const half of [1n, n - 1n])
      assert.ok(isEcdsaSignature(Buffer.concat([toBytes(half), toBytes(1n)]), parameters))
    for (const half of [0n, n, n + 1n, (1n << BigInt(8 * size)) - 1n]) {
      assert.equal(isEcdsaSignature(Buffer.concat([toBytes(half), toBytes(1n)]), parameters), false)
      assert.equal(isEcdsaSignature(Buffer.concat([toBytes(1n), toBytes(half)]), parameters), false)
    }
  })

  test(`${alg}: whatever the bytes, they are judged as by the writer of DER`, () => {
    const halves = fc.uint8Array({ minLength: 2 * size - 1, maxLength: 2 * size + 1 })
    fc.assert(
      fc.property(halves, fc.nat(size), (bytes, zeros) => {
        bytes.fill(0, 0, zeros)
        assert.equal(isEcdsaSignature(bytes, parameters), ecdsaSignatureToDer(bytes, parameters) !== undefined)
      }),
    )
  })
}
