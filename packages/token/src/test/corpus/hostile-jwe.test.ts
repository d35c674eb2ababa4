/**
 * Every published way to break or misuse JWE, by name. Each token is built by node:crypto, as an attacker would build it
 * who has the public keys, and an honest token of the same make is accepted first.
 */
import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, pbkdf2Sync, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import { createVerifier } from '../../create-verifier.ts'
import {
  createDecrypter,
  decryptCompact,
  ENCRYPTION_ALGORITHMS,
  importEncryptionKey,
  KEY_MANAGEMENT_ALGORITHMS,
} from '../../jwe/jwe.ts'
import { TokenError, type TokenErrorCode } from '../../token-error.ts'
import { encode, forgeToken } from '../forge-token.ts'
import { getTestKey, KID } from '../test-keys.ts'
import { encryptKeyWithRsa, forgeEcdhJwe, forgeJwe, type JweParts, makeCek, wrapKey } from './forge-jwe.ts'

const NOW = 1_700_000_000
const CLAIMS = { iss: 'i', aud: 'a', sub: 'user-1', exp: NOW + 60, iat: NOW }
const signing = getTestKey('ES256')
const jwt = forgeToken({ alg: 'ES256', kid: KID }, CLAIMS, signing.native, 'ES256')
const verifier = createVerifier({
  keys: signing.verification,
  algorithms: ['ES256'],
  issuer: 'i',
  audience: 'a',
  now: () => NOW,
})

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const wrapping = randomBytes(32)
const direct = randomBytes(32)
const keys = [
  importEncryptionKey({ ...ec.privateKey.export({ format: 'jwk' }) }, { alg: 'ECDH-ES' }),
  importEncryptionKey({ ...ec.privateKey.export({ format: 'jwk' }) }, { alg: 'ECDH-ES+A128KW' }),
  importEncryptionKey({ ...ec.privateKey.export({ format: 'jwk' }) }, { alg: 'ECDH-ES+A256KW' }),
  importEncryptionKey({ ...rsa.privateKey.export({ format: 'jwk' }) }, { alg: 'RSA-OAEP-256' }),
  importEncryptionKey(wrapping, { alg: 'A256KW' }),
  importEncryptionKey(direct, { alg: 'dir', enc: 'A256GCM' }),
]
const rules = { keys, algorithms: KEY_MANAGEMENT_ALGORITHMS, encryptions: ENCRYPTION_ALGORITHMS }
const decrypt = createDecrypter({ ...rules, verifier })

const underDirect = (parts: Partial<JweParts> = {}): string =>
  forgeJwe({
    header: { alg: 'dir', enc: 'A256GCM', cty: 'JWT' },
    enc: 'A256GCM',
    cek: direct,
    plaintext: jwt,
    ...parts,
  })
const underWrapping = (enc = 'A128CBC-HS256', parts: Partial<JweParts> = {}): string => {
  const cek = makeCek(enc)
  const header = { alg: 'A256KW', enc, cty: 'JWT' }
  return forgeJwe({ header, enc, cek, plaintext: jwt, encryptedKey: wrapKey(wrapping, cek), ...parts })
}
const underRsa = (hash: 'sha1' | 'sha256' | 'pkcs1', alg = 'RSA-OAEP-256'): string => {
  const cek = makeCek('A256GCM')
  const header = { alg, enc: 'A256GCM', cty: 'JWT' }
  const encryptedKey = encryptKeyWithRsa(rsa.publicKey, cek, hash)
  return forgeJwe({ header, enc: 'A256GCM', cek, plaintext: jwt, encryptedKey })
}
const underEcdh = (alg: string, more: Record<string, unknown> = {}, enc = 'A256GCM'): string =>
  forgeEcdhJwe(ec.publicKey, alg, enc, jwt, { cty: 'JWT', ...more })

function refuses(name: string, token: string, code: TokenErrorCode): void {
  test(name, async () => {
    const error: unknown = await decrypt(token).catch((refusal: unknown) => refusal)
    assert.ok(error instanceof TokenError, String(error))
    assert.equal(error.code, code, error.message)
  })
}

