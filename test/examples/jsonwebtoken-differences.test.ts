// What docs/migrating-to-token.md says of jsonwebtoken and of our functions with its names, row by row, on both of them.
import assert from 'node:assert/strict'
import { createHmac, createPrivateKey, generateKeyPairSync, type KeyObject, sign as signBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import migrated from '@countersign/token/compat/jsonwebtoken'

const root = join(import.meta.dirname, '../..')
const old = createRequire(join(root, 'examples/migrated-login/package.json'))('jsonwebtoken') as Library

interface Library {
  sign(payload: unknown, key: unknown, options?: object): string
  verify(token: string, key: unknown, options?: object): unknown
  decode(token: string): unknown
}

/** Shows what jsonwebtoken does, then what ours do instead. */
type Difference = (old: Library, ours: Library) => void

const secret = 'x'.repeat(64)
const now = () => Math.floor(Date.now() / 1000)
const live = () => ({ sub: 'u', iat: now(), exp: now() + 60 })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const weakRsa = generateKeyPairSync('rsa', { modulusLength: 1024 })
const pssRsa = generateKeyPairSync('rsa-pss', {
  modulusLength: 2048,
  hashAlgorithm: 'sha256',
  mgf1HashAlgorithm: 'sha256',
})
const ed = generateKeyPairSync('ed25519')
const pem = (key: KeyObject) => key.export({ type: key.type === 'public' ? 'spki' : 'pkcs8', format: 'pem' })

const encode = (value: string | Buffer) => Buffer.from(value).toString('base64url')
const mac = (input: string, key: string | Buffer = secret) =>
  `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`

/** Signs with HS256 whatever it is given, as no library would. */
function forge(payload: object | string | Buffer, header: object = {}, key: string | Buffer = secret): string {
  const isText = typeof payload === 'string' || Buffer.isBuffer(payload)
  const head = encode(JSON.stringify({ alg: 'HS256', typ: 'JWT', ...header }))
  return mac(`${head}.${encode(isText ? payload : JSON.stringify(payload))}`, key)
}

const programError = { name: 'TypeError' }
const refusal = (message: string, name = 'JsonWebTokenError') => ({ name, message })
const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])

/** jsonwebtoken signs and accepts it; ours does neither. */
function signedAndAccepted(payload: object, message: string, options: object = {}): Difference {
  return (old, ours) => {
    const token = forge(payload)
    assert.ok(old.sign(payload, secret, options))
    assert.ok(old.verify(token, secret))
    assert.throws(() => ours.sign(payload, secret, options), programError)
    assert.throws(() => ours.verify(token, secret), refusal(message))
  }
}

/** jsonwebtoken accepts a token, or an option; ours refuses it with an error. */
function accepted(token: () => string, error: object, options: object = {}): Difference {
  return (old, ours) => {
    assert.ok(old.verify(token(), secret, options))
    assert.throws(() => ours.verify(token(), secret, options), error)
  }
}

const all = (...differences: Difference[]): Difference => {
  return (old, ours) => {
    for (const difference of differences) difference(old, ours)
  }
}

