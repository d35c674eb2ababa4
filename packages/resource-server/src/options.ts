/** Owns the options of a protection: what each is for and its default. `settings.ts` checks them. */
import type { Algorithm, ClaimsSchema, LocalKeys } from '#token'
import type { AccessTokenClaims } from './auth.ts'
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'
import type { Requirements } from './requirements.ts'
import type { FeedCredentials } from './revocation/feed-client.ts'
import type { RevocationPolicy } from './revocation/revocation-policy.ts'

/** What is accepted of one issuer. */
export interface IssuerOptions {
  /** The `iss` of the access tokens, to the letter (RFC 9207 §2.4). */
  readonly issuer: string
  /**
   * The `aud` that the tokens must name, or several of which one is enough.
   * @default the audience of the protection
   */
  readonly audience?: string | readonly string[] | undefined
  /**
   * The algorithms that are accepted (RFC 8725 §3.1).
   * @default every asymmetric one; each key verifies the one that it is for
   */
  readonly algorithms?: readonly Algorithm[] | undefined
  /**
   * Where the JWK Set is.
   * @default what the metadata of the issuer say (RFC 8414, OpenID Connect Discovery)
   */
  readonly jwksUri?: string | undefined
  /** Keys at hand, instead of those of a JWK Set that is fetched. */
  readonly keys?: LocalKeys | undefined
  /** A secret that is shared with the issuer, as text or bytes, for HS256, HS384 or HS512; `algorithms` says which. */
  readonly secret?: string | Uint8Array | undefined
  /**
   * The `typ` of the tokens' header. Say `JWT` for an issuer that does not mark its access tokens.
   * @default 'at+jwt' (RFC 9068 §2.1)
   */
  readonly typ?: string | undefined
  /**
   * Accepts tokens of any type, and so ID tokens that happen to have your audience.
   * @default false
   */
  readonly dangerouslyAllowAnyType?: boolean | undefined
  /**
   * Accepts tokens for any audience, and so those that other services of the issuer were sent.
   * @default false
   */
  readonly dangerouslyAllowAnyAudience?: boolean | undefined
  /**
   * Who this API is to the issuer, so that it is told what is revoked: a client with the scope revocations:read, and tokens:introspect
   * for when the feed is away.
   * @default no feed: a token is good until it expires
   */
  readonly feed?: FeedCredentials | undefined
}

/** Where access tokens may stand besides the header. */
export interface CookieOptions {
  /** The origins of the pages that may send requests with cookies, such as `https://app.example.com`. */
  readonly origins: readonly string[]
}

/** What every protection may be told, whoever the issuer is. */
export interface CommonOptions<Claims = AccessTokenClaims> extends Requirements {
  /**
   * Lets requests without an access token through; one that is there is checked all the same.
   * @default false
   */
  readonly optional?: boolean | undefined
  /**
   * Claims that must be present, and not null.
   * @default sub, client_id, iat and jti for `at+jwt` (RFC 9068 §2.2), else none
   */
  readonly requiredClaims?: readonly string[] | undefined
  /**
   * Seconds that clocks may differ by, 0 to 300.
   * @default 5
   */
  readonly clockTolerance?: number | undefined
  /**
   * The longest time since `iat`: seconds, or such as `10m`.
   * @default no limit
   */
  readonly maxTokenAge?: number | string | undefined
  /**
   * The longest token that is looked at, in characters.
   * @default 8192
   */
  readonly maxTokenLength?: number | undefined
  /** A Standard Schema, such as those of zod and valibot: what it returns are the claims, and their type follows. */
  readonly schema?: ClaimsSchema<Claims> | undefined
  /** Looks at the claims after everything else; `false` refuses the token. */
  readonly claimCheck?: ((claims: Claims) => boolean) | undefined
  /**
   * Accepts access tokens in cookies too, from the pages of these origins.
   * @default the header only
   */
  readonly cookie?: CookieOptions | undefined
  /**
   * How much is relied on the revocation feed: `strict`, `bounded` (what is known may be 30 s old) or `lenient`.
   * @default 'bounded' where there is a feed, 'off' where there is none
   */
  readonly revocation?: RevocationPolicy | undefined
  /**
   * The identifier of this resource, an https URL; challenges then name its metadata (RFC 9728 §5.1).
   * @default none
   */
  readonly resource?: string | undefined
  /**
   * How many verified tokens are remembered, so that their signature is not checked again. 0 turns it off.
   * @default 2000
   */
  readonly cacheSize?: number | undefined
  /**
   * How long the keys at hand go on being used while the issuer cannot be reached: seconds, or such as `24h`.
   * @default '24h'
   */
  readonly outageTolerance?: number | string | undefined
  /**
   * Accepts issuers and JWK Sets over http on other machines; whoever is on the way can then make tokens.
   * @default false
   */
  readonly allowInsecureHttp?: boolean | undefined
  /**
   * Sends the requests for metadata and keys.
   * @default globalThis.fetch
   */
  readonly fetch?: typeof globalThis.fetch | undefined
  /**
   * Takes what was expected and what came of each refused token, and troubles with keys.
   * @default console
   */
  readonly log?: Log | undefined
  /**
   * Tells the time.
   * @default the clock of the machine
   */
  readonly clock?: Clock | undefined
}

/** One issuer, or several with `issuers`. */
export type IssuerChoice =
  | (IssuerOptions & { readonly issuers?: undefined })
  | (Pick<
      IssuerOptions,
      'audience' | 'algorithms' | 'typ' | 'dangerouslyAllowAnyType' | 'dangerouslyAllowAnyAudience'
    > & {
      readonly issuer?: undefined
      /** The issuers that are accepted; what one does not say is taken from the options around. */
      readonly issuers: readonly IssuerOptions[]
    })

/** What `createProtection` and every `protect` are told. */
export type ProtectionOptions<Claims = AccessTokenClaims> = CommonOptions<Claims> & IssuerChoice