/** Replaces one segment: by its bytes, or as text. */
function replaceSegment(token: string, index: number, change: (segment: string) => string | Uint8Array): string {
  const segments = token.split('.')
  const changed = change(segments[index] ?? '')
  return segments.with(index, typeof changed === 'string' ? changed : encode(changed)).join('.')
}
const bytesOf = (segment: string): Buffer => Buffer.from(segment, 'base64url')

describe('honest tokens are accepted, so that what follows is refused for its own reason', () => {
  const honest: Record<string, string> = {
    dir: underDirect(),
    'A256KW with A256GCM': underWrapping('A256GCM'),
    'A256KW with A128CBC-HS256': underWrapping(),
    'A256KW with A256CBC-HS512': underWrapping('A256CBC-HS512'),
    'RSA-OAEP-256': underRsa('sha256'),
    'ECDH-ES with A256GCM': underEcdh('ECDH-ES'),
    'ECDH-ES with A256CBC-HS512': underEcdh('ECDH-ES', {}, 'A256CBC-HS512'),
    'ECDH-ES+A128KW': underEcdh('ECDH-ES+A128KW'),
    'ECDH-ES+A256KW with parties': underEcdh('ECDH-ES+A256KW', { apu: 'QWxpY2U', apv: 'Qm9i' }),
    'with unknown header parameters': underDirect({
      header: { alg: 'dir', enc: 'A256GCM', cty: 'JWT', x: { y: [1] } },
    }),
    'with claims repeated in the header (RFC 7519 §5.3)': underDirect({
      header: { alg: 'dir', enc: 'A256GCM', cty: 'JWT', iss: 'another' },
    }),
  }
  for (const [name, token] of Object.entries(honest)) {
    test(name, async () => assert.deepEqual(await decrypt(token), CLAIMS))
  }
})

describe('passwords (PBES2)', () => {
  for (const p2c of [1, 1000, 2 ** 31 - 1, 1e308, -1, '1000']) {
    const salt = randomBytes(16)
    const derived = pbkdf2Sync('password', Buffer.concat([Buffer.from('PBES2-HS256+A128KW\0'), salt]), 1, 16, 'sha256')
    const cek = makeCek('A256GCM')
    const header = { alg: 'PBES2-HS256+A128KW', enc: 'A256GCM', p2s: encode(salt), p2c }
    const token = forgeJwe({ header, enc: 'A256GCM', cek, plaintext: jwt, encryptedKey: wrapKey(derived, cek) })
    test(`a count of ${p2c} is refused before anything is derived`, async () => {
      const started = performance.now()
      await assert.rejects(decrypt(token), { code: 'algorithm_not_allowed', claim: 'alg' })
      assert.ok(performance.now() - started < 1000)
    })
  }
})

describe('compression', () => {
  const bomb = deflateRawSync(Buffer.alloc(10_000_000))
  const header = { alg: 'dir', enc: 'A256GCM', cty: 'JWT', zip: 'DEF' }
  refuses('a bomb', underDirect({ header, plaintext: bomb.subarray(0, 9000) }), 'header_unsupported')
  refuses('of an honest JWT', underDirect({ header, plaintext: deflateRawSync(jwt) }), 'header_unsupported')
  for (const zip of ['GZ', '', null, false, []]) {
    refuses(`as ${JSON.stringify(zip)}`, underDirect({ header: { ...header, zip } }), 'header_unsupported')
  }
})

