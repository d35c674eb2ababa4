import assert from 'node:assert/strict'
import { createHmac, createSecretKey } from 'node:crypto'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { getAlgorithmParameters, type HmacParameters } from './algorithm.ts'
import { computeHmac, createHmacPads } from './hmac.ts'
import { importKey } from './import-key.ts'
import { getKeyMaterial } from './key.ts'
import { SCRATCH_TOKEN_LENGTH } from './scratch.ts'

const bytesOf = (minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength })

describe('HMAC over pads that were made before is HMAC (RFC 2104 §2)', () => {
  for (const alg of ['HS256', 'HS384', 'HS512'] as const) {
    const parameters = getAlgorithmParameters(alg) as HmacParameters
    const { hash, size } = parameters
    const mac = (secret: Uint8Array, text: Uint8Array): Buffer => {
      const pads = createHmacPads(createSecretKey(secret), parameters)
      return Buffer.from(computeHmac(parameters, pads, text))
    }
    const expected = (secret: Uint8Array, text: Uint8Array): Buffer => createHmac(hash, secret).update(text).digest()

    test(`${alg}: for secrets of every length from the least to beyond two blocks`, () => {
      const text = Buffer.from('text')
      for (let length = size; length <= 300; length += 1) {
        const secret = Buffer.alloc(length).map((_, index) => (index * 7 + length) & 0xff)
        assert.deepEqual(mac(secret, text), expected(secret, text), String(length))
      }
    })

    test(`${alg}: for any secret and any text`, () => {
      fc.assert(
        fc.property(bytesOf(size, 300), bytesOf(0, 2000), (secret, text) => {
          assert.deepEqual(mac(secret, text), expected(secret, text))
        }),
      )
    })

    test(`${alg}: for texts around and beyond the length of the buffer`, () => {
      const secret = Buffer.alloc(size, 0xa5)
      for (const length of [0, 1, -1, 127, 128, 129, 200_000].map((more) => SCRATCH_TOKEN_LENGTH + more)) {
        const text = Buffer.alloc(length).map((_, index) => index & 0xff)
        assert.deepEqual(mac(secret, text), expected(secret, text), String(length))
      }
    })
  }

  test('keys of different hashes, used in turn, leave nothing of each other behind', () => {
    const secret = Buffer.alloc(150, 7)
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('HS256', 'HS384', 'HS512'), bytesOf(0, 500))), (calls) => {
        for (const [alg, text] of calls) {
          const { parameters, hmacPads } = getKeyMaterial(importKey(secret, { alg: alg as 'HS256' }))
          assert.ok(hmacPads)
          const { hash } = parameters as HmacParameters
          assert.ok(
            computeHmac(parameters as HmacParameters, hmacPads, text).equals(
              createHmac(hash, secret).update(text).digest(),
            ),
          )
        }
      }),
    )
  })
})

test('the secret that the pads are made from stays as it was, and the pads share no memory with anything', () => {
  const secret = createSecretKey(Buffer.alloc(32, 1))
  const { inner, outer } = createHmacPads(secret, getAlgorithmParameters('HS256') as HmacParameters)
  assert.deepEqual(secret.export(), Buffer.alloc(32, 1))
  for (const pad of [inner, outer]) assert.equal(pad.buffer.byteLength, pad.length)
})

test('a key shows its pads to nothing that prints it', () => {
  const key = importKey(Buffer.alloc(64, 'k'), { alg: 'HS256' })
  const { hmacPads } = getKeyMaterial(key)
  const shown = inspect(key, { depth: 20, showHidden: true }) + JSON.stringify(key)
  for (const pad of Object.values(hmacPads ?? {})) {
    assert.ok(!shown.includes(Buffer.from(pad).toString('hex').slice(0, 8)))
    assert.ok(!shown.includes(Buffer.from(pad).toString('latin1').slice(0, 4)))
  }
  assert.ok(hmacPads && !shown.includes('Pads'))
})
