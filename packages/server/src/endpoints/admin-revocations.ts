import { z } from 'zod'
import { normalizeEmail } from '../accounts/built-in-accounts.ts'
import { authenticateAdministrator } from '../http/administrator.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { readJson } from '../http/json-body.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parts } from '../parts.ts'
import type { RevocationTarget } from '../store/revocation-store.ts'
import { email, reason, text } from './shapes.ts'

const id = text.min(1)

/** Whose tokens end, as a subject identifier (RFC 9493); the last four formats are ours. */
const subject = z.discriminatedUnion('format', [
  z.object({ format: z.literal('iss_sub'), iss: z.string(), sub: id }),
  z.object({ format: z.literal('email'), email }),
  z.object({ format: z.literal('jwt_id'), iss: z.string(), jti: id }),
  z.object({ format: z.literal('session'), sid: id }),
  z.object({ format: z.literal('client'), client_id: id }),
  z.object({ format: z.literal('key'), kid: id }),
  z.object({ format: z.literal('all') }).meta({ description: 'Everything that was issued until now.' }),
])

const body = z.object({ sub_id: subject, reason: reason.optional() })

/** POST /api/admin/revocations: ends tokens, in the shape of Global Token Revocation. */
export function adminRevocations(parts: Parts): Endpoint {
  return {
    summary: 'Revoke the tokens of a user, session, client, key, or all',
    revokes: true,
    authorization: 'access-token',
    body,
    answers: { 204: { description: 'They are revoked.' } },
    refusals: ['insufficient_role', 'insufficient_user_authentication', 'not_found'],
    async handle(c) {
      const { userId: actor } = await authenticateAdministrator(parts, c)
      const { sub_id: named, reason = '' } = await readJson(c, body)
      const target = await findTarget(parts, named)
      const done = target && (await parts.store.revoke(target, { actor, reason }))
      if (done === undefined || done.outcome === 'unknown')
        throw new OAuthError('not_found', { reason: 'nothing of that name' })
      return c.body(null, 204)
    },
  }
}

async function findTarget(
  { store, settings }: Parts,
  named: z.output<typeof subject>,
): Promise<RevocationTarget | undefined> {
  if ('iss' in named && named.iss !== settings.issuer) return undefined
  switch (named.format) {
    case 'iss_sub':
      return { kind: 'user', userId: named.sub }
    case 'email': {
      const account = await store.findCredentials(normalizeEmail(named.email))
      return account && { kind: 'user', userId: account.id }
    }
    case 'jwt_id':
      return { kind: 'token', jti: named.jti }
    case 'session':
      return { kind: 'session', sid: named.sid }
    case 'client':
      return { kind: 'client', clientId: named.client_id }
    case 'key':
      return { kind: 'key', kid: named.kid }
    case 'all':
      return { kind: 'all' }
  }
}