describe('RSA', () => {
  refuses('RSAES-PKCS1-v1_5', underRsa('pkcs1', 'RSA1_5'), 'algorithm_not_allowed')
  refuses('RSAES-OAEP with SHA-1', underRsa('sha1', 'RSA-OAEP'), 'algorithm_not_allowed')
  refuses('RSAES-PKCS1-v1_5 under another name (Bleichenbacher)', underRsa('pkcs1'), 'signature_invalid')
  refuses('RSAES-OAEP with SHA-1 under another name', underRsa('sha1'), 'signature_invalid')
  const token = underRsa('sha256')
  const key = bytesOf(token.split('.')[1] ?? '')
  const changes: Record<string, Uint8Array> = {
    zero: Buffer.alloc(256),
    one: Buffer.concat([Buffer.alloc(255), Buffer.of(1)]),
    'all ones, larger than the modulus': Buffer.alloc(256, 0xff),
    'one byte less': key.subarray(1),
    'one byte more': Buffer.concat([Buffer.of(0), key]),
    'a key of 4096 bits': Buffer.alloc(512, 1),
    'one byte': Buffer.of(1),
  }
  for (const [name, bytes] of Object.entries(changes)) {
    refuses(
      `the encrypted key is ${name}`,
      replaceSegment(token, 1, () => bytes),
      'signature_invalid',
    )
  }
  refuses(
    'no encrypted key',
    replaceSegment(token, 1, () => ''),
    'token_malformed',
  )
  for (const length of [0, 16, 31, 33, 64]) {
    const cek = randomBytes(length)
    const encryptedKey = encryptKeyWithRsa(rsa.publicKey, cek, 'sha256')
    const header = { alg: 'RSA-OAEP-256', enc: 'A256GCM', cty: 'JWT' }
    const parts = { header, enc: 'A256GCM', cek: makeCek('A256GCM'), plaintext: jwt, encryptedKey }
    refuses(`a content encryption key of ${length} bytes inside`, forgeJwe(parts), 'signature_invalid')
  }
})

describe('ECDH-ES', () => {
  const epk = createPublicKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey).export({ format: 'jwk' })
  const other = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' })
  const own = ec.publicKey.export({ format: 'jwk' })
  const zero = encode(Buffer.alloc(32))
  const prime = Buffer.from('ffffffff00000001000000000000000000000000ffffffffffffffffffffffff', 'hex')
  const ephemeralKeys: Record<string, [epk: unknown, code: TokenErrorCode]> = {
    'an ephemeral key off the curve (invalid curve attack)': [{ ...epk, y: epk.x }, 'signature_invalid'],
    'the point (0, 0)': [{ ...epk, x: zero, y: zero }, 'signature_invalid'],
    'a point with x = 0 that is not on the curve': [{ ...epk, x: zero }, 'signature_invalid'],
    'coordinates that are the prime': [{ ...epk, x: encode(prime), y: encode(prime) }, 'signature_invalid'],
    'coordinates of all ones': [{ ...epk, x: encode(Buffer.alloc(32, 0xff)) }, 'signature_invalid'],
    'the public key of the recipient': [own, 'signature_invalid'],
    'an ephemeral key of another curve': [other, 'key_not_found'],
    'a curve that is not the one of its coordinates': [{ ...epk, crv: 'P-384' }, 'header_invalid'],
    'a curve of twice the length': [{ ...other, crv: 'P-256' }, 'header_invalid'],
    X25519: [{ kty: 'OKP', crv: 'X25519', x: zero }, 'header_invalid'],
    secp256k1: [{ ...epk, crv: 'secp256k1' }, 'header_invalid'],
    'a private ephemeral key': [{ ...epk, d: zero }, 'header_invalid'],
    'no y': [{ kty: 'EC', crv: 'P-256', x: epk.x }, 'header_invalid'],
    'a coordinate without its leading zeros': [{ ...epk, x: encode(Buffer.alloc(31, 1)) }, 'header_invalid'],
    'a coordinate with a zero more': [{ ...epk, x: encode(Buffer.alloc(33)) }, 'header_invalid'],
    'a coordinate with padding': [{ ...epk, x: `${epk.x}=` }, 'header_invalid'],
    'a coordinate that is a number': [{ ...epk, x: 5 }, 'header_invalid'],
    'another kty': [{ ...epk, kty: 'RSA' }, 'header_invalid'],
    'no ephemeral key': [undefined, 'header_invalid'],
    null: [null, 'header_invalid'],
    'an array': [[epk], 'header_invalid'],
    text: ['epk', 'header_invalid'],
  }
  for (const [name, [bad, code]] of Object.entries(ephemeralKeys)) {
    refuses(name, underEcdh('ECDH-ES+A256KW', { epk: bad }), code)
    refuses(`${name}, without key wrap`, underEcdh('ECDH-ES', { epk: bad }), code)
  }
  for (const apu of ['a=', ' ', 5, null, ['QWxpY2U'], 'A']) {
    refuses(`apu as ${JSON.stringify(apu)}`, underEcdh('ECDH-ES', { apu }), 'header_invalid')
  }
  refuses(
    'an encrypted key where there is none',
    replaceSegment(underEcdh('ECDH-ES'), 1, () => 'AAAA'),
    'token_malformed',
  )
})

