import { z } from 'zod'
import type { Accounts } from '../accounts/accounts.ts'
import { guardOwnPassword } from '../accounts/guard-password.ts'
import { authenticate } from '../http/authorization.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { readJson } from '../http/json-body.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parts } from '../parts.ts'
import { newPassword, password } from './shapes.ts'

const body = z.object({ currentPassword: password, newPassword })

/** POST …/password: changes the password and ends the other sessions. */
export function changePassword(parts: Parts, change: NonNullable<Accounts['changePassword']>): Endpoint {
  return {
    summary: 'Change my password',
    revokes: true,
    description:
      'Ends the other sessions; this one goes on. Refresh it: access tokens from before the change may be refused elsewhere.',
    body,
    authorization: 'access-token',
    answers: { 204: { description: 'The password is changed.' } },
    refusals: ['invalid_credentials', 'too_many_requests', 'temporarily_unavailable'],
    async handle(c) {
      const { userId, sid } = (await authenticate(parts, c.req)).session
      const request = await readJson(c, body)
      const { currentPassword, newPassword } = request
      const outcome = await guardOwnPassword(parts.limits, sid, () =>
        change({ id: userId, sid, currentPassword, newPassword }),
      )
      if (outcome !== 'changed')
        throw new OAuthError('invalid_credentials', { reason: 'the current password is wrong' })
      return c.body(null, 204)
    },
  }
}
