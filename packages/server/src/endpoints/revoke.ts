import { tooManyRequests } from '../cache/limits.ts'
import { authenticateClient } from '../clients/authenticate-client.ts'
import type { Endpoint, RequestContext } from '../http/endpoint.ts'
import { readForm } from '../http/json-body.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import { firstPartyClient, type Parts } from '../parts.ts'
import { parseOwnRefreshToken } from '../sessions/own-refresh-token.ts'
import { hashRid, looksLikeRefreshToken } from '../sessions/refresh-token.ts'
import { verifyOwn } from '../tokens/own-verifier.ts'

/**
 * POST /oauth/revoke (RFC 7009): a refresh token ends its session, an access token itself. 200 for every token, known or not. A client
 * revokes only its own; whoever holds a token of a first-party session may revoke that, as at logout.
 */
export function revoke(parts: Parts): Endpoint {
  return {
    summary: 'Revoke a token',
    revokes: true,
    authorization: 'client',
    form: { token: 'A refresh token or an access token.', token_type_hint: 'Not needed.' },
    answers: { 200: { description: 'The token, if it was one, is revoked.' } },
    refusals: ['invalid_request', 'invalid_client', 'too_many_requests'],
    async handle(c) {
      const form = await readForm(c)
      const client = await findCaller(parts, c, form)
      const { token } = form
      if (token === undefined) {
        const members = [{ member: 'token', detail: 'is missing' }]
        throw new OAuthError('invalid_request', { reason: 'no token', members })
      }
      await (looksLikeRefreshToken(token)
        ? revokeRefreshToken(parts, token, client)
        : revokeAccessToken(parts, token, client))
      return c.body(null, 200)
    },
  }
}

async function findCaller(parts: Parts, c: RequestContext, form: Readonly<Record<string, string>>): Promise<string> {
  const isAnonymous = c.req.header('authorization') === undefined && form.client_secret === undefined
  if (isAnonymous && (form.client_id ?? firstPartyClient) === firstPartyClient) return firstPartyClient
  return (await authenticateClient(parts, c, form)).id
}

async function revokeRefreshToken(parts: Parts, token: string, client: string): Promise<void> {
  const parsed = await parseOwnRefreshToken(parts, token, client)
  if (parsed !== undefined) await parts.store.revokeSession({ ridHash: hashRid(parsed.rid) }, 'logout')
}

async function revokeAccessToken(parts: Parts, token: string, client: string): Promise<void> {
  const verified = await verifyOwn(parts, token)
  if ('refusal' in verified || verified.clientId !== client) return
  const { jti, sid } = verified
  const { counters, nameOf } = parts.limits
  // A refresh gives another token each time, and each that is revoked is kept and told to every verifier for as long as it would have lived.
  const limit = sid === undefined ? 'revocationPerClient' : 'revocationPerSession'
  const key = nameOf(limit, sid ?? client)
  const wait = await counters[limit].wait(key)
  if (wait > 0) throw tooManyRequests(limit, wait)
  const { outcome } = await parts.store.revoke({ kind: 'token', jti })
  if (outcome === 'revoked') await counters[limit].count(key)
}