describe('tags, initialization vectors and lengths', () => {
  const gcm = underDirect()
  for (const length of [0, 1, 4, 8, 12, 13, 14, 15, 17, 32]) {
    const cut = (segment: string): Buffer => Buffer.concat([bytesOf(segment), Buffer.alloc(32)]).subarray(0, length)
    refuses(`a GCM tag of ${length} bytes`, replaceSegment(gcm, 4, cut), 'token_malformed')
  }
  for (const [enc, lengths] of Object.entries({
    'A128CBC-HS256': [0, 1, 8, 15, 17, 32],
    'A256CBC-HS512': [0, 1, 16, 31, 33, 64],
  })) {
    for (const length of lengths) {
      const cut = (segment: string): Buffer => Buffer.concat([bytesOf(segment), Buffer.alloc(64)]).subarray(0, length)
      refuses(`an ${enc} tag of ${length} bytes`, replaceSegment(underWrapping(enc), 4, cut), 'token_malformed')
    }
  }
  for (const length of [0, 1, 8, 11, 13, 16]) {
    refuses(
      `a GCM vector of ${length} bytes`,
      replaceSegment(gcm, 2, () => Buffer.alloc(length)),
      'token_malformed',
    )
  }
  for (const length of [0, 8, 12, 15, 17]) {
    const token = replaceSegment(underWrapping(), 2, () => Buffer.alloc(length))
    refuses(`a CBC vector of ${length} bytes`, token, 'token_malformed')
  }
  for (const length of [0, 1, 15, 17]) {
    const token = replaceSegment(underWrapping(), 3, () => Buffer.alloc(length))
    refuses(`a CBC ciphertext of ${length} bytes`, token, 'token_malformed')
  }
  for (const length of [0, 8, 32, 39, 41, 48]) {
    const token = replaceSegment(underWrapping(), 1, () => Buffer.alloc(length))
    refuses(`a wrapped key of ${length} bytes`, token, 'token_malformed')
  }
  refuses(
    'an encrypted key under dir',
    replaceSegment(gcm, 1, () => Buffer.alloc(32)),
    'token_malformed',
  )
})

describe('changes', () => {
  for (const [name, token] of Object.entries({
    GCM: underWrapping('A256GCM'),
    CBC: underWrapping(),
    'ECDH-ES': underEcdh('ECDH-ES'),
    'RSA-OAEP-256': underRsa('sha256'),
  })) {
    for (const [index, part] of ['header', 'encrypted key', 'vector', 'ciphertext', 'tag'].entries()) {
      if (index === 0 || token.split('.')[index] === '') continue
      for (const at of [0, -1]) {
        const flip = (segment: string): Buffer => {
          const bytes = bytesOf(segment)
          const offset = at === 0 ? 0 : bytes.length - 1
          return bytes.fill((bytes[offset] ?? 0) ^ 1, offset, offset + 1)
        }
        refuses(`${name}: a bit of the ${part} at ${at}`, replaceSegment(token, index, flip), 'signature_invalid')
      }
    }
    const spaced = replaceSegment(token, 0, (segment) => Buffer.concat([bytesOf(segment), Buffer.from(' ')]))
    refuses(`${name}: a space behind the header`, spaced, 'signature_invalid')
  }

  test('what fails with a key fails with one message: the padding is no oracle, nor the curve', async () => {
    const failures = [
      replaceSegment(underWrapping(), 4, () => Buffer.alloc(16)),
      replaceSegment(underWrapping(), 3, () => Buffer.alloc(32)),
      replaceSegment(underWrapping(), 1, () => Buffer.alloc(40)),
      replaceSegment(underDirect(), 4, () => Buffer.alloc(16)),
      underRsa('pkcs1'),
      underEcdh('ECDH-ES', { epk: { ...ec.publicKey.export({ format: 'jwk' }), y: encode(Buffer.alloc(32)) } }),
    ]
    const errors = await Promise.all(failures.map((token) => decrypt(token).catch((error: TokenError) => error)))
    const texts = errors.map((error) => JSON.stringify([error, (error as Error).message, (error as Error).cause]))
    assert.equal(new Set(texts).size, 1, texts.join('\n'))
  })
})

