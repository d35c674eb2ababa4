/**
 * Access tokens in the RFC 9068 profile: what they say, and the check of our own endpoints.
 *
 * Time comes from the store, in the transition that allowed the token. `iat` is never before the user's not-before, or a login
 * in the second of a revocation would be refused with what it revoked; the answer then waits until the clock is there, because
 * verifiers of other makers accept no token from the future. That is at most one second: the store refuses when its clock is
 * further behind.
 */
import {
  createJwtVerifier,
  createSigner,
  type JwtClaims,
  type Key,
  TokenError,
  type TokenErrorCode,
  type VerifiedJwt,
} from '@countersign/token'
import type { RevocationSnapshot } from '@countersign/token/revocations'
import type { AccountProfile } from '../accounts/accounts.ts'
import { parseScope } from '../oauth/scope.ts'
import type { Settings } from '../settings/settings.ts'
import type { TokenMarks } from '../store/revocation-store.ts'
import type { MintingMoment, Session } from '../store/store.ts'
import { assertClaimNames } from './claim-names.ts'
import type { Keys } from './keys.ts'

/** What a user's token is issued for; times are epoch milliseconds of the store's clock. */
export interface AccessGrant extends Omit<MintingMoment, 'keysVersion'> {
  readonly session: Session
  readonly account: AccountProfile
  readonly audience: string
  readonly scope: readonly string[]
}

/** What a client's own token is issued for (RFC 6749 §4.4). */
export interface ClientGrant extends Omit<MintingMoment, 'keysVersion'> {
  readonly clientId: string
  readonly audience: string
  readonly scope: readonly string[]
}

export interface IssuedAccessToken {
  readonly accessToken: string
  /** Seconds. */
  readonly expiresIn: number
}

/** What an access token that was verified says; nothing was looked up. */
export interface VerifiedAccessToken extends TokenMarks {
  readonly sub: string
  readonly clientId: string
  readonly jti: string
  readonly iat: number
  readonly exp: number
  readonly scope: readonly string[]
  readonly audience: readonly string[]
  /** Epoch seconds; of users' tokens only. */
  readonly authTime: number | undefined
}

/** What our own endpoints need of an access token, or why it was refused (for the log). */
export type Verification =
  | VerifiedAccessToken
  | {
      readonly refusal: string
      readonly isKeyKnown: boolean
      /** Whether this server never made it, as far as can be told. */
      readonly isForged: boolean
    }

const forgedCodes: readonly TokenErrorCode[] = ['token_malformed', 'key_not_found', 'signature_invalid']

/**
 * How many tokens are remembered whose signature held, about 1.5 kB each: one that is introspected or comes with each request is verified
 * once. What can change is looked up each time.
 */
const rememberedTokens = 2000

export interface AccessTokens {
  issue(grant: AccessGrant): Promise<IssuedAccessToken>
  issueToClient(grant: ClientGrant): Promise<IssuedAccessToken>
  verify(token: string): Verification
  /** Signs a snapshot of the revocation feed, for relays that nobody trusts (typ revocations+jwt). */
  signSnapshot(snapshot: RevocationSnapshot): Promise<string>
  /** Signs the answer to an introspection for the client that asked (RFC 9701 §5). */
  signIntrospection(clientId: string, answer: object): Promise<string>
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
  const signersByKey = new Map<Key, Signers>()
  const verifyToken = createJwtVerifier({
    keys: [...keys.verificationKeys],
    algorithms: [...new Set(keys.verificationKeys.map((key) => key.alg))],
    issuer,
    audience: [...new Set([issuer, ...settings.audiences])],
    typ: 'at+jwt',
    requiredClaims: ['sub', 'client_id', 'iat', 'jti'],
    cacheSize: rememberedTokens,
    now: () => now() / 1000,
  })

  function signersAt(moment: number): Signers {
    const key = keys.signingKeyAt(moment)
    const known = signersByKey.get(key) ?? createSigners(key, issuer, accessTokenLifetime)
    signersByKey.set(key, known)
    return known
  }

  async function issue(grant: AccessGrant): Promise<IssuedAccessToken> {
    const { session, account } = grant
    const own = await applicationClaims(settings, account, session)
    const claims = {
      ...own,
      sub: session.userId,
      client_id: session.clientId,
      sid: session.sid,
      scope: grant.scope.join(' '),
      roles: account.roles,
      auth_time: Math.floor(session.authenticatedAt / 1000),
      amr: session.amr,
    }
    return mint(grant, claims, Math.floor(session.absoluteExpiresAt / 1000))
  }

