import { z } from 'zod'
import type { Accounts } from '../accounts/accounts.ts'
import { tooManyRequests } from '../cache/limits.ts'
import { networkOf } from '../cache/network.ts'
import { addressOf } from '../http/client-address.ts'
import type { Endpoint, RequestContext } from '../http/endpoint.ts'
import { readJson } from '../http/json-body.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parts } from '../parts.ts'
import { email, newPassword } from './shapes.ts'

const body = z.object({ email, password: newPassword })

/** POST …/register: makes an account. A known address gets the same answer after the same work. */
export function register(parts: Parts, makeAccount: NonNullable<Accounts['register']>): Endpoint {
  return {
    summary: 'Make an account',
    description: 'A known address gets the same answer, with an id that nobody has.',
    body,
    answers: {
      201: { description: 'The account.', body: z.object({ user: z.object({ id: z.string(), email: z.string() }) }) },
    },
    refusals: ['too_many_requests', 'temporarily_unavailable'],
    async handle(c) {
      const request = await readJson(c, body)
      if (request.password.toLowerCase() === request.email.toLowerCase()) {
        const members = [{ member: 'password', detail: 'must not be the e-mail address' }]
        throw new OAuthError('invalid_request', { reason: 'the password is the address', members })
      }
      await countRegistration(parts, c)
      return c.json({ user: await makeAccount(request.email, request.password) }, 201)
    },
  }
}

/** Each counts, whatever comes of it: it costs a hash and a row. @throws OAuthError `too_many_requests` */
async function countRegistration({ limits, settings }: Parts, c: RequestContext): Promise<void> {
  const address = addressOf(c, settings.trustedProxies)
  if (address === null) return
  const wait = await limits.counters.registrationPerNetwork.count(limits.nameOf('network', networkOf(address)))
  if (wait > 0) throw tooManyRequests('registrationPerNetwork', wait)
}
