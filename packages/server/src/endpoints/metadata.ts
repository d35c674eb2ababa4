import { z } from 'zod'
import type { Endpoint } from '../http/endpoint.ts'
import { publicDocument } from '../http/security-headers.ts'
import type { Parts } from '../parts.ts'

/** GET /.well-known/oauth-authorization-server: what this server is and where its keys are (RFC 8414 §3.2). */
export function metadata({ settings }: Parts): Endpoint {
  const { issuer, alg, defaultScopes, roleScopes } = settings
  const scopes = [...new Set([...defaultScopes, ...[...roleScopes.values()].flat()])]
  const document = JSON.stringify({
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    scopes_supported: scopes,
    response_types_supported: [],
    grant_types_supported: ['client_credentials'],
    token_endpoint: `${issuer}/oauth/token`,
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    revocation_endpoint: `${issuer}/oauth/revoke`,
    introspection_endpoint: `${issuer}/oauth/introspect`,
    introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    revocation_snapshot_endpoint: `${issuer}/revocations/snapshot`,
    revocation_stream_endpoint: `${issuer}/revocations/stream`,
    revocation_changes_endpoint: `${issuer}/revocations/changes`,
    access_token_signing_alg_values_supported: [alg],
    service_documentation: `${issuer}/docs/api`,
  })
  return {
    summary: 'Authorization server metadata',
    public: true,
    answers: {
      200: { description: 'Metadata (RFC 8414).', body: z.looseObject({ issuer: z.string(), jwks_uri: z.string() }) },
    },
    handle: (c) => c.body(document, 200, { 'content-type': 'application/json', 'cache-control': publicDocument(300) }),
  }
}
