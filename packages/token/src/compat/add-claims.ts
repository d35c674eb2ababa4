/** Owns what the options of `sign` add to a payload, and the refusal of a token that would never expire (RFC 7519 §4.1). */
import { encodeStrictJson } from '../sign-compact.ts'
import { findUnsoundClaim, type JwtPayload } from './payload.ts'
import { isPlainObject, type SignOptions } from './sign-options.ts'
import { parseTimeSpan } from './time-span.ts'

const CLAIMS_OF_OPTIONS = [
  ['audience', 'aud'],
  ['issuer', 'iss'],
  ['subject', 'sub'],
  ['jwtid', 'jti'],
] as const

/** The longest that a session of the authorization server lives by default, and what a token without a lifetime gets. */
const LONGEST_LIFETIME = 30 * 86_400

/** Adds to a copy of a payload what the options say. @throws TypeError that names the claim or option at fault */
export function addClaims(original: object, options: SignOptions): JwtPayload {
  if (original === undefined) throw new TypeError('payload is required')
  if (!isPlainObject(original)) throw new TypeError(refusePayload(original))
  // What is checked is what will be sent: dates, object ids and the like have become text by then.
  const payload = JSON.parse(Buffer.from(encodeStrictJson(original, 'payload')).toString()) as JwtPayload
  refuseUnsound(payload)
  addTimes(payload, options)
  for (const [option, claim] of CLAIMS_OF_OPTIONS) {
    if (options[option] === undefined) continue
    refuseSecond(payload, claim, option)
    Object.assign(payload, { [claim]: options[option] })
  }
  refuseUnsound(payload)
  return payload
}

function addTimes(payload: JwtPayload, options: SignOptions): void {
  const { expiresIn, notBefore, noTimestamp, dangerouslyAllowNoExpiry } = options
  const issuedAt = payload.iat || Math.floor(Date.now() / 1000)
  if (noTimestamp === true) delete payload.iat
  else payload.iat = issuedAt
  if (notBefore !== undefined) {
    refuseSecond(payload, 'nbf', 'notBefore')
    payload.nbf = Math.floor(issuedAt + parseTimeSpan(notBefore, 'notBefore'))
  }
  if (expiresIn !== undefined) {
    refuseSecond(payload, 'exp', 'expiresIn')
    payload.exp = Math.floor(issuedAt + parseTimeSpan(expiresIn, 'expiresIn'))
  }
  if (payload.exp === undefined && dangerouslyAllowNoExpiry !== true) {
    payload.exp = Math.floor(issuedAt + LONGEST_LIFETIME)
    warnOfNoExpiry()
  }
}

function refuseSecond(payload: JwtPayload, claim: string, option: string): void {
  if (payload[claim] === undefined) return
  throw new TypeError(`Bad "options.${option}" option. The payload already has an "${claim}" property.`)
}

function refuseUnsound(payload: JwtPayload): void {
  const unsound = findUnsoundClaim(payload)
  if (unsound !== undefined) throw new TypeError(`"${unsound.claim}" ${unsound.rule}`)
}

function refusePayload(payload: unknown): string {
  const isObject = typeof payload === 'object' && payload !== null && !ArrayBuffer.isView(payload)
  if (isObject) return 'Expected "payload" to be a plain object.'
  return 'Expected "payload" to be a plain object. (A text has no claims, and would be valid forever: sign { sub: text }.)'
}

let hasWarned = false

function warnOfNoExpiry(): void {
  if (hasWarned) return
  hasWarned = true
  process.emitWarning('sign was given no lifetime, so the token expires in 30 days. Give "expiresIn", or "exp".', {
    type: 'CountersignWarning',
    code: 'COUNTERSIGN_NO_LIFETIME',
  })
}
