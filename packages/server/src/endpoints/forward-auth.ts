import { FetchRequestView, systemClock } from '@countersign/resource-server'
import { createForwardAuth, type ForwardAuth, type ForwardAuthAnswer } from '@countersign/resource-server/forward-auth'
import type { Endpoint, RequestContext } from '../http/endpoint.ts'
import type { Parts } from '../parts.ts'

/** GET /forward-auth: tells a reverse proxy whether a request may go on, and whose it is. */
export function forwardAuth(parts: Parts): Endpoint {
  let known: { readonly keys: Parts['keys']; readonly decide: ForwardAuth } | undefined

  function ask(c: RequestContext): Promise<ForwardAuthAnswer> {
    if (known?.keys !== parts.keys) known = { keys: parts.keys, decide: createDecider(parts) }
    return known.decide(new FetchRequestView(c.req.raw), new URL(c.req.url).searchParams)
  }

  return {
    summary: 'Whether a request may go on, for a reverse proxy',
    description:
      'For nginx (auth_request), Caddy (forward_auth) and Traefik. The query says what is asked for: scope, role. The answer has the headers X-Auth-Request-User, -Scope, -Roles, Remote-User and Remote-Groups.',
    authorization: 'access-token',
    answers: {
      204: { description: 'It may; the headers say whose it is.' },
      403: { description: 'The token lacks a scope or the user a role that the query asks for.' },
    },
    refusals: ['invalid_token', 'invalid_request', 'temporarily_unavailable'],
    async handle(c) {
      const { status, headers, body } = await askWithPresentKeys(parts, () => ask(c))
      return new Response(body ?? null, { status, headers })
    },
  }
}

/** Another process may have revoked a key and made a new one. */
async function askWithPresentKeys(parts: Parts, ask: () => Promise<ForwardAuthAnswer>): Promise<ForwardAuthAnswer> {
  const { keys } = parts
  const answer = await ask()
  if (answer.status !== 401) return answer
  await parts.latestAccessTokens()
  return parts.keys === keys ? answer : ask()
}

/** The pages from which a cookie is believed; any port of localhost, as dev has it, cannot be listed. */
function originsOf({ issuer, allowedOrigins }: Parts['settings']): string[] {
  const own = new URL(issuer).origin
  return allowedOrigins === 'localhost' ? [own] : [own, ...allowedOrigins]
}

/** Our own endpoints look the session up, so that they refuse right after a logout. */
function createDecider({ settings, keys, store, log }: Parts): ForwardAuth {
  return createForwardAuth({
    issuer: settings.issuer,
    audience: [...new Set([...settings.audiences, settings.issuer])],
    keys: [...keys.verificationKeys],
    algorithms: [...new Set(keys.verificationKeys.map((key) => key.alg))],
    cookie: { origins: originsOf(settings) },
    clock: { ...systemClock, now: () => store.estimateNow() / 1000 },
    log,
    isLive: async ({ claims: { sid = '', sub, jti }, protectedHeader: { kid } }) =>
      (await store.findLiveSession(sid, { jti, kid }))?.session.userId === sub,
  })
}
