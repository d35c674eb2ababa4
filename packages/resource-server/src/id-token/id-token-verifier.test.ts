import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { createSigner, generateKey, type JwtClaims, type Key, tokenHash } from '@countersign/token'
import { FakeIssuer, issuer, openidUri } from '../test/fake-issuer.ts'
import { ManualClock } from '../test/manual-clock.ts'
import { createIdTokenVerifier, type ExpectedSignIn, type IdTokenVerifierOptions } from './id-token-verifier.ts'

const clientId = 'client-1'
const nonce = 'n-0S6_WzA2Mj'

describe('an ID token (OpenID Connect Core 1.0 §3.1.3.7)', () => {
  const clock = new ManualClock()
  const now = clock.now()
  let key: Key

  before(async () => {
    key = await generateKey('RS256')
  })

  function sign(claims: Record<string, unknown> = {}, typ = 'JWT'): string {
    const signer = createSigner({ key, issuer, audience: clientId, lifetime: '5m', typ, now: () => now })
    return signer({ sub: 'user-1', nonce, ...claims } as JwtClaims)
  }

  async function verify(
    idToken: string,
    expected: Partial<ExpectedSignIn> = {},
    options: Partial<IdTokenVerifierOptions> = {},
  ): Promise<string> {
    const verifyIdToken = createIdTokenVerifier({ issuer, clientId, keys: key, clock, ...options })
    try {
      return (await verifyIdToken(idToken, { nonce, ...expected })).sub
    } catch (error) {
      const { code, claim } = error as { code?: string; claim?: string }
      return `${code} ${claim ?? ''}`.trim()
    }
  }

  test('is accepted from the issuer, for this client, with the nonce of the request', async () => {
    assert.equal(await verify(sign()), 'user-1')
  })

  test('is verified with the keys of the provider', async () => {
    const network = new FakeIssuer(clock)
    network.keys = [key]
    network.answers.set(openidUri, () => Response.json({ issuer, jwks_uri: `${issuer}/jwks.json` }))
    const verifyIdToken = createIdTokenVerifier({ issuer, clientId, clock, fetch: network.fetch })
    assert.equal((await verifyIdToken(sign(), { nonce })).sub, 'user-1')
  })

  const refused: [string, Record<string, unknown>, string][] = [
    ['of another issuer', { iss: `${issuer}/` }, 'issuer_mismatch iss'],
    ['for another client', { aud: 'client-2' }, 'audience_mismatch aud'],
    ['for several clients without saying which asked', { aud: [clientId, 'client-2'] }, 'audience_mismatch aud'],
    ['that another client asked for', { aud: [clientId, 'client-2'], azp: 'client-2' }, 'audience_mismatch aud'],
    ['with an azp that is not this client', { azp: 'client-2' }, 'audience_mismatch aud'],
    ['that has expired', { iat: 1000, exp: 2000 }, 'token_expired exp'],
    ['that was issued long ago', { iat: now - 700, exp: now + 300 }, 'token_too_old iat'],
    ['without a subject', { sub: undefined }, 'claim_missing sub'],
    ['with another nonce', { nonce: 'other' }, 'claim_invalid nonce'],
    ['without a nonce', { nonce: null }, 'claim_invalid nonce'],
  ]
  for (const [what, claims, reason] of refused) {
    test(`is refused if it is one ${what}`, async () => {
      assert.equal(await verify(sign(claims)), reason)
    })
  }

  test('with several audiences is accepted if this client asked for it', async () => {
    assert.equal(await verify(sign({ aud: [clientId, 'client-2'], azp: clientId })), 'user-1')
  })

  test('is no access token and no logout token: those have a type of their own (RFC 8725 §3.11)', async () => {
    for (const typ of ['at+jwt', 'logout+jwt', 'dpop+jwt'])
      assert.equal(await verify(sign({}, typ)), 'type_mismatch typ')
  })

  test('that answers a request without a nonce has none', async () => {
    assert.equal(await verify(sign({ nonce: undefined }), { nonce: null }), 'user-1')
    assert.equal(await verify(sign(), { nonce: null }), 'claim_invalid nonce')
    await assert.rejects(
      createIdTokenVerifier({ issuer, clientId, keys: key, clock })(sign(), { nonce: '' }),
      TypeError,
    )
  })

  test('names the access token that came with it (§3.1.3.8)', async () => {
    const accessToken = 'jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y'
    const token = sign({ at_hash: tokenHash('RS256', accessToken) })
    assert.equal(await verify(token, { accessToken }), 'user-1')
    assert.equal(await verify(token, { accessToken: 'another' }), 'claim_invalid at_hash')
    assert.equal(await verify(sign(), { accessToken }), 'user-1')
  })

  test('shows when and how the user signed in, if that was asked for (§3.1.3.7 items 12 and 13)', async () => {
    const token = sign({ auth_time: now - 100, acr: 'strong' })
    assert.equal(await verify(token, { maxAuthAge: 100, acrValues: ['strong'] }), 'user-1')
    assert.equal(await verify(token, { maxAuthAge: 99 }), 'claim_invalid auth_time')
    assert.equal(await verify(sign(), { maxAuthAge: 99 }), 'claim_invalid auth_time')
    assert.equal(await verify(token, { acrValues: ['stronger'] }), 'claim_invalid acr')
  })

  test('signed by someone else is refused', async () => {
    const stranger = await generateKey('RS256', { kid: key.kid as string })
    const signer = createSigner({ key: stranger, issuer, audience: clientId, lifetime: '5m', now: () => now })
    assert.equal(await verify(signer({ sub: 'user-1', nonce })), 'signature_invalid')
  })

  test('needs a client and an issuer to be verified', () => {
    assert.throws(() => createIdTokenVerifier({ issuer, clientId: '' }), /clientId: give the client_id/)
    assert.throws(
      () => createIdTokenVerifier({ issuer: 'http://issuer.example', clientId }),
      /issuer: give the https URL/,
    )
  })
})
