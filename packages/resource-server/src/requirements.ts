/** Owns what a route asks of an accepted token: scopes, roles, a recent or strong sign-in (RFC 6750 §3.1, RFC 9470). */
import { AccessError } from './access-error.ts'
import { REVOCATION_POLICIES, type RevocationPolicy } from './revocation/revocation-policy.ts'

/** What a route asks of an access token. */
export interface Requirements {
  /**
   * Scopes that the token must have, all of them.
   * @default none
   */
  readonly scopes?: string | readonly string[] | undefined
  /**
   * Roles of which the user must have one.
   * @default none
   */
  readonly roles?: string | readonly string[] | undefined
  /**
   * The longest time since the user signed in, in seconds (RFC 9470 §3).
   * @default no limit
   */
  readonly maxAuthAge?: number | undefined
  /**
   * Authentication context classes of which the token must name one (RFC 9470 §3).
   * @default none
   */
  readonly acrValues?: string | readonly string[] | undefined
  /**
   * How much the route relies on the revocation feed: `strict` asks the issuer as soon as the feed is 3 s behind.
   * @default what the protection says
   */
  readonly revocation?: RevocationPolicy | undefined
}

/** Checks claims against what is required. */
export interface RequirementCheck {
  /** Finds what is not met. */
  (claims: object, now: number): AccessError | undefined
  /** How much the route relies on the revocation feed; undefined for what the protection says. */
  readonly revocation?: RevocationPolicy | undefined
}

const PLAIN_NAME = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * Creates the check of some requirements; it finds the first that is not met.
 *
 * @throws TypeError for what is no requirement
 */
export function createRequirementCheck(requirements: Requirements): RequirementCheck {
  const scopes = readNames('scopes', requirements.scopes)
  const roles = readNames('roles', requirements.roles)
  const acrValues = readNames('acrValues', requirements.acrValues)
  const { maxAuthAge, revocation } = requirements
  if (revocation !== undefined && !REVOCATION_POLICIES.includes(revocation))
    throw new TypeError(`revocation: give one of ${REVOCATION_POLICIES.join(', ')}, or leave it out.`)
  if (maxAuthAge !== undefined && !(Number.isFinite(maxAuthAge) && maxAuthAge >= 0))
    throw new TypeError('maxAuthAge: give a number of seconds, or leave it out.')
  const isMet = (claims: object, now: number): AccessError | undefined =>
    checkScopes(claims, scopes) ?? checkRoles(claims, roles) ?? checkAuthentication(claims, acrValues, maxAuthAge, now)
  return Object.assign(isMet, { revocation })
}

/** Combines checks into one that asks for what all of them ask for; of several policies the strictest holds. */
export function combineChecks(checks: readonly RequirementCheck[]): RequirementCheck {
  const isMet = (claims: object, now: number): AccessError | undefined =>
    checks.map((check) => check(claims, now)).find((error) => error !== undefined)
  const policies = checks.map(({ revocation }) => revocation)
  return Object.assign(isMet, {
    revocation: (['strict', 'bounded', 'lenient', 'off'] as const).find((one) => policies.includes(one)),
  })
}

/** Reads names that are separated by spaces or come in an array. @throws TypeError */
function readNames(option: string, value: string | readonly string[] | undefined): readonly string[] {
  const names: readonly unknown[] = typeof value === 'string' ? value.split(' ') : (value ?? [])
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string' && PLAIN_NAME.test(name)))
    throw new TypeError(`${option}: give names without spaces, quotes or backslashes, as a string or an array.`)
  if (value !== undefined && names.length === 0) throw new TypeError(`${option}: name at least one, or leave it out.`)
  return names
}

function checkScopes(claims: object, required: readonly string[]): AccessError | undefined {
  if (required.length === 0) return undefined
  const { scope } = claims as { scope?: unknown }
  const granted = typeof scope === 'string' ? scope.split(' ') : []
  const missing = required.filter((name) => !granted.includes(name))
  if (missing.length === 0) return undefined
  return new AccessError('insufficient_scope', {
    reason: `the token lacks the scope ${missing.join(' ')}`,
    expected: required,
    received: granted,
    challenge: { scope: required.join(' ') },
  })
}

function checkRoles(claims: object, accepted: readonly string[]): AccessError | undefined {
  if (accepted.length === 0) return undefined
  const { roles } = claims as { roles?: unknown }
  const held: readonly unknown[] = Array.isArray(roles) ? roles : []
  if (accepted.some((role) => held.includes(role))) return undefined
  const reason = `the user has none of the roles ${accepted.join(' ')}`
  return new AccessError('insufficient_role', { reason, expected: accepted, received: held })
}

function checkAuthentication(
  claims: object,
  acrValues: readonly string[],
  maxAuthAge: number | undefined,
  now: number,
): AccessError | undefined {
  const { acr, auth_time: authTime } = claims as { acr?: unknown; auth_time?: unknown }
  const isRecent = maxAuthAge === undefined || (typeof authTime === 'number' && now - authTime <= maxAuthAge)
  const isStrong = acrValues.length === 0 || (typeof acr === 'string' && acrValues.includes(acr))
  if (isRecent && isStrong) return undefined
  return new AccessError('insufficient_user_authentication', {
    reason: isRecent ? 'the sign-in was of a weaker class' : 'the sign-in was too long ago',
    ...(isRecent ? { expected: acrValues, received: acr } : { expected: maxAuthAge, received: authTime }),
    challenge: {
      ...(acrValues.length > 0 && { acr_values: acrValues.join(' ') }),
      ...(maxAuthAge !== undefined && { max_age: String(maxAuthAge) }),
    },
  })
}