describe('header', () => {
  const header = { alg: 'dir', enc: 'A256GCM', cty: 'JWT' }
  const cases: [name: string, header: object | string | Uint8Array, code: TokenErrorCode][] = [
    ['crit', { ...header, crit: ['exp'], exp: 1 }, 'header_unsupported'],
    ['crit that is empty', { ...header, crit: [] }, 'header_unsupported'],
    ['b64', { ...header, b64: true }, 'header_unsupported'],
    ['no alg', { enc: 'A256GCM' }, 'header_invalid'],
    ['no enc', { alg: 'dir' }, 'header_invalid'],
    ['alg as an array', { ...header, alg: ['dir'] }, 'header_invalid'],
    ['enc as null', { ...header, enc: null }, 'header_invalid'],
    ['alg in another case', { ...header, alg: 'DIR' }, 'algorithm_not_allowed'],
    ['alg none', { ...header, alg: 'none' }, 'algorithm_not_allowed'],
    ['a signature algorithm', { ...header, alg: 'HS256' }, 'algorithm_not_allowed'],
    ['A128KW', { ...header, alg: 'A128KW' }, 'algorithm_not_allowed'],
    ['A256GCMKW', { ...header, alg: 'A256GCMKW' }, 'algorithm_not_allowed'],
    ['constructor as alg', { ...header, alg: 'constructor' }, 'algorithm_not_allowed'],
    ['A128GCM', { ...header, enc: 'A128GCM' }, 'algorithm_not_allowed'],
    ['an enc that authenticates nothing', { ...header, enc: 'A256CBC' }, 'algorithm_not_allowed'],
    ['an enc of toString', { ...header, enc: 'toString' }, 'algorithm_not_allowed'],
    ['alg twice', '{"alg":"none","alg":"dir","enc":"A256GCM","cty":"JWT"}', 'header_invalid'],
    ['enc twice, once escaped', '{"alg":"dir","enc":"A256GCM","\\u0065nc":"A256GCM","cty":"JWT"}', 'header_invalid'],
    ['a member twice in a nested object', '{"alg":"dir","enc":"A256GCM","x":{"a":1,"a":2}}', 'header_invalid'],
    ['__proto__', '{"alg":"dir","enc":"A256GCM","__proto__":{"zip":"DEF"}}', 'header_invalid'],
    ['no object', '["dir"]', 'header_invalid'],
    ['a byte order mark', '\ufeff{"alg":"dir","enc":"A256GCM"}', 'header_invalid'],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'header_invalid'],
    ['depth of 100', `{"alg":"dir","enc":"A256GCM","x":${'['.repeat(100)}${']'.repeat(100)}}`, 'header_invalid'],
    ['a kid that is a path', { ...header, kid: '../../dev/null' }, 'header_invalid'],
    ['a kid that is SQL', { ...header, kid: "x' OR 1=1 --" }, 'header_invalid'],
    ['a kid that is an object', { ...header, kid: {} }, 'header_invalid'],
    ['typ as a number', { ...header, typ: 5 }, 'header_invalid'],
    ['cty as an array', { ...header, cty: ['JWT'] }, 'header_invalid'],
    ['a key of the sender (jwk), which is ignored', { ...header, alg: 'ECDH-ES', jwk: {} }, 'token_malformed'],
  ]
  for (const [name, bad, code] of cases) {
    const epk = (bad as { alg?: unknown }).alg === 'ECDH-ES' ? { epk: ec.publicKey.export({ format: 'jwk' }) } : {}
    const isText = typeof bad === 'string' || bad instanceof Uint8Array
    const token = underDirect({
      header: isText ? bad : { ...bad, ...epk },
      encryptedKey: Buffer.alloc(name.includes('jwk') ? 1 : 0),
    })
    refuses(name, token, code)
  }
})

