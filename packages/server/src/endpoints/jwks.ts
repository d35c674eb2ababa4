import { z } from 'zod'
import type { Endpoint } from '../http/endpoint.ts'
import { publicDocument } from '../http/security-headers.ts'
import type { Parts } from '../parts.ts'

/** GET /.well-known/jwks.json: the public keys (RFC 7517 §5). */
export function jwks(parts: Parts): Endpoint {
  const cacheControl = publicDocument(parts.settings.keySchedule.jwksMaxAge / 1000)
  return {
    summary: 'The public keys that verify access tokens',
    public: true,
    answers: {
      200: {
        description: 'A JWK Set (RFC 7517).',
        body: z.object({ keys: z.array(z.looseObject({ kid: z.string(), alg: z.string() })) }),
      },
    },
    async handle(c) {
      // Another process may have revoked a key.
      const { keysVersion } = await parts.store.readHead()
      await parts.accessTokensOf(keysVersion)
      const headers = { 'content-type': 'application/json', 'cache-control': cacheControl }
      return c.body(JSON.stringify(parts.keys.jwkSet), 200, headers)
    },
  }
}
