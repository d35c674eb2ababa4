import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createSigner } from '../create-signer.ts'
import { createVerifier } from '../create-verifier.ts'
import { exportPrivateJwk } from '../export-key.ts'
import { generateKey } from '../generate-key.ts'
import { TokenError } from '../token-error.ts'
import type { DecrypterOptions } from './create-decrypter.ts'
import type { EncrypterOptions } from './create-encrypter.ts'
import { ENCRYPTION_ALGORITHMS, KEY_MANAGEMENT_ALGORITHMS } from './encryption-algorithm.ts'
import {
  createDecrypter,
  createEncrypter,
  decryptCompact,
  encryptCompact,
  exportPublicEncryptionJwk,
  generateEncryptionKey,
  importEncryptionKey,
} from './jwe.ts'

const NOW = 1_700_000_000
const now = (): number => NOW
const signingKey = await generateKey('ES256')
const signer = createSigner({ key: signingKey, issuer: 'i', audience: 'a', lifetime: '10m', now })
const verifier = createVerifier({ keys: signingKey, algorithms: ['ES256'], issuer: 'i', audience: 'a', now })
const key = await generateEncryptionKey('ECDH-ES+A256KW')
const recipient = importEncryptionKey(exportPublicEncryptionJwk(key))
const secret = await generateEncryptionKey('A256KW')
const direct = await generateEncryptionKey('dir', { enc: 'A256GCM' })

const nested = { keys: key, algorithms: ['ECDH-ES+A256KW'], encryptions: ['A256GCM'], verifier } as const
const unsigned = {
  keys: [secret, direct],
  algorithms: ['A256KW', 'dir'],
  encryptions: ['A256GCM'],
  dangerouslyAllowUnsigned: true,
  issuer: 'i',
  audience: 'a',
  now,
} as const
const decrypt = createDecrypter(nested)
const decryptUnsigned = createDecrypter(unsigned)

describe('what one side encrypts the other decrypts', () => {
  for (const alg of KEY_MANAGEMENT_ALGORITHMS) {
    for (const enc of ENCRYPTION_ALGORITHMS) {
      test(`${alg} with ${enc}`, async () => {
        const keys = await generateEncryptionKey(alg, alg === 'dir' ? { enc } : {})
        const token = await createEncrypter({ key: keys, enc, signer })({ sub: 'user-1' })
        assert.equal(token.split('.').length, 5)
        const claims = await createDecrypter({ keys, algorithms: [alg], encryptions: [enc], verifier })(token)
        assert.deepEqual(claims, { iss: 'i', aud: 'a', sub: 'user-1', iat: NOW, exp: NOW + 600 })
        const plaintext = Buffer.from('bytes that are no JWT')
        const jwe = await encryptCompact(plaintext, { key: keys, enc })
        const decrypted = await decryptCompact(jwe, { keys, algorithms: [alg], encryptions: [enc] })
        assert.deepEqual(Buffer.from(decrypted.plaintext), plaintext)
        assert.equal(decrypted.key, keys)
        assert.equal(decrypted.protectedHeader.kid, keys.kid)
      })
    }
  }

  for (const [crv, namedCurve] of [
    ['P-384', 'ES384'],
    ['P-521', 'ES512'],
  ] as const) {
    test(`ECDH-ES on ${crv}`, async () => {
      const { alg: _, ...jwk } = exportPrivateJwk(await generateKey(namedCurve))
      const keys = importEncryptionKey(jwk, { alg: 'ECDH-ES' })
      const jwe = await encryptCompact(Buffer.from('x'), { key: keys, enc: 'A256GCM' })
      const { protectedHeader } = await decryptCompact(jwe, {
        keys,
        algorithms: ['ECDH-ES'],
        encryptions: ['A256GCM'],
      })
      assert.equal(protectedHeader.epk?.crv, crv)
    })
  }

  test('an empty plaintext, and one of 8 kB with the default limit', async () => {
    const options = { keys: secret, algorithms: ['A256KW'], encryptions: ['A256GCM', 'A128CBC-HS256'] } as const
    for (const enc of options.encryptions) {
      for (const length of [0, 8192]) {
        const jwe = await encryptCompact(new Uint8Array(length), { key: secret, enc })
        assert.equal((await decryptCompact(jwe, options)).plaintext.length, length)
      }
    }
  })

  test('with parties named in the header (RFC 7518 §4.6.1.2)', async () => {
    const jwe = await encryptCompact(Buffer.from('x'), {
      key: recipient,
      enc: 'A256GCM',
      protectedHeader: { apu: 'QWxpY2U', apv: 'Qm9i', typ: 'example' },
    })
    const { protectedHeader } = await decryptCompact(jwe, {
      keys: key,
      algorithms: ['ECDH-ES+A256KW'],
      encryptions: ['A256GCM'],
    })
    assert.deepEqual([protectedHeader.apu, protectedHeader.apv, protectedHeader.typ], ['QWxpY2U', 'Qm9i', 'example'])
  })
})