describe('form', () => {
  const token = underDirect()
  const [header = '', key = '', iv = '', ciphertext = '', tag = ''] = token.split('.')
  const forms: Record<string, string> = {
    'a JWS': jwt,
    'an unsecured JWS': `${encode({ alg: 'none' })}.${encode(CLAIMS)}.`,
    'four segments': [header, key, iv, ciphertext].join('.'),
    'six segments': `${token}.`,
    'two tokens': `${token}.${token}`,
    'an empty string': '',
    'only dots': '....',
    'a leading space': ` ${token}`,
    'a trailing line break': `${token}\n`,
    'a Bearer prefix': `Bearer ${token}`,
    'padding on the tag': `${token}==`,
    'padding on the header': `${header}=.${key}.${iv}.${ciphertext}.${tag}`,
    'the alphabet of base64': `${header}.${key}.${iv}.${ciphertext}.${tag.slice(0, -2)}+/`,
    'percent encoding': token.replace('.', '%2E'),
    'bits that are left over': `${token.slice(0, -1)}${tag.endsWith('A') ? 'B' : String.fromCharCode(tag.charCodeAt(21) + 1)}`,
    'the JSON serialization': JSON.stringify({ protected: header, iv, ciphertext, tag }),
    'a polyglot of JSON and compact': `{"protected":"${header}","iv":"${iv}","ciphertext":"${ciphertext}","tag":"${tag}"}....`,
  }
  for (const [name, text] of Object.entries(forms)) refuses(name, text, 'token_malformed')
  refuses('more characters than the limit', `${header}..${iv}.${'A'.repeat(16_384)}.${tag}`, 'token_too_large')
  refuses('a million dots', '.'.repeat(1_000_000), 'token_too_large')
  for (const value of [undefined, null, 5, {}, [token], Buffer.from(token), new String(token)]) {
    refuses(`no string: ${Object.prototype.toString.call(value)}`, value as string, 'token_malformed')
  }
})

describe('confusion of signing and encrypting', () => {
  const none = `${encode({ alg: 'none' })}.${encode(CLAIMS)}.`
  refuses('a JWE around an unsecured JWT', underRsaWith(none), 'algorithm_not_allowed')
  refuses('a JWE around bare claims', underRsaWith(JSON.stringify(CLAIMS)), 'token_malformed')
  refuses(
    'a JWE around a JWT without its signature',
    underRsaWith(`${jwt.slice(0, jwt.lastIndexOf('.'))}.`),
    'signature_invalid',
  )
  const attacker = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const forged = forgeToken({ alg: 'ES256', kid: KID }, CLAIMS, attacker, 'ES256')
  refuses("a JWE around a JWT of the attacker's key", underRsaWith(forged), 'signature_invalid')
  const brought = { alg: 'ES256', kid: KID, jwk: createPublicKey(attacker).export({ format: 'jwk' }) }
  refuses(
    'and with that key in its header',
    underRsaWith(forgeToken(brought, CLAIMS, attacker, 'ES256')),
    'signature_invalid',
  )
  refuses('a JWE around a JWE', underRsaWith(underDirect()), 'token_malformed')

  test('bytes that decrypt are no claims: decryptCompact says nothing of who wrote them', async () => {
    const { plaintext } = await decryptCompact(underRsaWith(none), rules)
    assert.equal(Buffer.from(plaintext).toString(), none)
  })

  function underRsaWith(plaintext: string): string {
    const cek = makeCek('A256GCM')
    const encryptedKey = encryptKeyWithRsa(rsa.publicKey, cek, 'sha256')
    const header = { alg: 'RSA-OAEP-256', enc: 'A256GCM', cty: 'JWT' }
    return forgeJwe({ header, enc: 'A256GCM', cek, plaintext, encryptedKey })
  }
})

describe('algorithms that are not among those allowed, although there is a key', () => {
  const narrow = createDecrypter({ keys, algorithms: ['A256KW'], encryptions: ['A256GCM'], verifier })
  for (const [name, token, claim] of [
    ['RSA-OAEP-256', underRsa('sha256'), 'alg'],
    ['ECDH-ES', underEcdh('ECDH-ES'), 'alg'],
    ['dir', underDirect(), 'alg'],
    ['A128CBC-HS256', underWrapping(), 'enc'],
  ] as const) {
    test(name, () => assert.rejects(narrow(token), { code: 'algorithm_not_allowed', claim }))
  }
  test('a key for dir is no key for another content encryption of its length', async () => {
    const header = { alg: 'dir', enc: 'A128CBC-HS256', cty: 'JWT' }
    await assert.rejects(decrypt(underDirect({ header, enc: 'A128CBC-HS256' })), { code: 'key_not_found' })
  })
})
