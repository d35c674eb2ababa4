import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, randomBytes, X509Certificate } from 'node:crypto'
import { describe, test } from 'node:test'
import { runInNewContext } from 'node:vm'
import { ALGORITHMS, type Algorithm } from './algorithm.ts'
import { exportPublicPem } from './export-key.ts'
import { importKey } from './import-key.ts'
import type { Jwk } from './jwk.ts'
import { createSignature, isSignatureValid } from './signature.ts'
import { CERTIFICATE } from './test/certificate.ts'
import { encode } from './test/forge-token.ts'
import { getTestKey } from './test/test-keys.ts'

const jwkOf = (alg: Algorithm): Jwk => ({ ...getTestKey(alg).native.export({ format: 'jwk' }) })
const publicJwkOf = (alg: Algorithm): Jwk => {
  const { kty, crv, x, y, n, e } = jwkOf(alg)
  return kty === 'RSA' ? ({ kty, n, e } as Jwk) : kty === 'EC' ? ({ kty, crv, x, y } as Jwk) : ({ kty, crv, x } as Jwk)
}
const flip = (member: unknown): string => {
  const bytes = Buffer.from(String(member), 'base64url')
  return bytes.fill((bytes.at(-1) ?? 0) ^ 2, bytes.length - 1).toString('base64url')
}
const refuses = (jwk: unknown, alg: Algorithm | undefined, message: RegExp): void =>
  assert.throws(
    () => importKey(jwk as Jwk, alg === undefined ? {} : { alg }),
    (error) => error instanceof TypeError && message.test(error.message),
  )

