/** Owns what a signed JWT says by default, and the refusal to sign what no verifier should accept (RFC 7519 §7.1). */
import { findMistypedClaim, type JwtClaims } from './claims.ts'
import { getKeyMaterial, isKey, type Key } from './key.ts'
import { OptionProblems } from './option-problems.ts'
import { parseLifetime } from './parse-lifetime.ts'
import { encodeHeader, encodeStrictJson, signSegments, signSegmentsInPool } from './sign-compact.ts'

/** What `createSigner` is told, without the lifetime. */
interface BaseSignerOptions<ThreadPool extends boolean> {
  /** A private key or a secret; it decides `alg` and `kid`. */
  readonly key: Key
  /**
   * The `iss` of each token.
   * @default none
   */
  readonly issuer?: string
  /**
   * The `aud` of each token.
   * @default none
   */
  readonly audience?: string | readonly string[]
  /**
   * The `typ` of the header, such as `at+jwt` (RFC 8725 §3.11).
   * @default 'JWT'
   */
  readonly typ?: string
  /**
   * Tells the time in epoch seconds.
   * @default the clock of the machine
   */
  readonly now?: () => number
  /**
   * Signs on the thread pool, so that the event loop goes on meanwhile: the result is then a promise. For RSA and ML-DSA,
   * whose signatures take up to 1.5 ms; an HMAC is made at once all the same.
   * @default false
   */
  readonly threadPool?: ThreadPool
}

/** Either the time from `iat` to `exp`, in seconds or such as `10m`, or the waiver of an expiry (RFC 7519 §4.1.4). */
export type LifetimeOption =
  | { readonly lifetime: number | string; readonly dangerouslyAllowNoExpiry?: false }
  | { readonly lifetime?: never; readonly dangerouslyAllowNoExpiry: true }

/** What `createSigner` is told (RFC 7519 §7.1). */
export type SignerOptions<ThreadPool extends boolean = false> = BaseSignerOptions<ThreadPool> & LifetimeOption

const OPTION_NAMES = ['key', 'issuer', 'audience', 'lifetime', 'typ', 'now', 'threadPool', 'dangerouslyAllowNoExpiry']

/**
 * Creates a function that signs claims as a JWT (RFC 7519 §7.1).
 *
 * `iat` is the present second and `exp` is `iat` plus the lifetime, unless the claims say otherwise; claims that are
 * given win over the options. A claim that is `undefined` counts as not given. With `threadPool` the function returns a
 * promise, which is rejected where it would throw.
 *
 * @example
 * const sign = createSigner({ key, issuer, audience, lifetime: '10m' })
 * const token = sign({ sub: 'user-1' })
 * @throws TypeError at once, listing every bad option; the function then throws TypeError for claims of a wrong type
 */
export function createSigner(options: SignerOptions): (claims: JwtClaims) => string
export function createSigner(options: SignerOptions<true>): (claims: JwtClaims) => Promise<string>
export function createSigner(options: SignerOptions<boolean>): (claims: JwtClaims) => string | Promise<string>
export function createSigner(options: SignerOptions<boolean>): (claims: JwtClaims) => string | Promise<string> {
  const lifetime = readSignerOptions(options)
  const { key, issuer, audience, typ = 'JWT', now = () => Date.now() / 1000 } = options
  const header = encodeHeader(key, { typ })
  const aud = typeof audience === 'object' ? [...audience] : audience
  const encodeClaims = (claims: JwtClaims): Uint8Array => {
    if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) {
      throw new TypeError('claims: give an object.')
    }
    // One object, so that the claims are read once; those that stay undefined are not written.
    const all: ClaimsToSign = { iss: issuer, aud, iat: undefined, exp: undefined, ...claims }
    if (all.iss === undefined) all.iss = issuer
    if (all.aud === undefined) all.aud = aud
    const iat = all.iat ?? Math.floor(now())
    if (all.iat === undefined) all.iat = iat
    if (all.exp === undefined && lifetime !== undefined && Number.isFinite(iat)) all.exp = iat + lifetime
    const mistyped = findMistypedClaim(all)
    if (mistyped !== undefined) throw new TypeError(`claims.${mistyped.claim}: give ${mistyped.rule}.`)
    return encodeStrictJson(all, 'claims')
  }
  if (options.threadPool === true) return async (claims) => signSegmentsInPool(header, encodeClaims(claims), key)
  return (claims) => signSegments(header, encodeClaims(claims), key)
}

/** The claims of one token while they are put together. */
type ClaimsToSign = { -readonly [Claim in keyof JwtClaims]: JwtClaims[Claim] | undefined }

/** Checks the options and returns the lifetime in seconds, or undefined where tokens need not expire. */
function readSignerOptions(options: SignerOptions<boolean>): number | undefined {
  if (typeof options !== 'object' || options === null) throw new TypeError('createSigner: give an object of options.')
  const { key, issuer: iss, audience: aud, typ, now, threadPool } = options
  const problems = new OptionProblems('createSigner')
  problems.requireKnown(options, OPTION_NAMES)
  const canSign = isKey(key) && getKeyMaterial(key).signing !== undefined
  const isType = typ === undefined || (typeof typ === 'string' && typ !== '')
  const isClock = now === undefined || typeof now === 'function'
  const fits = (claim: object): boolean => findMistypedClaim({ ...claim }) === undefined
  problems.require(canSign, 'key', 'give a private key or a secret, made by importKey or generateKey')
  problems.require(fits({ iss }), 'issuer', 'give a string, or leave it out')
  problems.require(fits({ aud }), 'audience', 'give a string or an array of strings, or leave it out')
  problems.require(isType, 'typ', 'give a media type such as "at+jwt", or leave it out')
  problems.require(isClock, 'now', 'give a function that returns epoch seconds')
  problems.require(threadPool === undefined || typeof threadPool === 'boolean', 'threadPool', 'give true or false')
  const lifetime = readLifetime(options, problems)
  problems.throwIfAny()
  return lifetime
}

function readLifetime(
  { lifetime, dangerouslyAllowNoExpiry: isWaived }: SignerOptions<boolean>,
  problems: OptionProblems,
): number | undefined {
  if (isWaived === true) {
    problems.require(
      lifetime === undefined,
      'lifetime',
      'leave it out, or leave dangerouslyAllowNoExpiry out: they contradict each other',
    )
    return undefined
  }
  try {
    return parseLifetime(lifetime ?? '')
  } catch {
    problems.add(
      'lifetime',
      'give a whole number of seconds above zero, or such as "10m", "1h"; dangerouslyAllowNoExpiry: true waives it',
    )
    return undefined
  }
}
