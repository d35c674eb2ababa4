import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { decryptCompact, importEncryptionKey } from '../../jwe/jwe.ts'
import { deriveKey, encryptContent, forgeJwe, makeCek, wrapKey } from '../corpus/forge-jwe.ts'

/** RFC 7518 §B.1 to §B.3: what is common to the examples */
const P = Buffer.from(
  'A cipher system must not be required to be secret, and it must be able to fall into the hands of the enemy without inconvenience',
)
const IV = Buffer.from('1af38c2dc2b96ffdd86694092341bc04', 'hex')
const A = Buffer.from('The second principle of Auguste Kerckhoffs')

/** RFC 7518 appendix C: Alice's ephemeral key and Bob's key */
const ALICE = {
  kty: 'EC',
  crv: 'P-256',
  x: 'gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0',
  y: 'SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps',
  d: '0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo',
}
const BOB = {
  kty: 'EC',
  crv: 'P-256',
  x: 'weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ',
  y: 'e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck',
  d: 'VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw',
}
const PARTIES = { apu: 'QWxpY2U', apv: 'Qm9i' }
const epk = { kty: 'EC', crv: 'P-256', x: ALICE.x, y: ALICE.y }
const pair = {
  privateKey: createPrivateKey({ key: ALICE, format: 'jwk' }),
  publicKey: createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: BOB.x, y: BOB.y }, format: 'jwk' }),
}

describe('RFC 7518 appendix B', () => {
  for (const [section, enc, keyLength, tag] of [
    ['B.1', 'A128CBC-HS256', 32, '652c3fa36b0a7c5b3219fab3a30bc1c4'],
    ['B.3', 'A256CBC-HS512', 64, '4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5'],
  ] as const) {
    const key = Buffer.from(Array.from({ length: keyLength }, (_, index) => index))

    test(`${section}: what the tests build by themselves has the published ${enc} tag`, () => {
      assert.equal(encryptContent(enc, key, IV, P, A).tag.toString('hex'), tag)
    })

    test(`${section}: the same key, vector and plaintext as a JWE are decrypted`, async () => {
      const keys = importEncryptionKey(key, { alg: 'dir', enc })
      const jwe = forgeJwe({ header: { alg: 'dir', enc }, enc, cek: key, iv: IV, plaintext: P })
      const { plaintext } = await decryptCompact(jwe, { keys, algorithms: ['dir'], encryptions: [enc] })
      assert.deepEqual(Buffer.from(plaintext), P)
    })
  }
})

describe('RFC 7518 appendix C', () => {
  test('what the tests derive by themselves is the published key', () => {
    assert.equal(deriveKey(pair, 'A128GCM', 16, PARTIES).toString('base64url'), 'VqqN6vgjbSBcIijNcacQGg')
  })

  for (const enc of ['A256GCM', 'A128CBC-HS256', 'A256CBC-HS512'] as const) {
    test(`with the keys and parties of the example, ECDH-ES derives a key for ${enc}`, async () => {
      const cek = deriveKey(pair, enc, makeCek(enc).length, PARTIES)
      const jwe = forgeJwe({ header: { alg: 'ECDH-ES', enc, ...PARTIES, epk }, enc, cek, plaintext: 'Hello' })
      const keys = importEncryptionKey(BOB, { alg: 'ECDH-ES' })
      const { plaintext } = await decryptCompact(jwe, { keys, algorithms: ['ECDH-ES'], encryptions: [enc] })
      assert.equal(Buffer.from(plaintext).toString(), 'Hello')
    })
  }

  for (const alg of ['ECDH-ES+A128KW', 'ECDH-ES+A256KW'] as const) {
    test(`and ${alg} one that unwraps`, async () => {
      const cek = randomBytes(32)
      const encryptedKey = wrapKey(deriveKey(pair, alg, Number(alg.slice(-5, -2)) / 8, PARTIES), cek)
      const header = { alg, enc: 'A256GCM', ...PARTIES, epk }
      const jwe = forgeJwe({ header, enc: 'A256GCM', cek, plaintext: 'Hello', encryptedKey })
      const keys = importEncryptionKey(BOB, { alg })
      const { plaintext } = await decryptCompact(jwe, { keys, algorithms: [alg], encryptions: ['A256GCM'] })
      assert.equal(Buffer.from(plaintext).toString(), 'Hello')
      const swapped = { ...header, apu: PARTIES.apv, apv: PARTIES.apu }
      const other = forgeJwe({ header: swapped, enc: 'A256GCM', cek, plaintext: 'Hello', encryptedKey })
      const decrypted = decryptCompact(other, { keys, algorithms: [alg], encryptions: ['A256GCM'] })
      await assert.rejects(decrypted, { code: 'signature_invalid' })
    })
  }
})