const differences: Record<string, Difference> = {
  'a secret under 32 bytes, 48 for HS384, 64 for HS512': (old, ours) => {
    for (const [algorithm, length] of [
      ['HS256', 31],
      ['HS384', 47],
      ['HS512', 63],
    ] as const) {
      const [short, enough] = ['k'.repeat(length), 'k'.repeat(length + 1)]
      const token = old.sign(live(), short, { algorithm })
      assert.ok(old.verify(token, short))
      assert.throws(() => ours.sign(live(), short, { algorithm }), { ...programError, message: /too short/ })
      assert.throws(() => ours.verify(token, short, { algorithms: [algorithm] }), {
        ...programError,
        message: /too short/,
      })
      assert.ok(ours.verify(ours.sign(live(), enough, { algorithm }), enough))
    }
  },
  'sign without expiresIn and exp': (old, ours) => {
    const lifetime = (token: string) => {
      const { iat, exp } = old.decode(token) as { iat: number; exp?: number }
      return exp && exp - iat
    }
    assert.equal(lifetime(old.sign({}, secret)), undefined)
    assert.equal(lifetime(ours.sign({}, secret)), 30 * 86_400)
    assert.equal(lifetime(ours.sign({}, secret, { dangerouslyAllowNoExpiry: true })), undefined)
  },
  'a token without exp': (old, ours) => {
    assert.ok(old.verify(forge({}), secret))
    assert.throws(() => ours.verify(forge({}), secret), { name: 'JsonWebTokenError', message: /^exp required/ })
    assert.ok(ours.verify(forge({}), secret, { dangerouslyAllowNoExpiry: true }))
  },
  "expiresIn: '3600', a text without a unit; notBefore and maxAge too": (old, ours) => {
    const { iat, exp } = old.decode(old.sign({}, secret, { expiresIn: '3600' })) as { iat: number; exp: number }
    assert.equal(exp - iat, 3)
    for (const option of ['expiresIn', 'notBefore']) {
      assert.throws(() => ours.sign({}, secret, { [option]: '3600' }), { ...programError, message: /milliseconds/ })
    }
    const token = forge({ ...live(), iat: now() - 60 })
    assert.throws(() => old.verify(token, secret, { maxAge: '3600' }), { message: 'maxAge exceeded' })
    assert.throws(() => ours.verify(token, secret, { maxAge: '3600' }), { ...programError, message: /milliseconds/ })
  },
  'a time in milliseconds, such as exp: Date.now() + 900_000': signedAndAccepted(
    { exp: Date.now() + 900_000 },
    'invalid exp value',
  ),
  'none as an algorithm': (old, ours) => {
    const token = old.sign({}, '', { algorithm: 'none' })
    assert.ok(old.verify(token, '', { algorithms: ['none'] }))
    assert.throws(() => ours.sign({}, secret, { algorithm: 'none' }), programError)
    assert.throws(() => ours.verify(token, secret, { algorithms: ['none'] }), programError)
    assert.throws(() => ours.verify(token, secret), refusal('jwt signature is required'))
  },
  'text or bytes as the payload': (old, ours) => {
    for (const payload of ['ada', Buffer.from('ada')]) {
      assert.equal(old.verify(old.sign(payload, secret), secret), 'ada')
      assert.throws(() => ours.sign(payload, secret), programError)
      assert.throws(() => ours.verify(old.sign(payload, secret), secret), refusal('invalid token'))
    }
  },
  'registered claims of a wrong type: iss, jti no text, sub neither text nor number, aud no list of texts': all(
    signedAndAccepted({ ...live(), iss: 1 }, 'invalid iss value'),
    signedAndAccepted({ ...live(), jti: ['a'] }, 'invalid jti value'),
    signedAndAccepted({ ...live(), sub: { a: 1 } }, 'invalid sub value'),
    signedAndAccepted({ ...live(), aud: [1] }, 'invalid aud value'),
  ),
  'JSON nested more than 16 deep, with more than 256 members, or with __proto__': all(
    signedAndAccepted({ ...live(), nested: nested(20) }, 'invalid token'),
    signedAndAccepted(
      { ...live(), ...Object.fromEntries(Array.from({ length: 257 }, (_, n) => [`c${n}`, n])) },
      'invalid token',
    ),
    signedAndAccepted({ ...live(), inner: JSON.parse('{"__proto__":1}') }, 'invalid token'),
  ),
  'a token longer than 8192 characters': signedAndAccepted({ ...live(), text: 'x'.repeat(8192) }, 'invalid token'),
  'crit, b64 or zip in the header': (old, ours) => {
    for (const header of [{ crit: ['exp'] }, { b64: true }, { zip: 'DEF' }]) {
      assert.ok(old.verify(old.sign(live(), secret, { header }), secret))
      assert.throws(() => ours.sign(live(), secret, { header }), programError)
      assert.throws(() => ours.verify(forge(live(), header), secret), refusal('invalid token'))
    }
  },
  'a kid with blanks, .., quotes and the like': (old, ours) => {
    for (const keyid of ['my key', '../key', "x' OR 1=1"]) {
      assert.ok(old.verify(old.sign(live(), secret, { keyid }), secret))
      assert.throws(() => ours.sign(live(), secret, { keyid }), programError)
      assert.throws(() => ours.verify(forge(live(), { kid: keyid }), secret), refusal('invalid token'))
    }
  },
  'header.alg that differs from algorithm': (old, ours) => {
    const options = { algorithm: 'HS256', header: { alg: 'HS512' } }
    assert.ok(old.verify(old.sign(live(), secret, options), secret, { algorithms: ['HS512'] }))
    assert.throws(() => ours.sign(live(), secret, options), programError)
  },
  'mutatePayload, allowInsecureKeySizes, allowInvalidAsymmetricKeyTypes, another encoding than UTF-8': (old, ours) => {
    for (const option of ['mutatePayload', 'allowInsecureKeySizes', 'allowInvalidAsymmetricKeyTypes']) {
      assert.ok(old.sign(live(), secret, { [option]: true }))
      assert.throws(() => ours.sign(live(), secret, { [option]: true }), programError)
    }
    assert.ok(old.sign(live(), secret, { encoding: 'latin1' }))
    assert.throws(() => ours.sign(live(), secret, { encoding: 'latin1' }), programError)
    accepted(() => forge(live()), programError, { allowInvalidAsymmetricKeyTypes: true })(old, ours)
  },
  'a token with a member named twice': accepted(
    () => forge(JSON.stringify(live()).replace('{', '{"sub":"a",')),
    refusal('invalid token'),
  ),
  'a token that is not base64url in its one spelling, or not UTF-8': all(
    accepted(
      () => mac(`${encode('{"alg":"HS256","typ":"JWT"} ')}.${spellOtherwise(live())}`),
      refusal('invalid token'),
    ),
    accepted(
      () =>
        forge(Buffer.concat([Buffer.from(`{"exp":${now() + 60},"name":"`), Buffer.from([0xff]), Buffer.from('"}')])),
      refusal('invalid token'),
    ),
  ),
  'a token issued in the future, by more than 5 seconds and clockTolerance': all(
    accepted(() => forge({ ...live(), iat: now() + 30 }), refusal('jwt issued in the future', 'NotBeforeError')),
    (_old, ours) => {
      assert.ok(ours.verify(forge({ ...live(), iat: now() + 4 }), secret))
      assert.ok(ours.verify(forge({ ...live(), iat: now() + 30 }), secret, { clockTolerance: 30 }))
    },
  ),
  'an RSA key and no algorithms': (old, ours) => {
    const token = old.sign(live(), rsa.privateKey, { algorithm: 'PS256' })
    assert.ok(old.verify(token, rsa.publicKey))
    assert.throws(() => ours.verify(token, rsa.publicKey), refusal('invalid algorithm'))
    assert.ok(ours.verify(token, rsa.publicKey, { algorithms: ['PS256'] }))
    assert.ok(ours.verify(old.sign(live(), rsa.privateKey, { algorithm: 'RS384' }), rsa.publicKey))
  },
  'a token whose algorithm the key is not for': (old, ours) => {
    const options = { algorithms: ['HS256', 'RS256'] }
    const message = 'secretOrPublicKey must be a symmetric key when using HS256'
    assert.throws(() => old.verify(forge(live()), rsa.publicKey, options), { message })
    assert.throws(() => ours.verify(forge(live()), rsa.publicKey, options), refusal('invalid algorithm'))
    assert.throws(() => old.verify(forge(live()), rsa.publicKey), refusal('invalid algorithm'))
    assert.throws(() => ours.verify(forge(live()), rsa.publicKey), refusal('invalid algorithm'))
  },
  'algorithms as a text': accepted(() => forge(live()), programError, { algorithms: 'HS256 and HS512' }),
  'a regular expression as audience': accepted(
    () => forge({ ...live(), aud: 'https://api.example.evil' }),
    { ...programError, message: /regular expression/ },
    { audience: /^https:..api.example/ },
  ),
  'an option of verify that is unknown, undefined or empty, such as issuer: process.env.ISSUER when that is not set':
    all(
      ...[{ algorithm: 'HS256' }, { issuer: undefined }, { audience: '' }, { subject: null }].map((options) =>
        accepted(() => forge(live()), programError, options),
      ),
    ),
  "ignoreExpiration: 'false' and the like": accepted(() => forge({ exp: now() - 60 }), programError, {
    ignoreExpiration: 'false',
  }),
  'clockTolerance as a text, or above 300': all(
    accepted(() => forge({ exp: now() - 60 }), programError, { clockTolerance: '5' }),
    accepted(() => forge({ exp: now() - 60 }), programError, { clockTolerance: 3600 }),
  ),
  'maxAge: 0': accepted(() => forge({ ...live(), iat: now() - 60 }), programError, { maxAge: 0 }),
  'clockTimestamp: 0': (old, ours) => {
    assert.throws(() => old.verify(forge({ exp: 60 }), secret, { clockTimestamp: 0 }), { name: 'TokenExpiredError' })
    assert.ok(ours.verify(forge({ exp: 60 }), secret, { clockTimestamp: 0 }))
  },
  'verifying with an RSA key under 2048 bits or a weak exponent': (old, ours) => {
    const input = `${encode('{"alg":"RS256","typ":"JWT"}')}.${encode(JSON.stringify(live()))}`
    const token = `${input}.${signBytes('sha256', Buffer.from(input), weakRsa.privateKey).toString('base64url')}`
    assert.ok(old.verify(token, weakRsa.publicKey))
    assert.throws(() => ours.verify(token, weakRsa.publicKey), { ...programError, message: /1024 bits/ })
  },
  'keys of the type RSASSA-PSS': (old, ours) => {
    const token = old.sign(live(), pssRsa.privateKey, { algorithm: 'PS256' })
    assert.ok(old.verify(token, pssRsa.publicKey))
    assert.throws(() => ours.sign(live(), pssRsa.privateKey, { algorithm: 'PS256' }), programError)
    assert.throws(() => ours.verify(token, pssRsa.publicKey), programError)
  },
  'a key as an object, such as { key, passphrase }': (old, ours) => {
    const passphrase = 'p'
    const key = rsa.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase })
    assert.ok(old.sign(live(), { key, passphrase }, { algorithm: 'RS256' }))
    assert.throws(() => ours.sign(live(), { key, passphrase }, { algorithm: 'RS256' }), programError)
    assert.ok(ours.sign(live(), createPrivateKey({ key, passphrase }), { algorithm: 'RS256' }))
  },
  'a public key given as a secret, in PEM, DER, JWK or SSH form': (old, ours) => {
    assert.ok(old.sign(live(), pem(rsa.publicKey), { algorithm: 'HS256' }))
    assert.throws(() => ours.sign(live(), pem(rsa.publicKey), { algorithm: 'HS256' }), programError)
    const der = rsa.publicKey.export({ type: 'spki', format: 'der' })
    const jwk = JSON.stringify(rsa.publicKey.export({ format: 'jwk' }))
    for (const key of [der, jwk, `ssh-rsa AAAA${'x'.repeat(64)} ada`]) {
      assert.ok(old.verify(forge(live(), {}, key), key))
      assert.throws(() => ours.verify(forge(live(), {}, key), key), programError)
    }
  },
  'a private KeyObject to verify with': (old, ours) => {
    const token = old.sign(live(), rsa.privateKey, { algorithm: 'RS256' })
    assert.throws(() => old.verify(token, rsa.privateKey), { message: /must be an asymmetric key/ })
    assert.ok(ours.verify(token, rsa.privateKey))
    assert.ok(old.verify(token, pem(rsa.privateKey)))
  },
  'Ed25519 keys': (old, ours) => {
    assert.throws(() => old.sign(live(), ed.privateKey, { algorithm: 'EdDSA' }))
    assert.ok(ours.verify(ours.sign(live(), ed.privateKey, { algorithm: 'EdDSA' }), ed.publicKey))
  },
  'bad options and keys': (old, ours) => {
    assert.throws(() => old.sign(live(), secret, { expires: 1 }), { name: 'Error' })
    assert.throws(() => ours.sign(live(), secret, { expires: 1 }), programError)
    assert.throws(() => old.verify(forge(live()), secret, { nonce: '' }), { name: 'JsonWebTokenError' })
    assert.throws(() => ours.verify(forge(live()), secret, { nonce: '' }), programError)
  },
  'the callback of verify with a getKey': () => {
    let isLater = false
    const key = (_header: unknown, found: (error: null, key: string) => void) => found(null, secret)
    const seen: boolean[] = []
    const verify = old.verify as unknown as (token: string, key: object, done: () => void) => void
    verify(forge(live()), key, () => seen.push(isLater))
    migrated.verify(forge(live()), key, () => seen.push(isLater))
    isLater = true
    assert.deepEqual(seen, [false])
  },
  'decode of a token that is misshapen, or whose payload is not a JSON object': (old, ours) => {
    assert.deepEqual(old.decode(forge('[1]')), [1])
    assert.equal(old.decode(forge('ada', { typ: undefined })), 'ada')
    assert.throws(() => old.decode(forge('ada')), SyntaxError)
    for (const token of [forge('[1]'), forge('ada', { typ: undefined }), forge('ada')])
      assert.equal(ours.decode(token), null)
  },
}

/** Spells the JSON of claims in base64url with a bit left over. */
function spellOtherwise(claims: object): string {
  let text = JSON.stringify(claims)
  while (encode(text).length % 4 === 0) text += ' '
  const segment = encode(text)
  const last = segment.at(-1) ?? ''
  return segment.slice(0, -1) + String.fromCharCode(last.charCodeAt(0) + 1)
}

describe('docs/migrating-to-token.md on what differs from jsonwebtoken', () => {
  for (const [title, difference] of Object.entries(differences)) {
    test(title, () => difference(old, migrated as unknown as Library))
  }

  test('has a row for each difference that is tested, and no other', () => {
    const page = readFileSync(join(root, 'docs/migrating-to-token.md'), 'utf8')
    const table = /### What differs[\s\S]*?\n\| --- .*\n([\s\S]*?)\n\n/.exec(page)?.[1] ?? ''
    const titles = table.split('\n').map((row) => row.split('|')[1]?.trim().replaceAll('`', ''))
    assert.deepEqual(titles, Object.keys(differences))
  })
})
