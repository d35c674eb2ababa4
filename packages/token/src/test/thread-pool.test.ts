import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { createSigner } from '../create-signer.ts'
import type { VerifierOptions } from '../create-verifier.ts'
import { createJwtVerifier, createVerifier } from '../create-verifier.ts'
import { importKey } from '../import-key.ts'
import { TokenError } from '../token-error.ts'
import { AUDIENCE, CLAIMS, type Entry, ISSUER, NOW } from './corpus/corpus-entry.ts'
import { HOSTILE_CLAIMS } from './corpus/hostile-claims.ts'
import { HOSTILE_FORMS } from './corpus/hostile-forms.ts'
import { HOSTILE_ML_DSA_TOKENS } from './corpus/hostile-ml-dsa.ts'
import { HOSTILE_SIGNATURES } from './corpus/hostile-signatures.ts'
import { forgeToken } from './forge-token.ts'
import { getTestKey, TEST_KEYS } from './test-keys.ts'

const names = { issuer: ISSUER, audience: AUDIENCE } as const
const now = (): number => NOW

describe('on the thread pool', () => {
  for (const { alg, signing, verification } of TEST_KEYS) {
    const signNow = createSigner({ key: signing, ...names, lifetime: 60, now })
    const signLater = createSigner({ key: signing, ...names, lifetime: 60, now, threadPool: true })
    const verifyNow = createVerifier({ keys: verification, algorithms: [alg], ...names, now })
    const verifyLater = createJwtVerifier({ keys: verification, algorithms: [alg], ...names, now, threadPool: true })

    test(`${alg}: what is signed there is verified here, and the other way round, with the same result`, async () => {
      const claims = { sub: 'user-1', note: '\u{1f511}' }
      const expected = verifyNow(signNow(claims))
      const token = await signLater(claims)
      assert.equal(token.split('.')[1], signNow(claims).split('.')[1])
      assert.deepEqual(verifyNow(token), expected)
      const later = await verifyLater(signNow(claims))
      assert.deepEqual(later.claims, expected)
      assert.equal(later.protectedHeader.alg, alg)
    })

    test(`${alg}: a hundred at once do not get in each other's way, nor in that of others meanwhile`, async () => {
      const subjects = Array.from({ length: 100 }, (_, index) => `user-${index}`)
      const signed = subjects.map((sub) => signLater({ sub }))
      verifyNow(signNow({ sub: 'meanwhile' }))
      const tokens = await Promise.all(signed)
      const [first = ''] = tokens
      const outcomes = tokens.map((token, index) => {
        const forged =
          index % 3 === 0 ? token.slice(0, token.lastIndexOf('.')) + first.slice(first.lastIndexOf('.')) : ''
        verifyNow(signNow({ sub: 'meanwhile' }))
        return verifyLater(forged === '' || index === 0 ? token : forged).then(
          ({ claims }) => claims.sub,
          (error: unknown) => (error instanceof TokenError ? error.code : error),
        )
      })
      verifyNow(signNow({ sub: 'meanwhile' }))
      assert.deepEqual(
        await Promise.all(outcomes),
        subjects.map((sub, index) => (index % 3 === 0 && index > 0 ? 'signature_invalid' : sub)),
      )
    })
  }

  test('every token of the corpus is refused as it is without it', async () => {
    const usual = { keys: [getTestKey('ES256').verification], algorithms: ['ES256'], ...names, now }
    const entries: readonly Entry[] = [HOSTILE_SIGNATURES, HOSTILE_ML_DSA_TOKENS, HOSTILE_FORMS, HOSTILE_CLAIMS].flat()
    for (const { category, name, token, code, options } of entries) {
      const given = Object.entries({ ...usual, ...options, threadPool: true }).filter(
        ([, value]) => value !== undefined,
      )
      const verify = createVerifier(Object.fromEntries(given) as unknown as VerifierOptions)
      await assert.rejects(
        async () => verify(token as string),
        (error) => error instanceof TokenError && error.code === code,
        `${category}: ${name}`,
      )
    }
  })

  test('several keys without a name are tried in turn', async () => {
    const rsa = (): string =>
      generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const pems = [rsa(), rsa(), rsa()]
    const keys = pems.map((pem, index) => importKey(pem, { alg: 'PS256', kid: `key-${index}` }))
    const verify = createVerifier({ keys, algorithms: ['PS256'], ...names, now, threadPool: true })
    const [last = ''] = pems.toReversed()
    const native = createPrivateKey(last)
    const token = forgeToken({ alg: 'PS256' }, CLAIMS, native, 'PS256')
    assert.equal((await verify(token)).sub, CLAIMS.sub)
  })

  test('a resolver is asked first', async () => {
    const { signing, verification } = getTestKey('RS256')
    const token = createSigner({ key: signing, ...names, lifetime: 60 })({ sub: 'user-1' })
    const options = { algorithms: ['RS256'], ...names, threadPool: true } as const
    assert.equal((await createVerifier({ ...options, keys: () => verification })(token)).sub, 'user-1')
    await assert.rejects(createVerifier({ ...options, keys: () => undefined })(token), { code: 'key_not_found' })
  })

  test('what is wrong with the claims or the options is said as without it', async () => {
    const key = getTestKey('RS256').signing
    const sign = createSigner({ key, lifetime: 60, threadPool: true })
    await assert.rejects(sign({ exp: '1' } as never), /^TypeError: claims\.exp: give a number/)
    await assert.rejects(sign(null as never), /^TypeError: claims: give an object/)
    for (const bad of ['true', 1, null]) {
      assert.throws(() => createSigner({ key, lifetime: 60, threadPool: bad as never }), /^ {2}threadPool: give true/m)
      const options = { keys: key, algorithms: ['RS256'], ...names, threadPool: bad as never } as const
      assert.throws(() => createVerifier(options), /^ {2}threadPool: give true or false/m)
    }
  })

  test('a burst of RSA signatures leaves the event loop free', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 4096 })
    const key = importKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), { alg: 'RS256' })
    const sign = createSigner({ key, ...names, lifetime: 60, now, threadPool: true })
    const subjects = Array.from({ length: 40 }, (_, index) => `user-${index}`)
    let isSigning = true
    let turns = 0
    const count = (): void => {
      turns += 1
      if (isSigning) setImmediate(count)
    }
    setImmediate(count)
    const tokens = await Promise.all(subjects.map((sub) => sign({ sub })))
    isSigning = false
    // Signed one after the other on the event loop, they would leave it no turn at all.
    assert.ok(turns > subjects.length, `${turns} turns`)
    const signNow = createSigner({ key, ...names, lifetime: 60, now })
    assert.deepEqual(
      tokens,
      subjects.map((sub) => signNow({ sub })),
    )
  })
})
