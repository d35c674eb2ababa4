import { z } from 'zod'
import { authenticateClient } from '../clients/authenticate-client.ts'
import { issueToClient } from '../grants/client-credentials.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { readForm } from '../http/json-body.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parts } from '../parts.ts'

const answer = z
  .object({ access_token: z.string(), token_type: z.literal('Bearer'), expires_in: z.int(), scope: z.string() })
  .meta({ id: 'TokenResponse' })

/** POST /oauth/token: the token endpoint (RFC 6749 §3.2). */
export function token(parts: Parts): Endpoint {
  return {
    summary: 'Get a token for a client',
    description: 'Client credentials (RFC 6749 §4.4), with the secret as HTTP Basic or in the form.',
    authorization: 'client',
    form: {
      grant_type: 'client_credentials',
      scope: 'The scopes; all that the client may have if left out.',
      resource: 'The audience of the token (RFC 8707); also accepted as audience.',
    },
    answers: { 200: { description: 'An access token (RFC 6749 §5.1).', body: answer } },
    refusals: [
      'invalid_request',
      'invalid_client',
      'invalid_scope',
      'invalid_target',
      'unsupported_grant_type',
      'too_many_requests',
    ],
    async handle(c) {
      const form = await readForm(c)
      const client = await authenticateClient(parts, c, form)
      const { grant_type: grantType, scope, resource, audience } = form
      if (grantType === undefined) {
        const members = [{ member: 'grant_type', detail: 'is missing' }]
        throw new OAuthError('invalid_request', { reason: 'no grant_type', members })
      }
      if (grantType !== 'client_credentials')
        throw new OAuthError('unsupported_grant_type', { reason: 'another grant type' })
      return c.json(await issueToClient(parts, { client, scope, resource: resource ?? audience }))
    },
  }
}
