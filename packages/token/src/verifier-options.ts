/**
 * Owns the options of a verifier: which are required, which may be waived and by what name, and the rules that come out
 * of them.
 */
import { ALGORITHMS, type Algorithm, isAlgorithm } from './algorithm.ts'
import type { ClaimRules } from './check-claims.ts'
import { type ClaimsSchema, isClaimsSchema } from './claims-schema.ts'
import { type CompactJwsRules, DEFAULT_MAX_TOKEN_LENGTH } from './compact-jws.ts'
import { OptionProblems } from './option-problems.ts'
import { parseLifetime } from './parse-lifetime.ts'

/** What `createVerifier` is told, without the three checks that must be named or waived. */
interface BaseVerifierOptions<Keys> {
  /** A key, several, a JWK Set, or a function that finds them. A private key verifies with its public half. */
  readonly keys: Keys
  /** The algorithms that are accepted (RFC 8725 §3.1). */
  readonly algorithms: readonly Algorithm[]
  /**
   * The type that the header must state, such as `at+jwt` (RFC 8725 §3.11).
   * @default any type, or none
   */
  readonly typ?: string
  /**
   * Claims that must be present, and not null.
   * @default []
   */
  readonly requiredClaims?: readonly string[]
  /**
   * Seconds that clocks may differ by, 0 to 300.
   * @default 5
   */
  readonly clockTolerance?: number
  /**
   * The longest time since `iat`, which is then required: seconds, or such as `10m`.
   * @default no limit
   */
  readonly maxTokenAge?: number | string
  /**
   * The longest time from `iat` to `exp`, which are then required: seconds, or such as `1h`.
   * @default no limit
   */
  readonly maxLifetime?: number | string
  /**
   * The longest token that is looked at, in characters.
   * @default 8192
   */
  readonly maxTokenLength?: number
  /**
   * How many tokens are remembered after they were verified, at most 1,000,000; an odd number counts as one more. A token
   * that comes again is not parsed and its signature not checked again, but every check on time is made. Such a verifier
   * returns the same object for the same token, frozen at any depth. Only with keys at hand: what a function finds may
   * change unseen.
   * @default 0
   */
  readonly cacheSize?: number
  /**
   * Tells the time in epoch seconds.
   * @default the clock of the machine
   */
  readonly now?: () => number
}

/** Either the issuer that is accepted, or several, or the waiver of that check (RFC 7519 §4.1.1). */
export type IssuerOption =
  | { readonly issuer: string | readonly string[]; readonly dangerouslyAllowAnyIssuer?: false }
  | { readonly issuer?: never; readonly dangerouslyAllowAnyIssuer: true }

/**
 * Either the audience that the token must be for, or several of which one is enough, or the waiver of that check (RFC
 * 7519 §4.1.3).
 */
export type AudienceOption =
  | { readonly audience: string | readonly string[]; readonly dangerouslyAllowAnyAudience?: false }
  | { readonly audience?: never; readonly dangerouslyAllowAnyAudience: true }

/** The waiver of a present `exp`; an `exp` that is there is checked all the same (RFC 7519 §4.1.4). */
export interface ExpiryOption {
  /** @default false */
  readonly dangerouslyAllowNoExpiry?: boolean
}

/** The application's own check on the claims, after all others. */
export interface SchemaOption<Claims> {
  /**
   * A Standard Schema, such as those of zod and valibot: what it returns is returned, and its type follows.
   * @default the claims as they are
   */
  readonly schema?: ClaimsSchema<Claims>
}

/** What `createVerifier` is told (RFC 7519 §7.2). */
export type VerifierOptionsOf<Keys, Claims> = BaseVerifierOptions<Keys> &
  IssuerOption &
  AudienceOption &
  ExpiryOption &
  SchemaOption<Claims>

/** The rules of one verifier, checked and with every default filled in. */
export interface VerifierRules<Keys> extends CompactJwsRules, ClaimRules {
  readonly keys: Keys
  readonly typ: string | undefined
  readonly cacheSize: number
  readonly schema: ClaimsSchema<unknown> | undefined
  readonly now: () => number
}

const OPTION_NAMES: readonly string[] = (
  'keys algorithms issuer audience typ requiredClaims clockTolerance maxTokenAge maxLifetime maxTokenLength ' +
  'cacheSize schema now ' +
  'dangerouslyAllowAnyIssuer dangerouslyAllowAnyAudience dangerouslyAllowNoExpiry'
).split(' ')

const WAIVERS = ['dangerouslyAllowAnyIssuer', 'dangerouslyAllowAnyAudience', 'dangerouslyAllowNoExpiry'] as const

const systemClock = (): number => Date.now() / 1000

/** Reads the keys that were given as an option, and adds what is wrong with them. */
export type KeysReader<Keys> = (keys: unknown, algorithms: readonly Algorithm[], problems: OptionProblems) => Keys

/**
 * Reads the options of a verifier into its rules. `switches` are those that are true or false and that not every library
 * has.
 *
 * @throws TypeError that lists every bad option with its mend
 */
