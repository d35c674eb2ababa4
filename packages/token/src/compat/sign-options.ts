/** Owns the options of `sign`: their names and types as in jsonwebtoken, and those that are refused. */
import { ALGORITHMS, type Algorithm, isAlgorithm } from './algorithm.ts'

/** What `sign` is told. */
export interface SignOptions {
  /** @default 'HS256' */
  readonly algorithm?: Algorithm
  /**
   * The time from `iat` to `exp`: seconds, or such as `15m`, `2 days`.
   * @default 30 days, with a warning, unless the payload has `exp`
   */
  readonly expiresIn?: number | string
  /**
   * The time from `iat` to `nbf`: seconds, or such as `15m`.
   * @default no `nbf`
   */
  readonly notBefore?: number | string
  /** @default none */
  readonly audience?: string | string[]
  /** @default none */
  readonly issuer?: string
  /** @default none */
  readonly subject?: string
  /** @default none */
  readonly jwtid?: string
  /** The `kid` of the header. @default none */
  readonly keyid?: string
  /** Parameters of the header besides `alg`. @default {} */
  readonly header?: Readonly<Record<string, unknown>>
  /** Leaves `iat` out. @default false */
  readonly noTimestamp?: boolean
  /** Signs a token that never expires. @default false */
  readonly dangerouslyAllowNoExpiry?: boolean
}

const isString = (value: unknown): boolean => typeof value === 'string'
const isBoolean = (value: unknown): boolean => typeof value === 'boolean'
const isSpan = (value: unknown): boolean => Number.isInteger(value) || (isString(value) && value !== '')
const isAudience = (value: unknown): boolean => isString(value) || (Array.isArray(value) && value.every(isString))
const isUtf8 = (value: unknown): boolean => value === 'utf8' || value === 'utf-8'
const isFalse = (value: unknown): boolean => value === false

const RULES: Readonly<Record<string, readonly [isSound: (value: unknown) => boolean, message: string]>> = {
  expiresIn: [isSpan, '"expiresIn" should be a number of seconds or string representing a timespan'],
  notBefore: [isSpan, '"notBefore" should be a number of seconds or string representing a timespan'],
  audience: [isAudience, '"audience" must be a string or array of strings'],
  algorithm: [isAlgorithm, `"algorithm" must be a valid string enum value: one of ${ALGORITHMS.join(', ')}`],
  header: [isPlainObject, '"header" must be an object'],
  encoding: [isUtf8, '"encoding" must be utf8, as RFC 7519 has it: leave it out'],
  issuer: [isString, '"issuer" must be a string'],
  subject: [isString, '"subject" must be a string'],
  jwtid: [isString, '"jwtid" must be a string'],
  noTimestamp: [isBoolean, '"noTimestamp" must be a boolean'],
  keyid: [isString, '"keyid" must be a string'],
  dangerouslyAllowNoExpiry: [isBoolean, '"dangerouslyAllowNoExpiry" must be a boolean'],
  mutatePayload: [isFalse, '"mutatePayload" is not supported: decode the token to see what it says'],
  allowInsecureKeySizes: [isFalse, '"allowInsecureKeySizes" is not supported: make an RSA key of 2048 bits or more'],
  allowInvalidAsymmetricKeyTypes: [
    isFalse,
    '"allowInvalidAsymmetricKeyTypes" is not supported: make a key of the type that the algorithm needs',
  ],
}

/** Checks the options of `sign`: their names, their types, and what contradicts. @throws TypeError */
export function checkSignOptions(options: SignOptions): void {
  if (!isPlainObject(options)) throw new TypeError('Expected "options" to be a plain object.')
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(RULES, name) ? RULES[name] : undefined
    if (rule === undefined) throw new TypeError(`"${name}" is not allowed in "options"`)
    const [isSound, message] = rule
    if (!isSound(value)) throw new TypeError(message)
  }
  if (options.dangerouslyAllowNoExpiry === true && options.expiresIn !== undefined) {
    throw new TypeError('"dangerouslyAllowNoExpiry" and "expiresIn" contradict each other: leave one of them out')
  }
}

/** Tells a plain object, of any realm, from everything else. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
