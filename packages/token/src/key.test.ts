import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { exportPrivateJwk } from './export-key.ts'
import { generateKey } from './generate-key.ts'
import { importKey } from './import-key.ts'
import { getKeyMaterial, isKey, type Key } from './key.ts'
import { TEST_KEYS } from './test/test-keys.ts'

test('shows alg, kid and kind, and nothing of the key itself, to whatever prints it', async () => {
  for (const { signing: key } of TEST_KEYS) {
    const { kty: _, alg, kid, crv, e, ...secret } = exportPrivateJwk(key)
    const printed = [
      JSON.stringify(key),
      inspect(key, { depth: 20, showHidden: true }),
      String(key),
      JSON.stringify(structuredClone({ ...key })),
    ]
    for (const text of printed) {
      for (const member of Object.values(secret)) assert.ok(!text.includes(String(member)), text)
    }
    assert.deepEqual(Reflect.ownKeys(key), ['alg', 'kid', 'kind'])
  }
})

test('gives its material to no one who only has the key', async () => {
  const key = await generateKey('ES256')
  const keyClass: object = key.constructor
  assert.deepEqual(
    Reflect.ownKeys(keyClass).filter((name) => !['length', 'name', 'prototype'].includes(String(name))),
    [],
  )
  assert.deepEqual(Reflect.ownKeys(Object.getPrototypeOf(key)), ['constructor'])
})

test('cannot be changed: the algorithm stays the one it was imported for', () => {
  const key = importKey(randomBytes(64), { alg: 'HS256' })
  assert.throws(() => Object.assign(key, { alg: 'HS512' }), TypeError)
  assert.equal(key.alg, 'HS256')
})

test('is told from what only looks like it', () => {
  const key = importKey(randomBytes(64), { alg: 'HS256' })
  assert.equal(isKey(key), true)
  for (const other of [{ ...key }, Object.create(key), structuredClone({ ...key }), null, undefined, 'key']) {
    assert.equal(isKey(other), false)
    assert.throws(() => getKeyMaterial(other as Key), /^TypeError: key: /)
  }
})
