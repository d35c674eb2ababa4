import { authenticate } from '../http/authorization.ts'
import type { Endpoint } from '../http/endpoint.ts'
import type { Parts } from '../parts.ts'

/** POST …/logout-all: ends every session of the user, this one too. */
export function logoutAll(parts: Parts): Endpoint {
  return {
    summary: 'Sign out everywhere',
    revokes: true,
    authorization: 'access-token',
    answers: { 204: { description: 'Every session of this user is over.' } },
    async handle(c) {
      const { userId } = (await authenticate(parts, c.req)).session
      await parts.store.revokeSessions(userId, 'logout_all')
      return c.body(null, 204)
    },
  }
}
