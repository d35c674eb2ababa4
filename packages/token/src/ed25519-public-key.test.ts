import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { checkEd25519PublicKey } from './ed25519-public-key.ts'

const P = 2n ** 255n - 19n
const ORDER_8 = '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'
const MINUS_ORDER_8 = 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'

const encodePoint = (y: bigint, sign: 0n | 1n): Buffer =>
  Buffer.from(((sign << 255n) | y).toString(16).padStart(64, '0'), 'hex').reverse()

test('accepts the public key of every generated key', () => {
  for (let round = 0; round < 50; round += 1) {
    const { x } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
    checkEd25519PublicKey(Buffer.from(x ?? '', 'base64url'))
  }
})

test('refuses each of the points of small order, with either sign', () => {
  for (const encoded of [ORDER_8, MINUS_ORDER_8]) {
    const point = Buffer.from(encoded, 'hex')
    assert.throws(() => checkEd25519PublicKey(point), /small order/)
    assert.throws(() => checkEd25519PublicKey(point.fill((point[31] ?? 0) | 0x80, 31)), /small order/)
  }
  for (const y of [0n, 1n, P - 1n]) {
    for (const sign of [0n, 1n] as const)
      assert.throws(() => checkEd25519PublicKey(encodePoint(y, sign)), /small order/)
  }
})

test('refuses a y that is not below the prime: a second spelling of a point', () => {
  for (const y of [P, P + 1n, P + 3n, 2n ** 255n - 1n])
    assert.throws(() => checkEd25519PublicKey(encodePoint(y, 0n)), /not a point/)
})

test('refuses a y that no point of the curve has', () => {
  for (const y of [2n, 7n, 8n]) assert.throws(() => checkEd25519PublicKey(encodePoint(y, 0n)), /not a point/)
})