describe('the JWT inside', () => {
  const encrypt = (jwt: string | object, header: object = { cty: 'JWT' }): Promise<string> => {
    const plaintext = Buffer.from(typeof jwt === 'string' ? jwt : JSON.stringify(jwt))
    return encryptCompact(plaintext, { key: recipient, enc: 'A256GCM', protectedHeader: { ...header } })
  }

  test('is verified, with the codes of its verifier', async () => {
    const claims = { iss: 'i', aud: 'a', exp: NOW + 60 }
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`
    const other = createSigner({ key: await generateKey('ES256', { kid: `${signingKey.kid}` }), lifetime: 60, now })
    for (const [jwt, code] of [
      [none, 'algorithm_not_allowed'],
      [other(claims), 'signature_invalid'],
      [signer({ iss: 'x' }), 'issuer_mismatch'],
      [signer({ aud: 'x' }), 'audience_mismatch'],
      [signer({ exp: 1 }), 'token_expired'],
      [claims, 'token_malformed'],
      [await encrypt(signer({})), 'token_malformed'],
      ['', 'token_malformed'],
      [`\ufeff${signer({})}`, 'token_malformed'],
      [`${signer({})}\n`, 'token_malformed'],
    ] as const) {
      await assert.rejects(decrypt(await encrypt(jwt)), { name: 'TokenError', code })
    }
  })

  test('may be verified by a verifier that returns a promise', async () => {
    const later = createVerifier({
      keys: async () => signingKey,
      algorithms: ['ES256'],
      issuer: 'i',
      audience: 'a',
      now,
    })
    const token = await createEncrypter({ key: recipient, enc: 'A256GCM', signer: async (claims) => signer(claims) })(
      {},
    )
    assert.equal((await createDecrypter({ ...nested, verifier: later })(token)).iss, 'i')
  })

  test('is named by cty, in either case (RFC 7519 §5.2)', async () => {
    for (const cty of ['JWT', 'jwt']) assert.equal((await decrypt(await encrypt(signer({}), { cty }))).iss, 'i')
    for (const header of [{}, { cty: 'json' }, { cty: '' }]) {
      await assert.rejects(decrypt(await encrypt(signer({}), header)), { code: 'type_mismatch', claim: 'cty' })
    }
  })

  test('is what decides: a verifier refuses the JWE, and a decrypter the JWS (RFC 8725 §3.3)', async () => {
    assert.throws(() => verifier('a.b.c.d.e'), { code: 'token_malformed' })
    const token = await createEncrypter({ key: recipient, enc: 'A256GCM', signer })({})
    assert.throws(() => verifier(token), { code: 'token_malformed' })
    await assert.rejects(decrypt(signer({})), { code: 'token_malformed', message: /is a JWS/ })
    await assert.rejects(decryptUnsigned(signer({})), { code: 'token_malformed', message: /is a JWS/ })
  })
})

describe('claims that nobody signed', () => {
  for (const unsignedKey of [secret, direct]) {
    test(`are accepted under ${unsignedKey.alg} where that is waived by name, and checked`, async () => {
      const encrypt = createEncrypter({
        key: unsignedKey,
        enc: 'A256GCM',
        dangerouslyAllowUnsigned: true,
        issuer: 'i',
        audience: ['a', 'b'],
        lifetime: '10m',
        now,
      })
      const { iat, exp, aud, sub } = await decryptUnsigned(await encrypt({ sub: 'user-1', nickname: undefined }))
      assert.deepEqual({ iat, exp, aud, sub }, { iat: NOW, exp: NOW + 600, aud: ['a', 'b'], sub: 'user-1' })
      for (const [claims, code] of [
        [{ iss: 'x' }, 'issuer_mismatch'],
        [{ aud: 'x' }, 'audience_mismatch'],
        [{ exp: NOW - 6 }, 'token_expired'],
        [{ nbf: NOW + 6 }, 'token_not_yet_valid'],
      ] as const) {
        await assert.rejects(decryptUnsigned(await encrypt(claims)), { code })
      }
      await assert.rejects(encrypt({ sub: 5 } as never), /^TypeError: claims.sub/)
      await assert.rejects(encrypt([] as never), /^TypeError: claims/)
    })
  }

  test('need an expiry, unless that is waived too', async () => {
    const lasting = createEncrypter({
      key: secret,
      enc: 'A256GCM',
      dangerouslyAllowUnsigned: true,
      dangerouslyAllowNoExpiry: true,
    })
    const token = await lasting({ iss: 'i', aud: 'a', iat: NOW })
    await assert.rejects(decryptUnsigned(token), { code: 'claim_missing', claim: 'exp' })
    const anyExpiry = createDecrypter({ ...unsigned, dangerouslyAllowNoExpiry: true })
    assert.deepEqual(await anyExpiry(token), { iss: 'i', aud: 'a', iat: NOW })
  })

  test('are of the type that is asked for, and no JWT', async () => {
    const typed = createDecrypter({ ...unsigned, typ: 'session' })
    const encrypt = (typ?: string): Promise<string> =>
      createEncrypter({
        key: secret,
        enc: 'A256GCM',
        dangerouslyAllowUnsigned: true,
        lifetime: 60,
        now,
        ...(typ === undefined ? {} : { typ }),
      })({ iss: 'i', aud: 'a' })
    assert.equal((await typed(await encrypt('session'))).iss, 'i')
    await assert.rejects(typed(await encrypt()), { code: 'type_mismatch', claim: 'typ' })
    const signed = await createEncrypter({ key: secret, enc: 'A256GCM', signer })({})
    await assert.rejects(decryptUnsigned(signed), { code: 'type_mismatch', claim: 'cty' })
    const bytes = await encryptCompact(Buffer.from(signer({})), { key: secret, enc: 'A256GCM' })
    await assert.rejects(decryptUnsigned(bytes), { code: 'claims_malformed' })
  })
})

describe('which key is tried', () => {
  test('that of the kid, else those without a name, and no more than four of these', async () => {
    const unnamed = await Promise.all(Array.from({ length: 5 }, () => generateEncryptionKey('A256KW')))
    const named = await generateEncryptionKey('A256KW', { kid: 'named' })
    const rules = { algorithms: ['A256KW'], encryptions: ['A256GCM'] } as const
    const [first = secret, second = secret] = unnamed
    const jwe = await encryptCompact(Buffer.from('x'), { key: second, enc: 'A256GCM' })
    assert.equal((await decryptCompact(jwe, { keys: [first, second], ...rules })).key, second)
    await assert.rejects(decryptCompact(jwe, { keys: unnamed, ...rules }), { code: 'key_ambiguous' })
    const withKid = await encryptCompact(Buffer.from('x'), { key: named, enc: 'A256GCM' })
    assert.equal((await decryptCompact(withKid, { keys: [first, named], ...rules })).key, named)
    await assert.rejects(decryptCompact(withKid, { keys: [first, second], ...rules }), { code: 'signature_invalid' })
    const other = await generateEncryptionKey('A256KW', { kid: 'other' })
    await assert.rejects(decryptCompact(withKid, { keys: other, ...rules }), { code: 'key_not_found', claim: 'kid' })
  })

  test('none of another algorithm, another content encryption or another curve', async () => {
    const rules = {
      algorithms: ['A256KW', 'dir', 'ECDH-ES+A256KW'],
      encryptions: ['A256GCM', 'A128CBC-HS256'],
    } as const
    const cbc = await generateEncryptionKey('dir', { enc: 'A128CBC-HS256' })
    const jwe = await encryptCompact(Buffer.from('x'), { key: direct, enc: 'A256GCM' })
    await assert.rejects(decryptCompact(jwe, { keys: [secret, cbc], ...rules }), { code: 'key_not_found' })
    const { alg: _, ...jwk } = exportPrivateJwk(await generateKey('ES384', { kid: 'k' }))
    const p384 = importEncryptionKey(jwk, { alg: 'ECDH-ES+A256KW' })
    const p256 = await generateEncryptionKey('ECDH-ES+A256KW', { kid: 'k' })
    const to256 = await encryptCompact(Buffer.from('x'), { key: p256, enc: 'A256GCM' })
    await assert.rejects(decryptCompact(to256, { keys: p384, ...rules }), { code: 'key_not_found' })
  })
})

describe('options', () => {
  const signedOptions = { key: recipient, enc: 'A256GCM', signer } as const
  const badDecrypters: [name: string, options: unknown, words: RegExp][] = [
    ['none', undefined, /an object of options/],
    ['no keys', { ...nested, keys: [] }, /keys: give a key/],
    ['a key for signatures', { ...nested, keys: signingKey }, /keys: give a key/],
    ['a public key', { ...nested, keys: recipient }, /a public key cannot decrypt/],
    ['a key of another algorithm', { ...nested, keys: secret }, /keys: give a key for/],
    ['one key twice', { ...nested, keys: [key, key] }, /each key once/],
    ['no algorithms', { ...nested, algorithms: undefined }, /algorithms: name/],
    ['algorithms that are empty', { ...nested, algorithms: [] }, /algorithms: name/],
    ['PBES2', { ...nested, algorithms: ['PBES2-HS256+A128KW'] }, /algorithms: name/],
    ['RSA1_5', { ...nested, algorithms: ['RSA1_5'] }, /algorithms: name/],
    ['no encryptions', { ...nested, encryptions: undefined }, /encryptions: name/],
    ['an unknown encryption', { ...nested, encryptions: ['A128GCM'] }, /encryptions: name/],
    ['no verifier', { ...nested, verifier: undefined }, /verifier: give a function/],
    ['a verifier and its waiver', { ...unsigned, verifier }, /contradict/],
    ['a waiver that is a word', { ...nested, dangerouslyAllowUnsigned: 'yes' }, /give true or false/],
    [
      'unsigned claims under a public key',
      { ...unsigned, ...nested, verifier: undefined },
      /allow A256KW and dir only/,
    ],
    ['unsigned claims from any issuer', { ...unsigned, issuer: undefined }, /issuer: give a string/],
    ['unsigned claims for any audience', { ...unsigned, audience: undefined }, /audience: give a string/],
    [
      'an issuer beside a verifier, which would be ignored',
      { ...nested, issuer: 'i' },
      /issuer: there is no such option/,
    ],
    ['a misspelt option', { ...nested, maxLength: 5 }, /maxLength: there is no such option/],
    ['a limit that is none', { ...nested, maxTokenLength: 0 }, /maxTokenLength: give/],
  ]
  for (const [name, options, words] of badDecrypters) {
    test(`of createDecrypter: ${name}`, () => {
      assert.throws(() => createDecrypter(options as DecrypterOptions), { name: 'TypeError', message: words })
    })
  }

  const badEncrypters: [name: string, options: unknown, words: RegExp][] = [
    ['none', null, /an object of options/],
    ['no key', { ...signedOptions, key: undefined }, /key: give the public key/],
    ['a key for signatures', { ...signedOptions, key: signingKey }, /key: give the public key/],
    ['no enc', { ...signedOptions, enc: undefined }, /enc: give one of/],
    ['an unknown enc', { ...signedOptions, enc: 'A128GCM' }, /enc: give one of/],
    ['another enc than that of the key', { ...signedOptions, key: direct, enc: 'A128CBC-HS256' }, /leave it out/],
    ['no signer', { ...signedOptions, signer: undefined }, /signer: give a function/],
    ['a signer and its waiver', { ...signedOptions, key: secret, dangerouslyAllowUnsigned: true }, /contradicts/],
    [
      'unsigned under a public key',
      { key: recipient, enc: 'A256GCM', dangerouslyAllowUnsigned: true },
      /give a secret/,
    ],
    ['unsigned without a lifetime', { key: secret, enc: 'A256GCM', dangerouslyAllowUnsigned: true }, /lifetime/],
    ['zip', { ...signedOptions, zip: 'DEF' }, /zip: there is no such option/],
    ['an empty typ', { ...signedOptions, typ: '' }, /typ: give/],
  ]
  for (const [name, options, words] of badEncrypters) {
    test(`of createEncrypter: ${name}`, () => {
      assert.throws(() => createEncrypter(options as EncrypterOptions), { name: 'TypeError', message: words })
    })
  }

  test('of createEncrypter: a signer that does not sign', async () => {
    for (const jwt of ['', '{}', 'a.b.', 'a.b.c.d.e', undefined]) {
      await assert.rejects(createEncrypter({ ...signedOptions, signer: () => jwt as string })({}), /signer: it did not/)
    }
  })

  test('of encryptCompact: parameters that the key decides, or that are never honoured', async () => {
    for (const name of ['alg', 'enc', 'kid', 'epk', 'iv', 'tag', 'p2s', 'p2c', 'crit', 'b64', 'zip']) {
      const options = { key: recipient, enc: 'A256GCM', protectedHeader: { [name]: 'DEF' } } as const
      await assert.rejects(
        encryptCompact(Buffer.from('x'), options),
        new RegExp(`protectedHeader.${name}: leave it out`),
      )
    }
    const options = { key: recipient, enc: 'A256GCM', protectedHeader: { apu: 'a=' } } as const
    await assert.rejects(encryptCompact(Buffer.from('x'), options), /protectedHeader.apu/)
    await assert.rejects(encryptCompact('x' as never, { key: recipient, enc: 'A256GCM' }), /plaintext: give bytes/)
    await assert.rejects(encryptCompact(Buffer.from('x'), { key: signingKey as never, enc: 'A256GCM' }), /key: give/)
    await assert.rejects(encryptCompact(Buffer.from('x'), undefined as never), /options/)
    await assert.rejects(decryptCompact('x', undefined as never), /options/)
    await assert.rejects(decryptCompact('x', { ...nested } as never), /verifier: there is no such option/)
  })
})

test('no failure shows the token, the key or the plaintext', async () => {
  const MARK = 'MARKEDSECRETmarkedsecret'
  const token = await createEncrypter({ key: recipient, enc: 'A256GCM', signer })({ sub: MARK, iss: 'x' })
  for (const changed of [token, `${token}A`, token.replace('.', '.A'), `${token.slice(0, -1)}!`]) {
    const error: unknown = await decrypt(changed).catch((refusal: unknown) => refusal)
    assert.ok(error instanceof TokenError)
    const text = `${error.stack}${JSON.stringify(error)}${String(error.cause)}`
    for (const part of [MARK, ...token.split('.')]) assert.ok(!text.includes(part))
  }
})
