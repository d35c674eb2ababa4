import { z } from 'zod'
import { authenticateAdministrator } from '../http/administrator.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { readOptionalJson } from '../http/json-body.ts'
import { pathParameter } from '../http/path-parameter.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parts } from '../parts.ts'
import type { Act } from '../store/revocation-store.ts'
import { reason } from './shapes.ts'

const body = z.object({ reason: reason.optional() })

/** POST …/users/{id}/suspend: signs a user out everywhere and keeps them out, at every verifier with the feed. */
export function suspendUser(parts: Parts): Endpoint {
  return actOnUser(
    parts,
    'Suspend a user',
    'No session and no access token of this user is good any more.',
    async (id, act) => (await parts.store.suspendUser(id, act)).outcome === 'suspended',
  )
}

/** POST …/users/{id}/restore: lets a suspended user sign in again. */
export function restoreUser(parts: Parts): Endpoint {
  return actOnUser(
    parts,
    'Restore a suspended user',
    'The user can sign in again.',
    async (id, act) => (await parts.store.restoreUser(id, act)).outcome === 'restored',
  )
}

function actOnUser(
  parts: Parts,
  summary: string,
  description: string,
  run: (id: string, act: Act) => Promise<boolean>,
): Endpoint {
  return {
    summary,
    authorization: 'access-token',
    revokes: true,
    body,
    bodyOptional: true,
    pathParameters: { id: 'The id of the user.' },
    answers: { 204: { description } },
    refusals: ['insufficient_role', 'insufficient_user_authentication', 'not_found'],
    async handle(c) {
      const { userId: actor } = await authenticateAdministrator(parts, c)
      const { reason = '' } = (await readOptionalJson(c, body)) ?? {}
      if (!(await run(pathParameter(c, 'id'), { actor, reason })))
        throw new OAuthError('not_found', { reason: 'no such user' })
      return c.body(null, 204)
    },
  }
}
