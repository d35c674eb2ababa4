import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSeal } from './seal.ts'

const masterKey = new Uint8Array(32).fill(1)
const secret = new TextEncoder().encode('a private key')

test('opens what it sealed under the same name', () => {
  const { seal, open } = createSeal(masterKey)
  assert.deepEqual(Buffer.from(open(seal(secret, 'key a'), 'key a')), Buffer.from(secret))
})

test('seals the same secret differently each time, and never in the clear', () => {
  const { seal } = createSeal(masterKey)
  const [one, two] = [Buffer.from(seal(secret, 'key a')), Buffer.from(seal(secret, 'key a'))]
  assert.ok(!one.equals(two))
  assert.ok(!one.includes(Buffer.from(secret)))
})

test('does not open what was moved to another row', () => {
  const { seal, open } = createSeal(masterKey)
  assert.throws(() => open(seal(secret, 'key a'), 'key b'), { message: 'key b in the database is damaged' })
})

test('tells another master key from damage', () => {
  const sealed = createSeal(masterKey).seal(secret, 'key a')
  const other = createSeal(new Uint8Array(32).fill(2))
  assert.throws(() => other.open(sealed, 'key a'), /sealed with another master key/)
})

test('refuses every changed byte and every cut', () => {
  const { seal, open } = createSeal(masterKey)
  const sealed = seal(secret, 'key a')
  for (let index = 0; index < sealed.length; index++) {
    const changed = Uint8Array.from(sealed, (byte, at) => (at === index ? byte ^ 1 : byte))
    assert.throws(() => open(changed, 'key a'), Error, `byte ${index}`)
    assert.throws(() => open(sealed.subarray(0, index), 'key a'), Error, `cut at ${index}`)
  }
})

test('names a secret alike each time, and by another master key otherwise', () => {
  const other = new Uint8Array(32)
  assert.deepEqual(createSeal(masterKey).namesOf(secret), createSeal(masterKey).namesOf(secret))
  const [name] = createSeal(masterKey).namesOf(secret)
  const [otherName] = createSeal(other).namesOf(secret)
  assert.notEqual(name, otherName)
  assert.deepEqual(createSeal(other, masterKey).namesOf(secret), [otherName, name])
})

test('opens with the previous master key, seals with the present one, and tells which was used', () => {
  const present = new Uint8Array(32).fill(2)
  const old = createSeal(masterKey).seal(secret, 'key a')
  const both = createSeal(present, masterKey)
  assert.deepEqual(Buffer.from(both.open(old, 'key a')), Buffer.from(secret))
  assert.equal(both.isPresent(old), false)
  const resealed = both.seal(secret, 'key a')
  assert.equal(both.isPresent(resealed), true)
  assert.deepEqual(Buffer.from(createSeal(present).open(resealed, 'key a')), Buffer.from(secret))
  assert.throws(() => createSeal(masterKey).open(resealed, 'key a'), /sealed with another master key/)
})
