import { z } from 'zod'
import type { Accounts } from '../accounts/accounts.ts'
import { guardOwnPassword } from '../accounts/guard-password.ts'
import { authenticate, authenticateUser } from '../http/authorization.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { readJson } from '../http/json-body.ts'
import { describeUser } from '../http/token-answer.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parts } from '../parts.ts'
import { password, user } from './shapes.ts'

/** GET /api/users/profile and …/me: who the access token belongs to. */
export function profile(parts: Parts): Endpoint {
  return {
    summary: 'Show my profile',
    authorization: 'access-token',
    answers: { 200: { description: 'The user.', body: z.object({ user }) } },
    async handle(c) {
      const { user } = await authenticateUser(parts, c.req)
      return c.json({ user: describeUser(user) })
    },
  }
}

const body = z.object({ currentPassword: password })

/** DELETE /api/users/profile: deletes the account, its sessions and all personal data. */
export function deleteProfile(parts: Parts, deleteAccount: NonNullable<Accounts['deleteAccount']>): Endpoint {
  return {
    summary: 'Delete my account',
    revokes: true,
    body,
    authorization: 'access-token',
    answers: { 204: { description: 'The account is gone.' } },
    refusals: ['invalid_credentials', 'too_many_requests', 'temporarily_unavailable'],
    async handle(c) {
      const { userId, sid } = (await authenticate(parts, c.req)).session
      const { currentPassword } = await readJson(c, body)
      const outcome = await guardOwnPassword(parts.limits, sid, () => deleteAccount(userId, currentPassword))
      if (outcome !== 'deleted')
        throw new OAuthError('invalid_credentials', { reason: 'the current password is wrong' })
      return c.body(null, 204)
    },
  }
}
