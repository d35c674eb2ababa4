import { authenticateClient } from '../clients/authenticate-client.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { readForm } from '../http/json-body.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parts } from '../parts.ts'
import { verifyOwn } from '../tokens/own-verifier.ts'

/**
 * POST /oauth/introspect (RFC 7662): whether an access token is good at this moment, revocations and its session looked up, and what
 * it says. For clients with the scope tokens:introspect. Whatever is no good is `{active: false}` and nothing else; a refresh token is
 * nobody's business and never active here. With `Accept: application/token-introspection+jwt` the answer is signed (RFC 9701).
 */
export function introspect(parts: Parts): Endpoint {
  return {
    summary: 'Ask whether an access token is good',
    authorization: 'client',
    form: { token: 'An access token.', token_type_hint: 'Not needed.' },
    answers: { 200: { description: 'What the token says, or {"active": false} (RFC 7662 §2.2).' } },
    refusals: ['invalid_request', 'invalid_client', 'insufficient_scope', 'too_many_requests'],
    async handle(c) {
      const form = await readForm(c)
      const { token } = form
      // Both are looked up by one trip to the store; nobody is told of the token before it is known who asks.
      const [client, answer] = await Promise.all([
        authenticateClient(parts, c, form),
        token === undefined ? undefined : describeToken(parts, token),
      ])
      if (!client.scope.includes('tokens:introspect'))
        throw new OAuthError('insufficient_scope', { reason: 'the client lacks tokens:introspect' })
      if (answer === undefined) {
        const members = [{ member: 'token', detail: 'is missing' }]
        throw new OAuthError('invalid_request', { reason: 'no token', members })
      }
      if (!/\btoken-introspection\+jwt\b/.test(c.req.header('accept') ?? '')) return c.json(answer)
      // Another process may have revoked the key with which this one has signed.
      const signed = await (await parts.latestAccessTokens()).signIntrospection(client.id, answer)
      return c.body(signed, 200, { 'content-type': 'application/token-introspection+jwt' })
    },
  }
}

async function describeToken(parts: Parts, token: string): Promise<object> {
  const verified = await verifyOwn(parts, token)
  if ('refusal' in verified || !(await parts.store.isInForce(verified))) return { active: false }
  const { sid, sub, clientId, jti, iat, exp, scope, audience, authTime } = verified
  return {
    ...{ active: true, iss: parts.settings.issuer, aud: audience, sub, client_id: clientId, jti, iat, exp },
    ...{ scope: scope.join(' '), token_type: 'Bearer' },
    ...(sid !== undefined && { sid }),
    ...(authTime !== undefined && { auth_time: authTime }),
  }
}