export function readVerifierOptions<Keys>(
  options: VerifierOptionsOf<unknown, unknown>,
  caller: string,
  readKeys: KeysReader<Keys>,
  switches: readonly string[] = [],
): VerifierRules<Keys> {
  if (typeof options !== 'object' || options === null) throw new TypeError(`${caller}: give an object of options.`)
  const problems = new OptionProblems(caller)
  problems.requireKnown(options, [...OPTION_NAMES, ...switches])
  problems.requireSwitches(options, [...WAIVERS, ...switches])
  checkSimpleOptions(options, problems)
  const algorithms = readAlgorithms(options.algorithms, problems)
  const rules: VerifierRules<Keys> = {
    algorithms,
    keys: readKeys(options.keys, algorithms, problems),
    issuers: readNames(options, 'issuer', 'dangerouslyAllowAnyIssuer', problems),
    audiences: readNames(options, 'audience', 'dangerouslyAllowAnyAudience', problems),
    maxTokenAge: readLifetime('maxTokenAge', options.maxTokenAge, problems),
    maxLifetime: readLifetime('maxLifetime', options.maxLifetime, problems),
    maxTokenLength: readMaxTokenLength(options.maxTokenLength, problems),
    requiredClaims: listRequiredClaims(options, problems),
    typ: options.typ,
    cacheSize: readCacheSize(options, problems),
    schema: options.schema,
    clockTolerance: options.clockTolerance ?? 5,
    now: options.now ?? systemClock,
  }
  problems.throwIfAny()
  return rules
}

function checkSimpleOptions(
  { typ, clockTolerance, schema, now }: VerifierOptionsOf<unknown, unknown>,
  problems: OptionProblems,
): void {
  problems.require(
    schema === undefined || isClaimsSchema(schema),
    'schema',
    'give a Standard Schema, such as z.object({ … }) of zod 4, or leave it out',
  )
  const isTolerance = typeof clockTolerance === 'number' && clockTolerance >= 0 && clockTolerance <= 300
  problems.require(typ === undefined || isName(typ), 'typ', 'give a media type such as "at+jwt", or leave it out')
  problems.require(
    clockTolerance === undefined || isTolerance,
    'clockTolerance',
    'give a number of seconds from 0 to 300',
  )
  problems.require(now === undefined || typeof now === 'function', 'now', 'give a function that returns epoch seconds')
}

/** Reads the list of accepted algorithms; there is no default, and `none` is not a name (RFC 8725 §3.1). */
export function readAlgorithms(algorithms: unknown, problems: OptionProblems): readonly Algorithm[] {
  if (Array.isArray(algorithms) && algorithms.length > 0 && algorithms.every(isAlgorithm)) {
    return Object.freeze([...algorithms])
  }
  problems.add('algorithms', `name the algorithms that are accepted, at least one of ${ALGORITHMS.join(', ')}`)
  return []
}

/** Reads the limit on the length of a token. */
export function readMaxTokenLength(
  maxTokenLength: number = DEFAULT_MAX_TOKEN_LENGTH,
  problems: OptionProblems,
): number {
  problems.require(
    Number.isSafeInteger(maxTokenLength) && maxTokenLength > 0,
    'maxTokenLength',
    'give a whole number of characters above zero',
  )
  return maxTokenLength
}

function readCacheSize({ cacheSize = 0, keys }: VerifierOptionsOf<unknown, unknown>, problems: OptionProblems): number {
  const isSound = Number.isInteger(cacheSize) && cacheSize >= 0 && cacheSize <= 1_000_000
  problems.require(isSound, 'cacheSize', 'give a whole number of tokens from 0 to 1000000')
  problems.require(
    typeof keys !== 'function' || cacheSize === 0,
    'cacheSize',
    'leave it out with a function that finds keys, since a key that is gone would not be noticed',
  )
  return cacheSize
}

function readNames(
  options: VerifierOptionsOf<unknown, unknown>,
  option: 'issuer' | 'audience',
  waiver: (typeof WAIVERS)[number],
  problems: OptionProblems,
): readonly string[] | undefined {
  const value: unknown = options[option]
  if (options[waiver] === true) {
    problems.require(value === undefined, option, `leave it out, or leave ${waiver} out: they contradict each other`)
    return undefined
  }
  const names: unknown[] = Array.isArray(value) ? [...value] : [value]
  // Frozen, since errors hand it out as what was expected.
  if (names.length > 0 && names.every(isName)) return Object.freeze(names)
  problems.add(option, `give a string, or an array of strings; ${waiver}: true waives the check`)
  return undefined
}

function readLifetime(path: string, value: number | string | undefined, problems: OptionProblems): number | undefined {
  if (value === undefined) return undefined
  try {
    return parseLifetime(value)
  } catch {
    problems.add(path, 'give a whole number of seconds above zero, or such as "10m", "1h", "7d"')
    return undefined
  }
}

function listRequiredClaims(options: VerifierOptionsOf<unknown, unknown>, problems: OptionProblems): readonly string[] {
  const { requiredClaims = [], maxTokenAge, maxLifetime, dangerouslyAllowNoExpiry } = options
  const isSound = Array.isArray(requiredClaims) && requiredClaims.every(isName)
  problems.require(isSound, 'requiredClaims', 'give an array of claim names')
  const names = new Set<string>(isSound ? requiredClaims : [])
  if (dangerouslyAllowNoExpiry !== true || maxLifetime !== undefined) names.add('exp')
  if (maxTokenAge !== undefined || maxLifetime !== undefined) names.add('iat')
  return [...names]
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
