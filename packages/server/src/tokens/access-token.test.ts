import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { type Algorithm, exportJwkSet, generateKey, type Key } from '@countersign/token'
import { resolveOptions } from '../settings/settings.ts'
import type { Store } from '../store/store.ts'
import { type AccessGrant, type AccessTokens, createAccessTokens } from './access-token.ts'

const NOW = 1_800_000_000_000
const issuer = 'https://auth.example.com'

function startWith(signingKey: Key): AccessTokens {
  return createAccessTokens({
    settings: resolveOptions({ issuer, masterKey: new Uint8Array(32), store: {} as Store }),
    keys: {
      signingKeyAt: () => signingKey,
      verificationKeys: [signingKey],
      jwkSet: exportJwkSet([signingKey]),
      peppers: { current: 1, byId: new Map() },
      staleAt: Number.POSITIVE_INFINITY,
      isComplete: true,
    },
    random: (length) => randomBytes(length),
    sleep: async () => {},
    now: () => NOW,
  })
}

function grantFor(sub: string): AccessGrant {
  return {
    session: {
      sid: `ses_${sub}`,
      userId: sub,
      clientId: 'first-party',
      mode: 'bearer',
      scope: null,
      audience: null,
      amr: ['pwd'],
      userAgent: null,
      ip: null,
      createdAt: NOW,
      lastSeenAt: NOW,
      authenticatedAt: NOW,
      idleExpiresAt: NOW + 86_400_000,
      absoluteExpiresAt: NOW + 86_400_000,
    },
    account: { id: sub, email: `${sub}@example.com`, emailVerified: true, roles: ['user'], createdAt: NOW / 1000 },
    audience: issuer,
    scope: ['profile'],
    now: NOW,
    notBefore: 0,
  }
}

/** Issues many tokens at once and counts the turns that the event loop has until the last of them is there. */
async function issueMany(tokens: AccessTokens, subjects: readonly string[]): Promise<number> {
  let turns = 0
  let isBusy = true
  const count = (): void => {
    turns += 1
    if (isBusy) setImmediate(count)
  }
  setImmediate(count)
  const issued = await Promise.all(subjects.map((sub) => tokens.issue(grantFor(sub))))
  isBusy = false
  for (const [index, { accessToken, expiresIn }] of issued.entries()) {
    const sub = subjects[index]
    assert.partialDeepStrictEqual(tokens.verify(accessToken), { sid: `ses_${sub}`, sub })
    assert.equal(expiresIn, 600)
  }
  return turns
}

const subjects = Array.from({ length: 50 }, (_, index) => `usr_${index}`)

for (const alg of ['RS256', 'PS512'] as const satisfies readonly Algorithm[]) {
  test(`${alg} tokens are signed on the thread pool: a storm of logins leaves the event loop its turns`, async () => {
    const turns = await issueMany(startWith(await generateKey(alg)), subjects)
    assert.ok(turns > 10, `${turns} turns`)
  })
}

for (const alg of ['ES256', 'EdDSA'] as const satisfies readonly Algorithm[]) {
  test(`${alg} tokens are signed at once, since that takes less than the way to another thread`, async () => {
    assert.equal(await issueMany(startWith(await generateKey(alg)), subjects), 0)
  })
}

test('claims that no verifier would accept are refused at once, whatever the key', async () => {
  for (const alg of ['RS256', 'ES256'] as const satisfies readonly Algorithm[]) {
    const tokens = startWith(await generateKey(alg))
    tokens.assertCarried({ tenant: 'acme' })
    assert.throws(() => tokens.assertCarried({ note: 'a'.repeat(9000) }), /^TypeError: no verifier would accept/)
  }
})
