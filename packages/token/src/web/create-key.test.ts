import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAsymmetricKey, type NativeHalves } from './create-key.ts'
import { exportMembers } from './subtle.ts'

test('halves that do not belong together make no key, although Web Crypto took each of them', async () => {
  const algorithms = [
    ['ES256', { name: 'ECDSA', namedCurve: 'P-256' }],
    ['EdDSA', { name: 'Ed25519' }],
  ] as const
  for (const [alg, algorithm] of algorithms) {
    const pairs = [1, 2].map(() => crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']))
    const [one, other] = (await Promise.all(pairs)) as [NativeHalves, NativeHalves]
    const members = await exportMembers(one.publicKey)
    const create = (halves: NativeHalves): Promise<unknown> =>
      createAsymmetricKey(members, alg, 'a', async () => halves)
    await create(one)
    await assert.rejects(create({ ...one, privateKey: other.privateKey }), /private half .* does not belong/)
    await assert.rejects(create({ ...other, privateKey: one.privateKey }), /private half .* does not belong/)
  }
})
