import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { importKey } from './import-key.ts'
import { getTestKey, HAS_ML_DSA } from './test/test-keys.ts'

const skip = HAS_ML_DSA ? false : 'this Node has no ML-DSA'

/** Makes node:crypto refuse what it does not know before Node 24.7, in the words of Node 22. */
const OLDER_NODE = `
  import crypto from 'node:crypto'
  import { syncBuiltinESMExports } from 'node:module'
  for (const name of ['createPublicKey', 'createPrivateKey']) {
    const original = crypto[name]
    crypto[name] = (source) => {
      if (source?.key?.kty === 'AKP') throw new TypeError("The property 'key.kty' must be one of: 'RSA', 'EC', 'OKP'.")
      return original(source)
    }
  }
  syncBuiltinESMExports()
`

const PROGRAM = `
  import { readFileSync } from 'node:fs'
  const { createSigner, createVerifier, generateKey, importJwkSet, importKey } =
    await import('${new URL('./index.ts', import.meta.url)}')
  const { jwk: { priv, ...publicJwk }, pem } = JSON.parse(readFileSync(0, 'utf8'))
  const attempts = {
    jwk: () => importKey({ ...publicJwk, priv }),
    pem: () => importKey(pem, { alg: 'ML-DSA-65' }),
    generate: () => generateKey('ML-DSA-65'),
    set: () => { throw new TypeError(importJwkSet({ keys: [publicJwk] }).skipped[0].reason) },
  }
  const messages = {}
  for (const [name, attempt] of Object.entries(attempts)) {
    try {
      await attempt()
    } catch (error) {
      messages[name] = String(error)
    }
  }
  const key = await generateKey('ES256')
  const names = { issuer: 'i', audience: 'a' }
  const token = createSigner({ key, ...names, lifetime: 60 })({ sub: 'user-1' })
  const { sub } = createVerifier({ keys: key, algorithms: ['ML-DSA-65', 'ES256'], ...names })(token)
  console.log(JSON.stringify({ messages, sub }))
`

describe('a Node without ML-DSA', () => {
  test('says so, and what to use, wherever a key would be imported or made; all else goes on working', { skip }, () => {
    const { native } = getTestKey('ML-DSA-65')
    const input = JSON.stringify({
      jwk: native.export({ format: 'jwk' }),
      pem: native.export({ type: 'pkcs8', format: 'pem' }),
    })
    const preload = `--import=data:text/javascript,${encodeURIComponent(OLDER_NODE)}`
    const { stdout, stderr } = spawnSync(process.execPath, [preload, '--input-type=module', '--eval', PROGRAM], {
      input,
      encoding: 'utf8',
    })
    const message = 'TypeError: This Node has no ML-DSA in node:crypto: use Node 24.7 or newer, or another algorithm.'
    assert.deepEqual(JSON.parse(stdout || JSON.stringify(stderr)), {
      messages: { jwk: message, pem: message, generate: message, set: message },
      sub: 'user-1',
    })
  })
})

test('an ML-DSA private key without its seed is refused (RFC 9964 §4)', { skip }, () => {
  const pkcs8 = getTestKey('ML-DSA-44').native.export({ type: 'pkcs8', format: 'der' })
  // SEQUENCE, version, algorithm, and the expanded key of 2560 bytes as an OCTET STRING in another.
  const header = Buffer.from('30820a18020100300b060960864801650304031104820a0404820a00', 'hex')
  const pem = Buffer.concat([header, pkcs8.subarray(-2560)]).toString('base64')
  assert.throws(
    () => importKey(`-----BEGIN PRIVATE KEY-----\n${pem}\n-----END PRIVATE KEY-----`, { alg: 'ML-DSA-44' }),
    /^TypeError: The ML-DSA private key came without its seed/,
  )
})
