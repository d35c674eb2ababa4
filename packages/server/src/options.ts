/** The options of `createAuthorizationServer`; settings.ts checks them and fills in the defaults. */
import type { Algorithm } from '@countersign/token'
import type { AccountProfile, Accounts } from './accounts/accounts.ts'
import type { PasswordHasherOptions } from './accounts/password-hasher.ts'
import type { RateLimitOptions } from './cache/rate-limit.ts'
import type { RedisOptions } from './cache/redis-connection.ts'
import type { Log } from './log.ts'
import type { Session, Store } from './store/store.ts'
import type { Metrics } from './telemetry/metrics.ts'

/** Seconds, or a text such as `10m`, `1h`, `7d`. */
export type Lifetime = number | string

/** What an authorization server is made of (RFC 8414). */
export interface AuthorizationServerOptions {
  /** The issuer identifier (RFC 8414 §2): https, or http on a loopback address; no query, fragment or final slash. */
  readonly issuer: string
  /** Permits an http issuer that is not on a loopback address. @default false */
  readonly allowInsecureHttp?: boolean
  /** Who may take the access tokens; of a list, the first is the default. @default the issuer */
  readonly audience?: string | readonly string[]
  readonly store: Store
  /** 32 bytes, or their base64url text: seals signing keys and peppers. */
  readonly masterKey: string | Uint8Array
  /** The master key of before, which still opens what it has sealed; at a start all of that is sealed with the present one. */
  readonly previousMasterKey?: string | Uint8Array
  /** Your own users table instead of the built-in one. @default accounts in the store */
  readonly accounts?: Accounts
  /** @default 'ES256' */
  readonly signingAlgorithm?: Algorithm
  /** The shared secret of HS256, HS384 or HS512, as UTF-8 text; never published. */
  readonly signingSecret?: string
  /** A second secret that is still accepted while it is being replaced. */
  readonly previousSigningSecret?: string
  /** How long a signing key signs before the next takes over. @default '90d' */
  readonly keyRotationPeriod?: Lifetime
  /**
   * How long a key is published before it signs, at least 2.2 times `jwksMaxAge`, so that every verifier has it. 0 is for development: a
   * key of another `signingAlgorithm` then signs at once. @default '24h'
   */
  readonly keyPublishAhead?: Lifetime
  /** How long the JWK Set may be cached. @default '5m' */
  readonly jwksMaxAge?: Lifetime
  /** 60 s to 1 h. @default '10m' */
  readonly accessTokenLifetime?: Lifetime
  /** How long a session lives without a refresh. @default '7d' */
  readonly sessionIdleLifetime?: Lifetime
  /** How long a server-side session (`mode: "session"`) lives without a request. @default '30m' */
  readonly cookieSessionIdleLifetime?: Lifetime
  /** How long a session lives at most. @default '30d' */
  readonly sessionLifetime?: Lifetime
  /** How many sessions a user may have, 1 to 1000; a sign-in past that ends the one that was seen longest ago. @default 100 */
  readonly maxSessionsPerUser?: number
  /** How long a replaced refresh token is still taken for a retry; above twice `refreshTimeout`. @default 15 */
  readonly refreshLeeway?: Lifetime
  /** How long a client waits for a refresh; later the server changes nothing any more. @default 7 */
  readonly refreshTimeout?: Lifetime
  /** Scopes of every first-party sign-in. @default none */
  readonly defaultScopes?: readonly string[]
  /** The scopes that each role gives. @default none */
  readonly roleScopes?: Readonly<Record<string, readonly string[]>>
  /** Further claims of an access token. Registered names are refused; names of personal data too, unless allowed. */
  readonly accessTokenClaims?: AccessTokenClaims
  /** Names of personal data (OpenID Connect Core §5.1) that access tokens may hold after all. @default none */
  readonly allowPersonalClaims?: readonly string[]
  /** Origins whose scripts may call this server; `localhost` permits any port of localhost and 127.0.0.1. @default none */
  readonly allowedOrigins?: readonly string[] | 'localhost'
  /** How many proxies stand in front, or their networks in CIDR form: whose X-Forwarded-For is believed. @default none */
  readonly trustedProxies?: number | readonly string[]
  /** @default '/api/auth' */
  readonly routePrefix?: string
  readonly passwordHashing?: PasswordHasherOptions
  /** Redis, for what may be lost: rate limits that servers share, and a copy of what is revoked for verifiers that ask there. @default none */
  readonly redis?: RedisOptions
  /** How often what may be tried, such as `{ loginPerAccount: '30/1h' }`. @default those of RateLimitOptions */
  readonly rateLimits?: RateLimitOptions
  /** Lets everyone try passwords for as long as they like: for measurements only. @default false */
  readonly dangerouslyDisableRateLimits?: boolean
  /** Where the server tells what it does. @default JSON lines on stdout, level info */
  readonly log?: Log
  /** Counts and times what happens, for Prometheus: of `createMetrics` in `@countersign/server/metrics`. @default none */
  readonly metrics?: Metrics
  /** Waits for a number of milliseconds; a test passes a clock of its own. */
  readonly sleep?: (milliseconds: number) => Promise<void>
  /** A cryptographic source of random bytes. */
  readonly random?: (length: number) => Uint8Array
}

/** Adds claims of the application's own to an access token, at every login and refresh. */
export type AccessTokenClaims = (
  user: AccountProfile,
  session: Session,
) => Readonly<Record<string, unknown>> | Promise<Readonly<Record<string, unknown>>>
