import { z } from 'zod'
import type { Endpoint } from '../http/endpoint.ts'
import { publicDocument } from '../http/security-headers.ts'
import type { Parts } from '../parts.ts'
import { StoreUnavailableError } from '../store/store.ts'
import type { Keys } from '../tokens/keys.ts'

/** How long a set may be kept that may not be the present one. */
const briefly = 'public, max-age=10'

/** How long the store may take to say which set is the present one, milliseconds: verifiers give up after a few seconds. */
const patience = 300

/** GET /.well-known/jwks.json: the public keys (RFC 7517 §5). */
export function jwks(parts: Parts): Endpoint {
  const cacheControl = publicDocument(parts.settings.keySchedule.jwksMaxAge / 1000)
  const isPresent = createPresenceTest(parts)
  let written: ReturnType<typeof write> | undefined
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
      const maxAge = (await isPresent()) ? cacheControl : briefly
      if (written?.keys !== parts.keys) written = write(parts.keys)
      const { body, etag } = written
      const headers = { 'content-type': 'application/json', 'cache-control': maxAge, etag }
      return c.body(body, 200, headers)
    },
  }
}

/**
 * Makes what looks whether another server has revoked a key or made one. While the store is away or stands still the set that is known is
 * better than none: without it, verifiers that start would refuse everyone. While one question goes unanswered no other is asked.
 */
function createPresenceTest({ latestAccessTokens }: Parts): () => Promise<boolean> {
  let unanswered = 0

  return async () => {
    if (unanswered > 0) return false
    const { promise: late, resolve } = Promise.withResolvers<boolean>()
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      unanswered += 1
      resolve(false)
    }, patience)
    const asked = latestAccessTokens()
      .then(() => true, falseIfAway)
      .finally(() => {
        clearTimeout(timer)
        if (isLate) unanswered -= 1
      })
    return Promise.race([asked, late])
  }
}

function falseIfAway(error: unknown): boolean {
  if (!(error instanceof StoreUnavailableError)) throw error
  return false
}

/** Writes a set once. A `kid` is a hash of its key, so that those in order name the set. */
function write(keys: Keys) {
  const kids = keys.jwkSet.keys.map(({ kid = '' }) => kid.slice(0, 16))
  return { keys, body: JSON.stringify(keys.jwkSet), etag: `"keys-${kids.join('-')}"` }
}
