/**
 * Access tokens in the RFC 9068 profile: what they say, and the check of our own endpoints.
 *
 * Time comes from the store, in the transition that allowed the token. `iat` is never before the user's not-before, or a login
 * in the second of a revocation would be refused with what it revoked; the answer then waits until the clock is there, because
 * verifiers of other makers accept no token from the future. That is at most one second: the store refuses when its clock is
 * further behind.
 */
import { createSigner, createVerifier, TokenError } from '@countersign/token'
import type { AccountProfile } from '../accounts/accounts.ts'
import type { Settings } from '../settings.ts'
import type { Session } from '../store/store.ts'
import { assertClaimNames } from './claim-names.ts'
import type { Keys } from './keys.ts'

/** What a token is issued for; times are epoch milliseconds of the store's clock. */
export interface AccessGrant {
  readonly session: Session
  readonly account: AccountProfile
  readonly audience: string
  readonly scope: readonly string[]
  readonly now: number
  readonly notBefore: number
}

export interface IssuedAccessToken {
  readonly accessToken: string
  /** Seconds. */
  readonly expiresIn: number
}

/** What our own endpoints need of an access token, or why it was refused (for the log). */
export type Verification = { readonly sid: string; readonly sub: string } | { readonly refusal: string }

export interface AccessTokens {
  issue(grant: AccessGrant): Promise<IssuedAccessToken>
  verify(token: string): Verification
  /** Makes sure that a token with these claims can be signed and is accepted. @throws TypeError */
  assertCarried(claims: Readonly<Record<string, unknown>>): void
}

interface AccessTokenParts {
  readonly settings: Settings
  readonly keys: Keys
  readonly random: (length: number) => Uint8Array
  readonly sleep: (milliseconds: number) => Promise<void>
  readonly now: () => number
}

export function createAccessTokens({ settings, keys, random, sleep, now }: AccessTokenParts): AccessTokens {
  const { issuer, accessTokenLifetime } = settings
  const signing = { key: keys.signingKey, issuer, lifetime: accessTokenLifetime, typ: 'at+jwt' }
  const signNow = createSigner(signing)
  // An RSA signature takes up to 1.5 ms, in which a login storm would hold all other requests; the others take less than the way there.
  const sign = createSigner({ ...signing, threadPool: /^[RP]S/.test(keys.signingKey.alg) })
  const verifyToken = createVerifier({
    keys: [...keys.verificationKeys],
    algorithms: [...new Set(keys.verificationKeys.map((key) => key.alg))],
    issuer,
    audience: [...new Set([issuer, ...settings.audiences])],
    typ: 'at+jwt',
    requiredClaims: ['sub', 'iat', 'jti', 'sid'],
    now: () => now() / 1000,
  })

  async function issue(grant: AccessGrant): Promise<IssuedAccessToken> {
    const { session, account } = grant
    const own = await applicationClaims(settings, account, session)
    const iat = Math.max(Math.floor(grant.now / 1000), grant.notBefore / 1000)
    const exp = Math.max(iat + 1, Math.min(iat + accessTokenLifetime, Math.floor(session.absoluteExpiresAt / 1000)))
    const accessToken = await sign({
      ...own,
      aud: grant.audience,
      sub: session.userId,
      client_id: session.clientId,
      iat,
      exp,
      jti: Buffer.from(random(16)).toString('base64url'),
      sid: session.sid,
      scope: grant.scope.join(' '),
      roles: account.roles,
      auth_time: Math.floor(session.authenticatedAt / 1000),
      amr: session.amr,
    })
    const early = iat * 1000 - grant.now
    if (early > 0) await sleep(early)
    return { accessToken, expiresIn: exp - iat }
  }

  function verify(token: string): Verification {
    try {
      const { sid, sub } = verifyToken(token)
      return { sid: String(sid), sub: String(sub) }
    } catch (error) {
      if (error instanceof TokenError) return { refusal: `${error.code}: ${error.message}` }
      throw error
    }
  }

  function assertCarried(claims: Readonly<Record<string, unknown>>): void {
    const iat = Math.floor(now() / 1000)
    const probe = verify(signNow({ ...claims, aud: issuer, sub: 'probe', sid: 'probe', jti: 'probe', iat }))
    if ('refusal' in probe) throw new TypeError(`no verifier would accept a token with these claims: ${probe.refusal}`)
  }

  return { issue, verify, assertCarried }
}

async function applicationClaims(
  settings: Settings,
  account: AccountProfile,
  session: Session,
): Promise<Record<string, unknown>> {
  const added = settings.accessTokenClaims ? await settings.accessTokenClaims(account, session) : {}
  const claims = { ...account.claims, ...added }
  assertClaimNames(claims, settings.allowPersonalClaims)
  return claims
}
