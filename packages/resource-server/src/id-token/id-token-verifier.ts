/**
 * Owns the check of ID tokens, those of any OpenID provider: what a client must check before it believes who signed in (OpenID
 * Connect Core 1.0 §3.1.3.7). An ID token says who the user is to this client; it opens no API, and an access token is none.
 */
import { type Algorithm, type JwtClaims, type LocalKeys, TokenError, tokenHash } from '#token'
import { type Clock, systemClock } from '../clock.ts'
import { IssuerPolicy } from '../issuer-policy.ts'
import type { VerifiedToken } from '../issuer-settings.ts'
import { type Log, limitLog } from '../log.ts'
import { readSettings } from '../settings.ts'

/** What `createIdTokenVerifier` is told. */
export interface IdTokenVerifierOptions {
  /** The issuer of the provider, to the letter, such as `https://accounts.google.com`. */
  readonly issuer: string
  /** The `client_id` that the provider gave this client. */
  readonly clientId: string
  /**
   * The algorithms that are accepted.
   * @default every asymmetric one; each key verifies the one that it is for
   */
  readonly algorithms?: readonly Algorithm[] | undefined
  /**
   * Where the JWK Set is.
   * @default what the metadata of the provider say (OpenID Connect Discovery 1.0 §4)
   */
  readonly jwksUri?: string | undefined
  /** Keys at hand, instead of those of a JWK Set that is fetched. */
  readonly keys?: LocalKeys | undefined
  /**
   * Seconds that clocks may differ by, 0 to 300.
   * @default 5
   */
  readonly clockTolerance?: number | undefined
  /**
   * The longest time since `iat`: seconds, or such as `10m`.
   * @default '10m'
   */
  readonly maxTokenAge?: number | string | undefined
  /** @default '24h' */
  readonly outageTolerance?: number | string | undefined
  /** @default false */
  readonly allowInsecureHttp?: boolean | undefined
  /** @default globalThis.fetch */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** @default console */
  readonly log?: Log | undefined
  /** @default the clock of the machine */
  readonly clock?: Clock | undefined
}

/** What is known of the sign-in that an ID token is the answer to. */
export interface ExpectedSignIn {
  /** The nonce of the authentication request; `null` where it had none, which leaves replays to `state` and PKCE. */
  readonly nonce: string | null
  /**
   * The access token that came with the ID token; its hash is then checked if the ID token has one (§3.1.3.8).
   * @default not checked
   */
  readonly accessToken?: string | undefined
  /**
   * The longest time since the user signed in, in seconds: the `max_age` of the request.
   * @default no limit
   */
  readonly maxAuthAge?: number | undefined
  /**
   * The classes that were asked for, of which `acr` must be one.
   * @default any, or none
   */
  readonly acrValues?: readonly string[] | undefined
}

/** The claims of an ID token that was accepted (OpenID Connect Core 1.0 §2). */
export interface IdTokenClaims extends JwtClaims {
  readonly iss: string
  readonly sub: string
  readonly aud: string | readonly string[]
  readonly exp: number
  readonly iat: number
  readonly nonce?: string
  readonly azp?: string
  readonly auth_time?: number
  readonly acr?: string
  readonly amr?: readonly string[]
}

/** Verifies ID tokens. @throws TokenError with any of its codes, and AccessError keys_unavailable */
export type IdTokenVerifier = (idToken: string, expected: ExpectedSignIn) => Promise<IdTokenClaims>

/**
 * Creates a function that verifies ID tokens (OpenID Connect Core 1.0 §3.1.3.7).
 *
 * @example
 * const verifyIdToken = createIdTokenVerifier({ issuer: 'https://accounts.google.com', clientId })
 * const { sub, email } = await verifyIdToken(tokens.id_token, { nonce, accessToken: tokens.access_token })
 * @throws TypeError that lists every bad option with its mend
 */
export function createIdTokenVerifier(options: IdTokenVerifierOptions): IdTokenVerifier {
  const { clientId, maxTokenAge = '10m', log = console, clock = systemClock, ...others } = options
  if (typeof clientId !== 'string' || clientId === '')
    throw new TypeError('createIdTokenVerifier: clientId: give the client_id that the provider gave you.')
  const settings = readSettings({
    ...{ ...others, maxTokenAge, clock, audience: clientId, cacheSize: 0 },
    ...{ requiredClaims: ['sub', 'iat'], dangerouslyAllowAnyType: true },
  })
  const [issuer] = settings.issuers
  if (issuer === undefined) throw new TypeError('createIdTokenVerifier: issuer: name one.')
  const limited = limitLog(log, () => clock.monotonic())
  const policy = new IssuerPolicy(issuer, { ...others, ...settings, clock, log: limited })

  return async (idToken, expected) => {
    const verified = await policy.verify(idToken)
    const claims = verified.claims as IdTokenClaims
    checkType(verified)
    checkAuthorizedParty(claims, clientId)
    checkNonce(claims, expected.nonce)
    await checkAccessTokenHash(verified, expected.accessToken)
    checkAuthentication(claims, expected, clock.now())
    return claims
  }
}

/** Says no to access tokens, logout tokens and whatever else has a type of its own (RFC 8725 §3.11). */
function checkType({ protectedHeader: { typ } }: VerifiedToken): void {
  if (typ !== undefined && !/^(application\/)?jwt$/i.test(typ))
    throw new TokenError('type_mismatch', 'The token is of another type (typ) than an ID token.', {
      claim: 'typ',
      expected: 'JWT',
      received: typ,
    })
}

/** Several audiences are only for us if we are the one that asked (§3.1.3.7 items 3 to 5). */
function checkAuthorizedParty({ aud, azp }: IdTokenClaims, clientId: string): void {
  const isShared = typeof aud !== 'string' && aud.length > 1
  if (azp === clientId || (azp === undefined && !isShared)) return
  throw new TokenError('audience_mismatch', 'The authorized party (azp) of the ID token is not this client.', {
    claim: 'aud',
    expected: [clientId],
    received: azp ?? aud,
  })
}

function checkNonce({ nonce }: IdTokenClaims, expected: string | null): void {
  if (expected !== null && (typeof expected !== 'string' || expected === ''))
    throw new TypeError('nonce: give the nonce of the authentication request, or null if it had none.')
  if ((nonce ?? null) !== expected)
    throw new TokenError('claim_invalid', 'The nonce of the ID token is not that of the request.', { claim: 'nonce' })
}

async function checkAccessTokenHash(verified: VerifiedToken, accessToken: string | undefined): Promise<void> {
  const { at_hash: hash } = verified.claims as { at_hash?: unknown }
  if (accessToken === undefined || hash === undefined) return
  if (hash !== (await tokenHash(verified.protectedHeader.alg, accessToken)))
    throw new TokenError('claim_invalid', 'The hash (at_hash) in the ID token is that of another access token.', {
      claim: 'at_hash',
    })
}

function checkAuthentication(claims: IdTokenClaims, { maxAuthAge, acrValues }: ExpectedSignIn, now: number): void {
  const { auth_time: authTime, acr } = claims as { auth_time?: unknown; acr?: unknown }
  if (maxAuthAge !== undefined && !(typeof authTime === 'number' && now - authTime <= maxAuthAge))
    throw new TokenError('claim_invalid', 'The user signed in longer ago than was asked for.', { claim: 'auth_time' })
  if (acrValues !== undefined && !acrValues.some((value) => value === acr))
    throw new TokenError('claim_invalid', 'The user signed in by another class (acr) than was asked for.', {
      claim: 'acr',
    })
}
