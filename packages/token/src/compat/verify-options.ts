/** Owns the options of `verify`: their names as in jsonwebtoken, and what each must be so that no check is lost. */
import { OptionProblems } from '../option-problems.ts'
import { ALGORITHMS, type Algorithm, isAlgorithm } from './algorithm.ts'
import { parseTimeSpan } from './time-span.ts'

/** What `verify` is told. An option that is named has a value: an empty one would be a check that is left out. */
export interface VerifyOptions {
  /** The algorithms that are accepted. @default those of the key's type: HS256 to HS512, RS256 to RS512, that of the curve */
  readonly algorithms?: readonly Algorithm[]
  /** One or several, of which the token must name one. @default any */
  readonly audience?: string | readonly string[]
  /** One or several. @default any */
  readonly issuer?: string | readonly string[]
  /** @default any */
  readonly subject?: string
  /** @default any */
  readonly jwtid?: string
  /** @default any */
  readonly nonce?: string
  /** Accepts tokens that have expired, and those that never do. @default false */
  readonly ignoreExpiration?: boolean
  /** @default false */
  readonly ignoreNotBefore?: boolean
  /** Accepts tokens that never expire; an `exp` that is there is checked all the same. @default false */
  readonly dangerouslyAllowNoExpiry?: boolean
  /** The longest time since `iat`, which is then required: seconds, or such as `2 days`. @default no limit */
  readonly maxAge?: number | string
  /** The present moment in seconds. @default the clock of the machine */
  readonly clockTimestamp?: number
  /** Seconds that clocks may differ by, 0 to 300. @default 0 */
  readonly clockTolerance?: number
  /** Returns the header and the signature too. @default false */
  readonly complete?: boolean
}

/** The options of one call, checked. */
export interface VerifyRules {
  readonly algorithms: readonly Algorithm[] | undefined
  readonly audiences: readonly string[] | undefined
  readonly issuers: readonly string[] | undefined
  readonly subject: string | undefined
  readonly jwtid: string | undefined
  readonly nonce: string | undefined
  readonly ignoreExpiration: boolean
  readonly ignoreNotBefore: boolean
  readonly isExpiryRequired: boolean
  /** Seconds. */
  readonly maxAge: number | undefined
  /** Epoch seconds. */
  readonly now: number
  /** Seconds. */
  readonly clockTolerance: number
  readonly isComplete: boolean
}

const TEXTS = ['subject', 'jwtid', 'nonce'] as const
const SWITCHES = ['ignoreExpiration', 'ignoreNotBefore', 'dangerouslyAllowNoExpiry', 'complete'] as const
const NAMES: readonly string[] = [
  'algorithms',
  'audience',
  'issuer',
  ...TEXTS,
  'maxAge',
  'clockTimestamp',
  'clockTolerance',
  ...SWITCHES,
]

/** Reads the options of `verify` into rules. @throws TypeError that lists every bad option with its mend */
export function readVerifyOptions(options: VerifyOptions): VerifyRules {
  if (typeof options !== 'object' || options === null) throw new TypeError('verify: give an object of options.')
  const problems = new OptionProblems('verify')
  const { allowInvalidAsymmetricKeyTypes: waiver = false, ...named } = options as Readonly<Record<string, unknown>>
  problems.require(waiver === false, 'allowInvalidAsymmetricKeyTypes', 'not supported: use a key that fits')
  problems.requireKnown(named, NAMES)
  for (const name of TEXTS) checkText(named, name, problems)
  for (const name of SWITCHES)
    problems.require(!(name in named) || typeof named[name] === 'boolean', name, 'give true or false')
  const rules: VerifyRules = {
    algorithms: 'algorithms' in named ? readAlgorithms(named.algorithms, problems) : undefined,
    audiences: 'audience' in named ? readList(named.audience, 'audience', problems) : undefined,
    issuers: 'issuer' in named ? readList(named.issuer, 'issuer', problems) : undefined,
    subject: options.subject,
    jwtid: options.jwtid,
    nonce: options.nonce,
    ignoreExpiration: options.ignoreExpiration === true,
    ignoreNotBefore: options.ignoreNotBefore === true,
    isExpiryRequired: options.ignoreExpiration !== true && options.dangerouslyAllowNoExpiry !== true,
    maxAge: 'maxAge' in named ? readMaxAge(named.maxAge, problems) : undefined,
    now: readSeconds(named, 'clockTimestamp', Number.MAX_SAFE_INTEGER, problems) ?? Math.floor(Date.now() / 1000),
    clockTolerance: readSeconds(named, 'clockTolerance', 300, problems) ?? 0,
    isComplete: options.complete === true,
  }
  problems.throwIfAny()
  return rules
}

function checkText(named: Readonly<Record<string, unknown>>, name: string, problems: OptionProblems): void {
  const value = named[name]
  const isText = typeof value === 'string' && value.trim() !== ''
  problems.require(!(name in named) || isText, name, 'give a string that is not empty, or leave the option out')
}

function readAlgorithms(value: unknown, problems: OptionProblems): readonly Algorithm[] {
  if (Array.isArray(value) && value.length > 0 && value.every(isAlgorithm)) return value
  problems.add('algorithms', `give an array of ${ALGORITHMS.join(', ')}, or leave the option out`)
  return []
}

function readList(value: unknown, name: string, problems: OptionProblems): readonly string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value]
  if (list.some((item) => item instanceof RegExp)) {
    problems.add(
      name,
      'give strings: a regular expression accepts what merely contains it, and can be made to run for long',
    )
  } else if (list.length === 0 || !list.every((item) => typeof item === 'string' && item !== '')) {
    problems.add(name, 'give a string or an array of strings, none of them empty, or leave the option out')
  }
  return list as string[]
}

function readMaxAge(value: unknown, problems: OptionProblems): number | undefined {
  try {
    const seconds = parseTimeSpan(value, 'maxAge')
    problems.require(seconds > 0, 'maxAge', 'give a time above zero, or leave the option out')
    return seconds
  } catch (error) {
    problems.add('maxAge', (error as TypeError).message.replace(/\.$/, ''))
    return undefined
  }
}

function readSeconds(
  named: Readonly<Record<string, unknown>>,
  name: string,
  most: number,
  problems: OptionProblems,
): number | undefined {
  if (!(name in named)) return undefined
  const value = named[name]
  if (typeof value === 'number' && value >= 0 && value <= most) return value
  problems.add(name, name === 'clockTolerance' ? `give seconds, 0 to ${most}` : `${name} must be a number of seconds`)
  return undefined
}
