import assert from 'node:assert/strict'
import { test } from 'node:test'
import { types } from 'node:util'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { fromHex, isUint8Array, toBigInt } from './bytes.ts'

test('bytes are a Uint8Array, also of another realm or a class of its own, and nothing else', () => {
  class Bytes extends Uint8Array {}
  for (const value of [new Uint8Array(2), Buffer.of(1), new Bytes(1), runInNewContext('new Uint8Array(1)')])
    assert.equal(isUint8Array(value), true)
  const named = Object.defineProperty(new Uint16Array(1), Symbol.toStringTag, { value: 'Uint8Array' })
  const others = [
    named,
    { [Symbol.toStringTag]: 'Uint8Array' },
    Object.create(Uint8Array.prototype),
    new ArrayBuffer(1),
  ]
  for (const value of [
    ...others,
    new DataView(new ArrayBuffer(1)),
    new Uint8ClampedArray(1),
    [1],
    'a',
    5,
    null,
    undefined,
  ])
    assert.equal(isUint8Array(value), false)
})

test('bytes are told as node:util tells them', () => {
  fc.assert(
    fc.property(fc.anything({ withTypedArray: true }), (value) => isUint8Array(value) === types.isUint8Array(value)),
  )
})

test('hexadecimal digits and numbers are read as node:buffer reads them', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const hex = Buffer.from(bytes).toString('hex')
      assert.deepEqual(fromHex(hex), bytes)
      assert.equal(toBigInt(bytes), BigInt(`0x0${hex}`))
    }),
  )
})
