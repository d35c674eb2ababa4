/** Which scopes and which audience a first-party access token gets. A request can only narrow what the user may have. */
import { OAuthError } from '../oauth/oauth-error.ts'
import { parseScope } from '../oauth/scope.ts'
import type { Settings } from '../settings.ts'

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

/** The audience of a token: the one that was asked for, if the session and the server have it. @throws OAuthError `invalid_request` */
export function grantedAudience(settings: Settings, session: string | null, requested: string | undefined): string {
  const allowed = session === null ? settings.audiences : [session]
  const audience = requested ?? allowed[0]
  if (audience !== undefined && allowed.includes(audience) && settings.audiences.includes(audience)) return audience
  throw new OAuthError('invalid_request', {
    reason: 'an audience that this server or session does not issue for',
    members: [{ member: 'audience', detail: 'is not an audience that this session may have' }],
  })
}