describe('a JWK', () => {
  test('is bound to the algorithm it states, or to the one that is given', () => {
    assert.equal(importKey({ ...jwkOf('RS256'), alg: 'PS384' }).alg, 'PS384')
    assert.equal(importKey(jwkOf('RS256'), { alg: 'RS512' }).alg, 'RS512')
  })

  test('is refused without an algorithm, with two that differ, and with one that does not exist', () => {
    refuses(jwkOf('RS256'), undefined, /^alg: name/)
    refuses({ ...jwkOf('RS256'), alg: 'RS256' }, 'PS256', /^alg: the option and the JWK/)
    for (const alg of ['none', 'rs256', 'RS1', 'RSA-OAEP', 'ES256K', 'Ed448', '__proto__', 5, null])
      refuses({ ...jwkOf('RS256'), alg }, undefined, /^alg: /)
  })

  test('is refused for every algorithm of another key type or curve', () => {
    const fitting: Record<string, readonly string[]> = {
      RS256: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
      ...{ ES256: ['ES256'], ES384: ['ES384'], ES512: ['ES512'], EdDSA: ['EdDSA', 'Ed25519'] },
    }
    for (const [from, fits] of Object.entries(fitting)) {
      for (const alg of ALGORITHMS) {
        if (fits.includes(alg)) assert.equal(importKey(jwkOf(from as Algorithm), { alg }).alg, alg)
        else refuses(jwkOf(from as Algorithm), alg, /^(kty|crv): /)
      }
    }
    for (const alg of ALGORITHMS.filter((name) => !name.startsWith('HS')))
      refuses({ kty: 'oct', k: encode(randomBytes(64)) }, alg, /^kty: /)
  })

  test('is refused for an algorithm of its use only: use and key_ops must allow signatures', () => {
    for (const use of ['enc', '', null, 5]) refuses({ ...jwkOf('ES256'), use }, 'ES256', /^use: /)
    for (const key_ops of [['verify'], [], ['sign', 'sign'], 'sign', [1], null, { 0: 'sign' }])
      refuses({ ...jwkOf('ES256'), key_ops }, 'ES256', /^key_ops: /)
    for (const key_ops of [['sign'], ['encrypt']]) refuses({ ...publicJwkOf('ES256'), key_ops }, 'ES256', /^key_ops: /)
    assert.equal(importKey({ ...jwkOf('ES256'), use: 'sig', key_ops: ['sign'] }, { alg: 'ES256' }).kind, 'private')
    assert.equal(
      importKey({ ...publicJwkOf('ES256'), use: 'sig', key_ops: ['verify'] }, { alg: 'ES256' }).kind,
      'public',
    )
  })

  test('that is a secret may be for signing only, or for verifying only', () => {
    const secret = { kty: 'oct', k: encode(randomBytes(32)), alg: 'HS256' }
    const signs = importKey({ ...secret, key_ops: ['sign'] })
    const verifies = importKey({ ...secret, key_ops: ['verify'] })
    const signature = createSignature(signs, Buffer.from('x'))
    assert.equal(isSignatureValid(verifies, Buffer.from('x'), signature), true)
    assert.equal(isSignatureValid(signs, Buffer.from('x'), signature), false)
    assert.throws(() => createSignature(verifies, Buffer.from('x')), TypeError)
  })

  test('is refused if a member is missing, of another type, padded or not in its one spelling', () => {
    for (const alg of ['RS256', 'ES256', 'EdDSA'] as const) {
      const jwk = jwkOf(alg)
      for (const name of Object.keys(jwk).filter((member) => !['kty', 'crv'].includes(member))) {
        const value = String(jwk[name])
        for (const bad of [
          undefined,
          null,
          5,
          '',
          [value],
          `${value}=`,
          ` ${value}`,
          `${value}\n`,
          `${value}+`,
          `${value}A`,
        ]) {
          if (name === 'd' && bad === undefined) continue
          refuses({ ...jwk, [name]: bad }, alg, /./)
        }
      }
    }
    refuses({ kty: 'oct', k: `${encode(randomBytes(32))}=` }, 'HS256', /^k: /)
    refuses({ kty: 'oct' }, 'HS256', /^k: /)
  })

  test('is refused if a member is only inherited', () => {
    refuses(Object.create(jwkOf('ES256')), 'ES256', /^kty: /)
  })

  test('on a curve is refused with coordinates that are short, long, or of no point of it', () => {
    for (const [alg, size] of [
      ['ES256', 32],
      ['ES384', 48],
      ['ES512', 66],
    ] as const) {
      const jwk = publicJwkOf(alg)
      for (const name of ['x', 'y']) {
        refuses({ ...jwk, [name]: encode(Buffer.alloc(size - 1, 1)) }, alg, new RegExp(`^${name}: `))
        refuses(
          { ...jwk, [name]: encode(Buffer.concat([Buffer.of(0), Buffer.from(String(jwk[name]), 'base64url')])) },
          alg,
          new RegExp(`^${name}: `),
        )
      }
      refuses({ ...jwk, y: flip(jwk.y) }, alg, /not those of a sound EC key/)
      refuses(
        { ...jwk, x: encode(Buffer.alloc(size)), y: encode(Buffer.alloc(size)) },
        alg,
        /not those of a sound EC key/,
      )
      refuses({ ...jwk, x: encode(Buffer.alloc(size, 0xff)) }, alg, /not those of a sound EC key/)
    }
  })

  test('of one curve is refused under the name of another (invalid curve)', () => {
    refuses({ ...publicJwkOf('ES256'), crv: 'P-384' }, 'ES384', /^x: /)
    refuses({ ...publicJwkOf('ES256'), crv: 'secp256k1' }, 'ES256', /^crv: /)
    refuses({ ...publicJwkOf('EdDSA'), crv: 'X25519' }, 'EdDSA', /^crv: /)
  })

  test('is refused if its private half belongs to another public half', () => {
    for (const alg of ['ES256', 'ES384', 'ES512', 'EdDSA'] as const) {
      const other =
        alg === 'EdDSA'
          ? generateKeyPairSync('ed25519')
          : generateKeyPairSync('ec', { namedCurve: String(jwkOf(alg).crv) })
      const { d } = other.privateKey.export({ format: 'jwk' })
      refuses({ ...jwkOf(alg), d }, alg, /private half/)
    }
    const jwk = jwkOf('RS256')
    for (const name of ['n', 'd', 'p', 'q', 'dp', 'dq', 'qi'])
      refuses({ ...jwk, [name]: flip(jwk[name]) }, 'RS256', /./)
  })

  test('on a curve is refused if its private half is out of range', () => {
    for (const [alg, order] of [
      ['ES256', 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'],
      ['ES384', `${'f'.repeat(48)}c7634d81f4372ddf581a0db248b0a77aecec196accc52973`],
    ] as const) {
      const n = Buffer.from(order, 'hex')
      for (const d of [Buffer.alloc(n.length), n, Buffer.alloc(n.length, 0xff)]) {
        refuses({ ...jwkOf(alg), d: encode(d) }, alg, /private half|not those of a sound/)
      }
    }
  })

  test('of RSA is refused below 2048 bits, with a weak exponent, and with more than two primes', () => {
    refuses(
      { ...generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' }) },
      'RS256',
      /1024 bits/,
    )
    refuses(
      { ...generateKeyPairSync('rsa', { modulusLength: 2040 }).publicKey.export({ format: 'jwk' }) },
      'PS256',
      /2040 bits/,
    )
    for (const e of ['AQ', 'Aw', 'AAEAAQ', 'AQAA', 'AQAC', 'Ag', encode(Buffer.alloc(9, 0xff))])
      refuses({ ...publicJwkOf('RS256'), e }, 'RS256', /exponent|leading zeros|sound/)
    refuses({ ...publicJwkOf('RS256'), n: encode(Buffer.alloc(2049, 0xff)) }, 'RS256', /bits/)
    refuses({ ...jwkOf('RS256'), oth: [] }, 'RS256', /^oth: /)
  })

  test('of Ed25519 is refused if its point is of small order or none of the curve', () => {
    refuses({ kty: 'OKP', crv: 'Ed25519', x: encode(Buffer.alloc(32)) }, 'EdDSA', /small order/)
    refuses({ kty: 'OKP', crv: 'Ed25519', x: encode(Buffer.alloc(32, 0).fill(2, 0, 1)) }, 'EdDSA', /not a point/)
  })

  test('keeps its kid, which must be a plain name and equal to the one given', () => {
    for (const kid of [
      '1',
      '2011-04-29',
      'a'.repeat(128),
      'bilbo.baggins@hobbiton.example',
      'WKeg0xR+/QYcCCMqrXcVW0xLzTQ=',
      'did:web:a.example#key-1',
    ]) {
      assert.equal(importKey({ ...jwkOf('ES256'), kid }, { alg: 'ES256' }).kid, kid)
    }
    for (const kid of ['', 'a'.repeat(129), '../a', 'a b', "a'--", 'a\n', 'a\0', 'é', '{}', 5, null])
      refuses({ ...jwkOf('ES256'), kid }, 'ES256', /^kid: /)
    assert.throws(() => importKey({ ...jwkOf('ES256'), kid: 'a' }, { alg: 'ES256', kid: 'b' }), /^TypeError: kid: /)
  })
})

describe('a PEM text', () => {
  const pem = (key: KeyObject, type: 'spki' | 'pkcs8' | 'pkcs1' | 'sec1'): string =>
    key.export({ type: type as 'spki', format: 'pem' }).toString()
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const rsa = getTestKey('RS256').native
  const CERTIFIED_KEY = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEiG90+o5cxXi8yQIFsdOp//wlYvVG
TmulRcnr6fyNshZkY7CiTwzb6NLupE15wJXdYXrNPh5lVOmJsqgixDVkpQ==
-----END PUBLIC KEY-----`

  test('is a public or a private key by its label: SPKI, PKCS#1, PKCS#8, SEC1', () => {
    assert.equal(importKey(pem(ec.publicKey, 'spki'), { alg: 'ES256' }).kind, 'public')
    assert.equal(importKey(pem(ec.privateKey, 'pkcs8'), { alg: 'ES256' }).kind, 'private')
    assert.equal(importKey(pem(ec.privateKey, 'sec1'), { alg: 'ES256' }).kind, 'private')
    assert.equal(importKey(pem(rsa, 'pkcs1'), { alg: 'PS512' }).kind, 'private')
    assert.equal(importKey(pem(rsa, 'pkcs8'), { alg: 'RS256' }).kind, 'private')
  })

  test('that is an X.509 certificate gives the public key in it', () => {
    const key = importKey(CERTIFICATE, { alg: 'ES256' })
    assert.equal(key.kind, 'public')
    assert.equal(exportPublicPem(key).trim(), CERTIFIED_KEY)
    assert.throws(() => importKey(Buffer.from(CERTIFICATE), { alg: 'HS256' }), /cannot be a secret/)
    assert.throws(() => importKey(new X509Certificate(CERTIFICATE).raw, { alg: 'HS256' }), /cannot be a secret/)
  })

  test('has the same kid as the JWK of the key', () => {
    assert.equal(
      importKey(pem(ec.publicKey, 'spki'), { alg: 'ES256' }).kid,
      importKey({ ...ec.privateKey.export({ format: 'jwk' }) }, { alg: 'ES256' }).kid,
    )
  })

  test('may stand after other words, and after the block that names its curve', () => {
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n'
    assert.equal(importKey(`key:\n${parameters}${pem(ec.privateKey, 'sec1')}`, { alg: 'ES256' }).kind, 'private')
  })

  test('is never a secret', () => {
    for (const alg of ['HS256', 'HS384', 'HS512'] as const) {
      assert.throws(() => importKey(pem(ec.publicKey, 'spki'), { alg }), /RFC 8725 §2.1/)
      assert.throws(() => importKey('a secret that is a string, and long enough', { alg }), /TextEncoder/)
    }
  })

  test('needs an algorithm that its key fits', () => {
    assert.throws(() => importKey(pem(ec.publicKey, 'spki')), /^TypeError: alg: /)
    assert.throws(() => importKey(pem(ec.publicKey, 'spki'), { alg: 'ES384' }), /P-384/)
    assert.throws(() => importKey(pem(ec.publicKey, 'spki'), { alg: 'EdDSA' }), /Ed25519/)
    assert.throws(() => importKey(pem(ec.publicKey, 'spki'), { alg: 'RS256' }), /RSA/)
    assert.throws(() => importKey(pem(generateKeyPairSync('ed448').publicKey, 'spki'), { alg: 'EdDSA' }), /Ed25519/)
    assert.throws(() => importKey(pem(generateKeyPairSync('x25519').publicKey, 'spki'), { alg: 'EdDSA' }), /Ed25519/)
    assert.throws(
      () => importKey(pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey, 'spki'), { alg: 'ES256' }),
      /P-256/,
    )
    assert.throws(
      () => importKey(pem(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey, 'spki'), { alg: 'PS256' }),
      /rsaEncryption/,
    )
  })

  test('is refused if it is encrypted, cut off, of another kind, or more than one', () => {
    const encrypted = rsa.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString()
    const legacy = rsa.export({ type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString()
    const one = pem(ec.publicKey, 'spki')
    assert.throws(() => importKey(encrypted, { alg: 'RS256' }), /encrypted: decrypt it first/)
    assert.throws(() => importKey(legacy, { alg: 'RS256' }), /decrypt it first/)
    assert.throws(() => importKey(one.slice(0, -20), { alg: 'ES256' }), /no whole PEM block/)
    assert.throws(() => importKey(one + one, { alg: 'ES256' }), /more than one/)
    assert.throws(() => importKey(one.replaceAll('PUBLIC KEY', 'DH PARAMETERS'), { alg: 'ES256' }), /not supported/)
    assert.throws(
      () => importKey(one.replaceAll('PUBLIC KEY', 'PRIVATE KEY'), { alg: 'ES256' }),
      /cannot? be read|does not hold/,
    )
    assert.throws(() => importKey(CERTIFICATE.replace('MIIB', 'MIIC'), { alg: 'ES256' }), /does not hold/)
    assert.throws(() => importKey(CERTIFICATE + one, { alg: 'ES256' }), /more than one/)
    assert.throws(() => importKey('', { alg: 'ES256' }), /no whole PEM block/)
  })

  test('of RSA is refused below 2048 bits', () => {
    assert.throws(
      () => importKey(pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey, 'pkcs8'), { alg: 'RS256' }),
      /1024 bits/,
    )
    assert.throws(
      () =>
        importKey(pem(generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).publicKey, 'spki'), {
          alg: 'RS256',
        }),
      /exponent/,
    )
  })
})

describe('bytes', () => {
  test('are a secret, also from another realm, and have a kid only if one is given', () => {
    assert.deepEqual(
      { ...importKey(randomBytes(32), { alg: 'HS256' }) },
      { alg: 'HS256', kid: undefined, kind: 'secret' },
    )
    assert.equal(importKey(runInNewContext('new Uint8Array(32)') as Uint8Array, { alg: 'HS256', kid: 'a' }).kid, 'a')
  })

  test('are no key of any other algorithm', () => {
    for (const alg of ALGORITHMS.filter((name) => !name.startsWith('HS')))
      assert.throws(() => importKey(randomBytes(128), { alg }), /does not sign with a secret/)
    assert.throws(() => importKey(randomBytes(128)), /^TypeError: alg: /)
  })

  test('that are another kind of key in any form are refused (RFC 8725 §2.1)', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
    const spki = publicKey.export({ type: 'spki', format: 'der' })
    const forms: (string | Buffer)[] = [
      publicKey.export({ type: 'spki', format: 'pem' }),
      ` \n${publicKey.export({ type: 'spki', format: 'pem' })}`,
      `prefix ${rsa.export({ type: 'pkcs1', format: 'pem' })}`,
      privateKey.export({ type: 'pkcs8', format: 'pem' }),
      spki,
      rsa.export({ type: 'pkcs1', format: 'der' }),
      rsa.export({ type: 'spki', format: 'der' }),
      privateKey.export({ type: 'pkcs8', format: 'der' }),
      privateKey.export({ type: 'sec1', format: 'der' }),
      spki.toString('base64'),
      spki.toString('base64url'),
      `${spki.toString('base64').replace(/.{64}/g, '$&\n')}\n`,
      JSON.stringify(publicKey.export({ format: 'jwk' })),
      JSON.stringify({ keys: [rsa.export({ format: 'jwk' })] }, undefined, 2),
      'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7 someone@example.com',
      'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBB',
    ]
    forms.push(spki.toString('hex'))
    for (const form of forms) {
      const bytes = Buffer.from(form as string)
      assert.throws(() => importKey(bytes, { alg: 'HS256' }), /cannot be a secret/, String(form))
      assert.throws(() => importKey({ kty: 'oct', k: encode(bytes) }, { alg: 'HS256' }), /cannot be a secret/)
    }
  })

  test('are copied: changing them later changes no key', () => {
    const bytes = randomBytes(32)
    const key = importKey(bytes, { alg: 'HS256' })
    const before = createSignature(key, Buffer.from('x'))
    bytes.fill(0)
    assert.deepEqual(createSignature(key, Buffer.from('x')), before)
  })
})

test('anything else is no key', () => {
  for (const source of [undefined, null, 5, true, [], () => {}, Symbol('key')])
    assert.throws(() => importKey(source as unknown as string, { alg: 'HS256' }), TypeError)
})
