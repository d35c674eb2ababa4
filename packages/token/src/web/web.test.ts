/** What is said of /web alone; all that holds of the main entry too is among the portable tests. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { inspect } from 'node:util'
import * as main from '../index.ts'
import { CERTIFICATE } from '../test/certificate.ts'
import { getTestKey, TEST_KEYS } from '../test/test-keys.ts'
import * as web from './web.ts'

const names = { issuer: 'i', audience: 'a' } as const
const now = (): number => 1_700_000_000

describe('a private key or a secret leaves /web only if it was asked for', () => {
  for (const alg of ['HS256', 'RS256', 'PS256', 'ES256', 'EdDSA'] as const) {
    test(alg, async () => {
      const jwk = main.exportPrivateJwk(getTestKey(alg).signing)
      const kept = [await web.importKey(jwk), await web.importKey(jwk, { extractable: false })]
      if (alg !== 'RS256' && alg !== 'PS256') kept.push(await web.generateKey(alg), await web.generateKey(alg, {}))
      for (const key of kept) {
        await assert.rejects(web.exportPrivateJwk(key), /^TypeError: exportPrivateJwk: .* extractable: true/)
        if (key.kind === 'private') await assert.rejects(web.exportPrivatePem(key), /^TypeError: exportPrivatePem: /)
      }
      assert.deepEqual(await web.exportPrivateJwk(await web.importKey(jwk, { extractable: true })), jwk)
    })
  }

  test('as PEM too', async () => {
    const pem = main.exportPrivatePem(getTestKey('ES256').signing)
    await assert.rejects(web.exportPrivatePem(await web.importKey(pem, { alg: 'ES256' })), /extractable: true/)
    const key = await web.importKey(pem, { alg: 'ES256', extractable: true })
    assert.equal(await web.exportPrivatePem(key), pem)
  })

  test('anything but true is no request', async () => {
    const jwk = main.exportPrivateJwk(getTestKey('ES256').signing)
    const key = await web.importKey(jwk, { extractable: 'true' as unknown as boolean })
    await assert.rejects(web.exportPrivateJwk(key), TypeError)
  })
})

describe('PEM of a form that Web Crypto does not read is refused with the command that converts it', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const forms = [
    [rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }), 'RS256', 'openssl rsa -RSAPublicKey_in -pubout'],
    [rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }), 'PS256', 'openssl pkcs8 -topk8 -nocrypt'],
    [ec.privateKey.export({ type: 'sec1', format: 'pem' }), 'ES256', 'openssl pkcs8 -topk8 -nocrypt'],
    [CERTIFICATE, 'ES256', 'openssl x509 -pubkey -noout'],
  ] as const
  for (const [pem, alg, command] of forms) {
    test(command, async () => {
      await assert.rejects(web.importKey(String(pem), { alg }), (error) => {
        assert.ok(error instanceof TypeError)
        return error.message.startsWith('Web Crypto does not read') && error.message.endsWith(`${command}.`)
      })
    })
  }
})

test('what one library signs the other verifies, and where that is deterministic both sign alike', async () => {
  for (const { alg, signing, verification } of TEST_KEYS) {
    const key = await web.importKey(main.exportPrivateJwk(signing))
    const sign = { ...names, lifetime: '1m', now } as const
    const tokens = [
      main.createSigner({ key: signing, ...sign })({ sub: 'é' }),
      await web.createSigner({ key, ...sign })({ sub: 'é' }),
    ]
    if (/^(HS|RS|Ed)/.test(alg)) assert.equal(tokens[0], tokens[1], alg)
    for (const token of tokens) {
      const rules = { algorithms: [alg], ...names, now }
      const expected = { iss: 'i', aud: 'a', iat: now(), exp: now() + 60, sub: 'é' }
      assert.deepEqual(main.createVerifier({ keys: verification, ...rules })(token), expected)
      assert.deepEqual(await web.createVerifier({ keys: key, ...rules })(token), expected)
    }
  }
})

test('a secret may lie in memory that is shared, and is copied from there', async () => {
  const shared = new Uint8Array(new SharedArrayBuffer(32)).fill(3)
  const key = await web.importKey(shared, { alg: 'HS256', extractable: true })
  assert.equal((await web.exportPrivateJwk(key)).k, Buffer.from(shared).toString('base64url'))
})

test('a key of one entry is none in the other', async () => {
  const { signing } = getTestKey('ES256')
  const key = await web.importKey(main.exportPrivateJwk(signing))
  assert.throws(() => web.createSigner({ key: signing as never, lifetime: 60 }), /^TypeError: .*\n {2}key: /)
  assert.throws(() => main.createSigner({ key: key as never, lifetime: 60 }), /^TypeError: .*\n {2}key: /)
  assert.throws(() => web.exportPublicJwk(signing as never), /^TypeError: key: /)
  const rules = { algorithms: ['ES256'], ...names } as const
  assert.throws(() => web.createVerifier({ keys: signing as never, ...rules }), /^TypeError: .*\n {2}keys: /)
  assert.throws(() => main.createVerifier({ keys: key as never, ...rules }), /^TypeError: .*\n {2}keys: /)
})

test('a key shows nothing of itself to util.inspect', async () => {
  for (const { signing } of TEST_KEYS) {
    const jwk = main.exportPrivateJwk(signing)
    const { kty: _, alg: __, kid: ___, crv, e, ...secret } = jwk
    const key = await web.importKey(jwk)
    const text = inspect(key, { depth: 20, showHidden: true })
    for (const member of Object.values(secret)) assert.ok(!text.includes(String(member)), text)
  }
})

test('a JWK Set without a usable key troubles nobody until a token is verified', async () => {
  let unhandled = 0
  const count = (): void => {
    unhandled += 1
  }
  process.on('unhandledRejection', count)
  const verify = web.createVerifier({ keys: { keys: [] }, algorithms: ['ES256'], ...names })
  for (let turn = 0; turn < 3; turn += 1) await setImmediate()
  process.off('unhandledRejection', count)
  assert.equal(unhandled, 0)
  const token = main.createSigner({ key: getTestKey('ES256').signing, ...names, lifetime: 60 })({})
  await assert.rejects(verify(token), /^TypeError: createVerifier: mend these options\.\n {2}keys: give a JWK Set/)
})

test('the thread pool is no option, since Web Crypto is never in the way', async () => {
  const key = await web.generateKey('ES256')
  const refusal = /^TypeError: .*\n {2}threadPool: there is no such option/
  assert.throws(() => web.createSigner({ key, lifetime: 60, threadPool: true } as never), refusal)
  const options = { keys: key, algorithms: ['ES256'], ...names, threadPool: true } as const
  assert.throws(() => web.createVerifier(options), refusal)
})

test('what is wrong with a token is a rejection, and what is wrong with the options is thrown at once', async () => {
  assert.throws(() => web.createVerifier({} as never), /^TypeError: createVerifier: mend/)
  assert.throws(() => web.createSigner({} as never), /^TypeError: createSigner: mend/)
  const key = await web.generateKey('ES256')
  const verify = web.createVerifier({ keys: key, algorithms: ['ES256'], ...names })
  for (const token of ['x', '', 5 as never]) {
    const verified = verify(token)
    assert.ok(verified instanceof Promise)
    await assert.rejects(verified, { name: 'TokenError', code: 'token_malformed' })
  }
  const signed = web.createSigner({ key, lifetime: 60 })({ sub: 5 as never })
  assert.ok(signed instanceof Promise)
  await assert.rejects(signed, /^TypeError: claims\.sub: /)
})
