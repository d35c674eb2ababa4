/**
 * Gives a client a token of its own (RFC 6749 §4.4).
 *
 * Races: the client may be disabled while it asks. The store admits it in a transaction of its own, and the entry that ends a client
 * refuses every token dated before it, so that no token outlives the act.
 */
import { OAuthError } from '../oauth/oauth-error.ts'
import { parseScope } from '../oauth/scope.ts'
import type { Parts } from '../parts.ts'
import type { Client } from '../store/client-store.ts'
import { isIssuedFor } from '../tokens/granted-scope.ts'
import { clockBehind } from './clock-behind.ts'
import { isHeld } from './held-answer.ts'

export interface ClientTokenRequest {
  readonly client: Client
  /** @default all that the client may have */
  readonly scope: string | undefined
  /** The audience, under either of its names (RFC 8707 §2). @default the first that the server issues for */
  readonly resource: string | undefined
}

/** What a client is answered (RFC 6749 §5.1). */
export interface ClientTokenResponse {
  readonly access_token: string
  readonly token_type: 'Bearer'
  readonly expires_in: number
  readonly scope: string
}

/** @throws OAuthError `invalid_scope`, `invalid_target`, `invalid_client` */
export async function issueToClient(parts: Parts, request: ClientTokenRequest): Promise<ClientTokenResponse> {
  const { client } = request
  const scope = readScope(client, request.scope)
  const audience = readAudience(parts, request.resource, scope)
  for (;;) {
    const admission = await parts.store.admitClient(client.id)
    if (admission.outcome === 'clock_behind') throw clockBehind(parts)
    if (admission.outcome === 'refused')
      throw new OAuthError('invalid_client', { reason: 'the client has just been disabled' })
    const { now, notBefore, keysVersion } = admission
    const accessTokens = await parts.accessTokensOf(keysVersion)
    const issued = await accessTokens.issueToClient({ clientId: client.id, audience, scope, now, notBefore })
    // Another not-before may have been written meanwhile: the token that is given is made once the clock is there.
    if (isHeld(admission)) continue
    parts.meter.count('tokensIssued', 'client_credentials')
    return {
      access_token: issued.accessToken,
      token_type: 'Bearer',
      expires_in: issued.expiresIn,
      scope: scope.join(' '),
    }
  }
}

function readScope(client: Client, requested: string | undefined): readonly string[] {
  if (requested === undefined) return client.scope
  const scope = parseScope(requested)
  if (scope?.every((one) => client.scope.includes(one)) !== true)
    throw new OAuthError('invalid_scope', { reason: 'a scope that the client may not have' })
  return scope
}

/** The scopes of this server's own endpoints are for this server. */
function readAudience({ settings }: Parts, requested: string | undefined, scope: readonly string[]): string {
  const isForUs = scope.length > 0 && scope.every((one) => OWN_SCOPES.includes(one))
  const audience = requested ?? (isForUs ? settings.issuer : settings.audiences[0])
  if (!isIssuedFor(settings, audience))
    throw new OAuthError('invalid_target', { reason: 'a resource that this server does not issue for' })
  return audience
}

/** The scopes that open endpoints of this server. */
const OWN_SCOPES: readonly string[] = ['revocations:read', 'tokens:introspect']
