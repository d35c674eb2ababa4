import assert from 'node:assert/strict'
import { test } from 'node:test'
import { awaitNative } from './subtle.ts'

const refuse = (): never => {
  throw new TypeError('The key is none.')
}

test('an algorithm that this runtime has not got is named', async () => {
  for (const name of ['No-Such-Algorithm', 'Ed449']) {
    const made = crypto.subtle.generateKey({ name }, true, ['sign'])
    const message = `${name}: the Web Crypto of this runtime does not have this algorithm.`
    await assert.rejects(awaitNative(name, made, refuse), { name: 'TypeError', message })
  }
})

test('any other refusal of Web Crypto is said in words of our own, and what it gives is given on', async () => {
  const off = { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) }
  const imported = crypto.subtle.importKey('jwk', off, { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify'])
  await assert.rejects(awaitNative('ES256', imported, refuse), { name: 'TypeError', message: 'The key is none.' })
  assert.equal(await awaitNative('ES256', Promise.resolve(5), refuse), 5)
})