  /** The subject is the client itself, and there is no session (RFC 9068 §2.2). */
  function issueToClient(grant: ClientGrant): Promise<IssuedAccessToken> {
    const { clientId } = grant
    return mint(grant, { sub: clientId, client_id: clientId, scope: grant.scope.join(' ') }, Number.POSITIVE_INFINITY)
  }

  async function mint(
    { audience: aud, now: moment, notBefore }: AccessGrant | ClientGrant,
    claims: JwtClaims,
    latest: number,
  ): Promise<IssuedAccessToken> {
    const iat = Math.max(Math.floor(moment / 1000), notBefore / 1000)
    const exp = Math.max(iat + 1, Math.min(iat + accessTokenLifetime, latest))
    const { sign } = signersAt(moment)
    const accessToken = await sign({ ...claims, aud, iat, exp, jti: Buffer.from(random(16)).toString('base64url') })
    const early = iat * 1000 - moment
    if (early > 0) await sleep(early)
    return { accessToken, expiresIn: exp - iat }
  }

  function verify(token: string): Verification {
    try {
      const verified = verifyToken(token)
      const { alg, kid } = verified.protectedHeader
      // Each of ours names its key; one that does not may be signed with a revoked one. A secret is revoked by taking it away.
      if (kid === undefined && !alg.startsWith('HS'))
        return { refusal: 'it names no key (kid)', isKeyKnown: true, isForged: false }
      return readVerified(verified)
    } catch (error) {
      if (!(error instanceof TokenError)) throw error
      return {
        refusal: `${error.code}: ${error.message}`,
        isKeyKnown: error.code !== 'key_not_found',
        isForged: forgedCodes.includes(error.code),
      }
    }
  }

  function assertCarried(claims: Readonly<Record<string, unknown>>): void {
    const iat = Math.floor(now() / 1000)
    const names = { sub: 'probe', client_id: 'probe', sid: 'probe', jti: 'probe' }
    const probe = verify(signersAt(now()).signNow({ ...claims, ...names, aud: issuer, iat }))
    if ('refusal' in probe) throw new TypeError(`no verifier would accept a token with these claims: ${probe.refusal}`)
  }

  const signSnapshot = (snapshot: RevocationSnapshot) =>
    signersAt(now()).signFeed({ iat: Math.floor(now() / 1000), snapshot })
  const signIntrospection = (aud: string, answer: object) =>
    signersAt(now()).signAnswer({ aud, iat: Math.floor(now() / 1000), token_introspection: answer })

  return { issue, issueToClient, verify, assertCarried, signSnapshot, signIntrospection }
}

/** What signs with one key. */
interface Signers {
  readonly sign: (claims: JwtClaims) => string | Promise<string>
  readonly signNow: (claims: JwtClaims) => string
  readonly signFeed: (claims: JwtClaims) => Promise<string>
  readonly signAnswer: (claims: JwtClaims) => Promise<string>
}

function createSigners(key: Key, issuer: string, lifetime: number): Signers {
  const token = { key, issuer, lifetime, typ: 'at+jwt' }
  /** As old as the feed lags at most; a relay that holds it back longer is found out. */
  const minute = { key, issuer, lifetime: 60, threadPool: true as const }
  return {
    // An RSA signature takes up to 1.5 ms, in which a login storm would hold all other requests; the others take less than the way there.
    sign: createSigner({ ...token, threadPool: /^[RP]S/.test(key.alg) }),
    signNow: createSigner(token),
    signFeed: createSigner({ ...minute, typ: 'revocations+jwt' }),
    signAnswer: createSigner({ ...minute, typ: 'token-introspection+jwt' }),
  }
}

function readVerified({ claims, protectedHeader: { kid } }: VerifiedJwt): VerifiedAccessToken {
  const {
    sid,
    sub = '',
    client_id: clientId = '',
    jti = '',
    iat = 0,
    exp = 0,
    scope = '',
    aud,
    auth_time: authTime,
  } = claims
  return {
    ...{ sub, clientId, jti, iat, exp, kid },
    sid: typeof sid === 'string' ? sid : undefined,
    scope: parseScope(scope) ?? [],
    audience: typeof aud === 'string' ? [aud] : (aud ?? []),
    authTime: typeof authTime === 'number' ? authTime : undefined,
  }
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
