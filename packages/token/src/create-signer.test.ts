import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JwtClaims } from './claims.ts'
import { createSigner, type SignerOptions } from './create-signer.ts'
import { createVerifier } from './create-verifier.ts'
import { decodeUnverified } from './decode-unverified.ts'
import { importKey } from './import-key.ts'
import { getTestKey, KID } from './test/test-keys.ts'

const key = getTestKey('ES256').signing
const NOW = 1_700_000_000.75
const options = { key, issuer: 'https://issuer.example', audience: 'api', lifetime: '10m', now: () => NOW } as const
const sign = createSigner(options)
const problemsOf = (bad: object): string => {
  try {
    createSigner(bad as SignerOptions)
  } catch (error) {
    assert.ok(error instanceof TypeError)
    return error.message
  }
  return ''
}

test('writes alg, kid and typ into the header, from the key and the options', () => {
  assert.deepEqual(decodeUnverified(sign({})).protectedHeader, { alg: 'ES256', kid: KID, typ: 'JWT' })
  assert.deepEqual(decodeUnverified(createSigner({ ...options, typ: 'at+jwt' })({})).protectedHeader, {
    alg: 'ES256',
    kid: KID,
    typ: 'at+jwt',
  })
  const secret = createSigner({ ...options, key: importKey(new Uint8Array(32), { alg: 'HS256' }) })
  assert.deepEqual(decodeUnverified(secret({})).protectedHeader, { alg: 'HS256', typ: 'JWT' })
})

test('writes iss and aud from the options, iat in whole seconds, and exp as iat plus the lifetime', () => {
  assert.deepEqual(decodeUnverified(sign({ sub: 'a' })).claims, {
    iss: 'https://issuer.example',
    aud: 'api',
    iat: 1_700_000_000,
    exp: 1_700_000_600,
    sub: 'a',
  })
})

test('lets claims that are given win over the options', () => {
  const claims = { iss: 'b', aud: ['c', 'd'], iat: 5, exp: 6.5, jti: 'e', nbf: 4 }
  assert.deepEqual(decodeUnverified(sign(claims)).claims, claims)
})

test('counts the lifetime from the iat that is given', () => {
  assert.equal(decodeUnverified(sign({ iat: 1000 })).claims.exp, 1600)
})

test('takes a claim that is undefined as not given', () => {
  const claims = { iss: undefined, exp: undefined, sub: undefined } as unknown as JwtClaims
  assert.deepEqual(decodeUnverified(sign(claims)).claims, decodeUnverified(sign({})).claims)
})

test('leaves exp out only where that was waived by name', () => {
  const { lifetime: _, ...rest } = options
  assert.deepEqual(
    Object.keys(decodeUnverified(createSigner({ ...rest, dangerouslyAllowNoExpiry: true })({})).claims),
    ['iss', 'aud', 'iat'],
  )
  assert.match(problemsOf(rest), /lifetime: .*dangerouslyAllowNoExpiry/)
  assert.match(problemsOf({ ...options, dangerouslyAllowNoExpiry: true }), /contradict/)
})

test('refuses claims of a wrong type, and names the claim', () => {
  const bad = {
    iss: [5, ['https://issuer.example'], null],
    sub: [5, {}, null],
    aud: [5, [5], ['a', null], null, {}],
    exp: ['1', Number.NaN, Number.POSITIVE_INFINITY, -1, null, new Date()],
    nbf: ['1', Number.NaN, -1],
    iat: ['1', Number.NaN, -1, null],
    jti: [5],
    client_id: [5],
    scope: [['read']],
  }
  for (const [claim, values] of Object.entries(bad)) {
    for (const value of values)
      assert.throws(
        () => sign({ [claim]: value }),
        new RegExp(`^TypeError: claims.${claim}: `),
        `${claim}: ${String(value)}`,
      )
  }
  for (const claims of [null, undefined, [], 'a', 5]) assert.throws(() => sign(claims as never), /^TypeError: claims: /)
})

test('refuses claims that its own verifier would refuse', () => {
  let deep: object = {}
  for (let depth = 0; depth < 16; depth += 1) deep = { deep }
  assert.throws(() => sign({ deep }), /nested/)
  assert.throws(() => sign(JSON.parse('{"__proto__":{"admin":true}}')), /__proto__/)
  assert.throws(() => sign(Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`c${index}`, 1]))), /members/)
  assert.throws(() => sign({ big: 1n }), TypeError)
  for (const made of [undefined, [], 'a']) assert.throws(() => sign({ toJSON: () => made }), /toJSON/)
})

test('later changes to the audience that was given change nothing', () => {
  const audience = ['api']
  const signLater = createSigner({ ...options, audience })
  audience.push('other')
  assert.deepEqual(decodeUnverified(signLater({})).claims.aud, ['api'])
})

test('refuses a clock that tells no time', () => {
  assert.throws(() => createSigner({ ...options, now: () => Number.NaN })({}), TypeError)
})

test('lists every bad option at once, each with its mend', () => {
  const message = problemsOf({
    key: getTestKey('ES256').verification,
    issuer: 5,
    audience: [5],
    lifetime: '10 minutes',
    typ: '',
    now: 5,
    expiresIn: '1h',
  })
  for (const path of ['key', 'issuer', 'audience', 'lifetime', 'typ', 'now', 'expiresIn'])
    assert.match(message, new RegExp(`^  ${path}: .`, 'm'))
})

test('refuses to sign with a public key, with something else than a key, and with nothing', () => {
  for (const bad of [getTestKey('ES256').verification, {}, 'secret', undefined])
    assert.match(problemsOf({ ...options, key: bad }), /^ {2}key: /m)
  for (const bad of [undefined, null, 5]) assert.throws(() => createSigner(bad as never), TypeError)
})

test('writes Unicode that is read back as it was', () => {
  const claims = { name: 'Zoë 🦊 \u2028 "quoted" \\ \u0000', nested: { ключ: ['値'] } }
  const verify = createVerifier({
    keys: key,
    algorithms: ['ES256'],
    issuer: 'https://issuer.example',
    audience: 'api',
    now: () => NOW,
  })
  const verified = verify(sign(claims))
  assert.deepEqual({ name: verified.name, nested: verified.nested }, claims)
})
