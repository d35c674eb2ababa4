/** Owns what a signed JWT says by default, and the refusal to sign what no verifier should accept (RFC 7519 §7.1). */
import { findMistypedClaim, type JwtClaims } from './claims.ts'
import { OptionProblems } from './option-problems.ts'
import { parseLifetime } from './parse-lifetime.ts'

/** What `createSigner` is told, without the lifetime. */
interface BaseSignerOptions<Key> {
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
}

/** Either the time from `iat` to `exp`, in seconds or such as `10m`, or the waiver of an expiry (RFC 7519 §4.1.4). */
export type LifetimeOption =
  | { readonly lifetime: number | string; readonly dangerouslyAllowNoExpiry?: false }
  | { readonly lifetime?: never; readonly dangerouslyAllowNoExpiry: true }

/** What `createSigner` is told (RFC 7519 §7.1). */
export type SignerOptionsOf<Key> = BaseSignerOptions<Key> & LifetimeOption

const OPTION_NAMES = ['key', 'issuer', 'audience', 'lifetime', 'typ', 'now', 'dangerouslyAllowNoExpiry']

/** What every token of a signer says, and the claims of one. */
export interface SignerRules {
  readonly typ: string
  /** Puts the claims of one token together. @throws TypeError for claims of a wrong type */
  readonly complete: (claims: JwtClaims) => object
}

/** The claims of one token while they are put together. */
type ClaimsToSign = { -readonly [Claim in keyof JwtClaims]: JwtClaims[Claim] | undefined }

/**
 * Reads the options of a signer into its rules. `switches` are those that are true or false and that not every library
 * has.
 *
 * @throws TypeError that lists every bad option with its mend
 */
export function readSignerOptions(
  options: SignerOptionsOf<unknown>,
  canSign: (key: unknown) => boolean,
  switches: readonly string[] = [],
): SignerRules {
  const lifetime = checkSignerOptions(options, canSign, switches)
  const { issuer, audience, typ = 'JWT', now = () => Date.now() / 1000 } = options
  const aud = typeof audience === 'object' ? [...audience] : audience
  const complete = (claims: JwtClaims): object => {
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
    return all
  }
  return { typ, complete }
}

/** Checks the options and returns the lifetime in seconds, or undefined where tokens need not expire. */
function checkSignerOptions(
  options: SignerOptionsOf<unknown>,
  canSign: (key: unknown) => boolean,
  switches: readonly string[],
): number | undefined {
  if (typeof options !== 'object' || options === null) throw new TypeError('createSigner: give an object of options.')
  const { key, issuer: iss, audience: aud, typ, now } = options
  const problems = new OptionProblems('createSigner')
  problems.requireKnown(options, [...OPTION_NAMES, ...switches])
  problems.requireSwitches(options, switches)
  const isType = typ === undefined || (typeof typ === 'string' && typ !== '')
  const isClock = now === undefined || typeof now === 'function'
  const fits = (claim: object): boolean => findMistypedClaim({ ...claim }) === undefined
  problems.require(canSign(key), 'key', 'give a private key or a secret, made by importKey or generateKey')
  problems.require(fits({ iss }), 'issuer', 'give a string, or leave it out')
  problems.require(fits({ aud }), 'audience', 'give a string or an array of strings, or leave it out')
  problems.require(isType, 'typ', 'give a media type such as "at+jwt", or leave it out')
  problems.require(isClock, 'now', 'give a function that returns epoch seconds')
  const lifetime = readLifetime(options, problems)
  problems.throwIfAny()
  return lifetime
}

function readLifetime(
  { lifetime, dangerouslyAllowNoExpiry: isWaived }: SignerOptionsOf<unknown>,
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
