/** Which scopes and which audience a first-party access token gets. A request can only narrow what the user may have. */
import { OAuthError } from '../oauth/oauth-error.ts'
import { parseScope } from '../oauth/scope.ts'
import type { Settings } from '../settings/settings.ts'

/** The scopes of a user with these roles, held to each of the given scope values that is set (RFC 6749 §3.3, §6). */
export function grantedScope(
  settings: Settings,
  roles: readonly string[],
  ...narrowings: (string | null | undefined)[]
): string[] {
  const given = new Set([...settings.defaultScopes, ...roles.flatMap((role) => settings.roleScopes.get(role) ?? [])])
  const limits = narrowings.filter((value) => value != null).map((value) => new Set(parseScope(value)))
  return [...given].filter((scope) => limits.every((limit) => limit.has(scope)))
}

/** The audience that a request asks for; `undefined` when it asks for none. @throws OAuthError `invalid_request` for an unknown one */
export function requestedAudience(settings: Settings, requested: string | undefined): string | undefined {
  if (requested === undefined || isIssuedFor(settings, requested)) return requested
  throw otherAudience()
}

/** Tells whether tokens may be for an audience: one that was configured, or this server itself, for its own endpoints. */
export function isIssuedFor({ audiences, issuer }: Settings, audience: string): boolean {
  return audience === issuer || audiences.includes(audience)
}

/** The refusal of an audience that this server or session does not issue for. */
export function otherAudience(): OAuthError {
  return new OAuthError('invalid_request', {
    reason: 'an audience that this server or session does not issue for',
    members: [{ member: 'audience', detail: 'is not an audience that this session may have' }],
  })
}
