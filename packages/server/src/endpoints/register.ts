import { z } from 'zod'
import type { Accounts } from '../accounts/accounts.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { readJson } from '../http/json-body.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import { email, newPassword } from './shapes.ts'

const body = z.object({ email, password: newPassword })

/** POST …/register: makes an account. A known address gets the same answer after the same work. */
export function register(makeAccount: NonNullable<Accounts['register']>): Endpoint {
  return {
    summary: 'Make an account',
    description: 'A known address gets the same answer, with an id that nobody has.',
    body,
    answers: {
      201: { description: 'The account.', body: z.object({ user: z.object({ id: z.string(), email: z.string() }) }) },
    },
    async handle(c) {
      const request = await readJson(c, body)
      if (request.password.toLowerCase() === request.email.toLowerCase()) {
        const members = [{ member: 'password', detail: 'must not be the e-mail address' }]
        throw new OAuthError('invalid_request', { reason: 'the password is the address', members })
      }
      return c.json({ user: await makeAccount(request.email, request.password) }, 201)
    },
  }
}
