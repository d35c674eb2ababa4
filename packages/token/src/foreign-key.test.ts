import assert from 'node:assert/strict'
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  X509Certificate,
} from 'node:crypto'
import { describe, test } from 'node:test'
import { refuseForeignKey } from './foreign-key.ts'

const READERS: readonly ((key: Buffer) => unknown)[] = [
  (key) => createPublicKey({ key, format: 'der', type: 'spki' }),
  (key) => createPublicKey({ key, format: 'der', type: 'pkcs1' }),
  (key) => createPrivateKey({ key, format: 'der', type: 'pkcs8' }),
  (key) => createPrivateKey({ key, format: 'der', type: 'pkcs1' }),
  (key) => createPrivateKey({ key, format: 'der', type: 'sec1' }),
  (key) => new X509Certificate(key),
]
const canBeRead = (bytes: Buffer): boolean =>
  READERS.some((read) => {
    try {
      return read(bytes) !== undefined
    } catch {
      return false
    }
  })
const isForeign = (bytes: Uint8Array): boolean => {
  try {
    refuseForeignKey(bytes)
    return false
  } catch (error) {
    assert.match(String(error), /^TypeError: .*cannot be a secret/)
    return true
  }
}

const PAIRS: Readonly<Record<string, { publicKey: KeyObject; privateKey: KeyObject }>> = {
  'RSA of 2048 bits': generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'RSA of 512 bits': generateKeyPairSync('rsa', { modulusLength: 512 }),
  'RSASSA-PSS': generateKeyPairSync('rsa-pss', { modulusLength: 2048 }),
  'P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'P-384 by its parameters': generateKeyPairSync('ec', { namedCurve: 'P-384', paramEncoding: 'explicit' }),
  'P-521': generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  secp256k1: generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
  Ed25519: generateKeyPairSync('ed25519'),
  Ed448: generateKeyPairSync('ed448'),
  X25519: generateKeyPairSync('x25519'),
  DSA: generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }),
}

function listForms({ publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject }): Map<string, Buffer> {
  const forms = new Map<string, Buffer>([
    ['SubjectPublicKeyInfo', publicKey.export({ type: 'spki', format: 'der' })],
    ['PKCS#8', privateKey.export({ type: 'pkcs8', format: 'der' })],
  ])
  if (publicKey.asymmetricKeyType === 'rsa') {
    forms.set('PKCS#1, public', publicKey.export({ type: 'pkcs1', format: 'der' }))
    forms.set('PKCS#1, private', privateKey.export({ type: 'pkcs1', format: 'der' }))
  }
  if (publicKey.asymmetricKeyType === 'ec') forms.set('SEC1', privateKey.export({ type: 'sec1', format: 'der' }))
  return forms
}

describe('a key in DER is recognized, alone, before other bytes, in base64 and in hexadecimal digits', () => {
  for (const [name, pair] of Object.entries(PAIRS)) {
    for (const [form, der] of listForms(pair)) {
      test(`${name}: ${form}`, () => {
        assert.ok(canBeRead(der))
        const texts = [
          der.toString('base64'),
          der.toString('base64url'),
          der.toString('hex'),
          der.toString('hex').toUpperCase(),
        ]
        texts.push(`${der.toString('base64').replace(/.{64}/g, '$&\r\n')}\n`)
        for (const bytes of [der, Buffer.concat([der, Buffer.from('\n')]), ...texts.map((text) => Buffer.from(text))])
          assert.ok(isForeign(bytes))
      })
    }
  }

  test('PKCS#8 that is encrypted', () => {
    const { privateKey } = PAIRS.Ed25519 ?? assert.fail()
    assert.ok(isForeign(privateKey.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: 'x' })))
  })

  test('one whose length is written in more bytes than it needs', () => {
    const { publicKey } = PAIRS.Ed25519 ?? assert.fail()
    const der = publicKey.export({ type: 'spki', format: 'der' })
    const long = Buffer.concat([Buffer.of(0x30, 0x82, 0, der.length - 2), der.subarray(2)])
    assert.ok(canBeRead(long))
    assert.ok(isForeign(long))
  })
})

test('whatever node:crypto reads as a key is recognized, also if some bytes of the key are changed', () => {
  let read = 0
  for (const pair of Object.values(PAIRS)) {
    for (const der of listForms(pair).values()) {
      for (let at = 0; at < Math.min(der.length, 60); at += 1) {
        const changed = Buffer.from(der).fill(randomBytes(1), at, at + 1)
        // BER writes a length of its own kind, which no program writes for a key.
        if (changed[1] === 0x80 || !canBeRead(changed)) continue
        read += 1
        assert.ok(isForeign(changed), changed.toString('hex'))
      }
    }
  }
  assert.ok(read > 100, String(read))
})

test('bytes that are no key are let through: random ones, text, a key that is cut, and DER of another shape', () => {
  const { publicKey } = PAIRS['P-256'] ?? assert.fail()
  const der = publicKey.export({ type: 'spki', format: 'der' })
  for (let round = 0; round < 2000; round += 1) assert.equal(isForeign(randomBytes(32 + (round % 64))), false)
  for (const bytes of [
    new Uint8Array(),
    Buffer.alloc(64, 0x30),
    Buffer.from('a passphrase that is long enough to be a secret, and no key'),
    Buffer.from('deadbeef'.repeat(16)),
    der.subarray(0, -1),
    der.subarray(1),
    Buffer.concat([Buffer.of(0x30, 60, 0x0c, 58), Buffer.alloc(58)]),
    Buffer.concat([Buffer.of(0x30, 60, 0x02, 10), Buffer.alloc(58)]),
    Buffer.concat([Buffer.of(0x30, 0x80), der]),
  ])
    assert.equal(isForeign(bytes), false, Buffer.from(bytes).toString('hex'))
})
