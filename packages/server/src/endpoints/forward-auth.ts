import { FetchRequestView, systemClock } from '@countersign/resource-server'
import { createForwardAuth, type ForwardAuth, type ForwardAuthAnswer } from '@countersign/resource-server/forward-auth'
import { bearerToken } from '../http/authorization.ts'
import { readCookies } from '../http/cookies.ts'
import type { Endpoint, RequestContext } from '../http/endpoint.ts'
import type { Parts } from '../parts.ts'

/**
 * GET /forward-auth: tells a reverse proxy whether a request may go on, and whose it is. Forged tokens are not counted here: nginx makes 500 of a
 * 429, and so people with an old cookie of ours would be shown an error, and not the way to sign in, for what others in their network do.
 */
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
      const { status, headers, body } = await askWithPresentKeys(parts, c, () => ask(c))
      return new Response(body ?? null, { status, headers })
    },
  }
}

/** Another process may have made a new key. Of that only a token is a sign that names a key which is not known here. */
async function askWithPresentKeys(
  parts: Parts,
  c: RequestContext,
  ask: () => Promise<ForwardAuthAnswer>,
): Promise<ForwardAuthAnswer> {
  const { keys } = parts
  const answer = await ask()
  if (answer.status !== 401 || !tokensOf(c).some((token) => namesUnknownKey(parts, token))) return answer
  await parts.latestAccessTokens()
  return parts.keys === keys ? answer : ask()
}

/** The access tokens that came: the one in the header, or those in cookies. */
function tokensOf(c: RequestContext): readonly string[] {
  const token = bearerToken(c.req)
  if (token !== undefined) return [token]
  const cookies = readCookies(c.req.header('cookie'))
  return cookies.filter(({ kind }) => kind === 'at').map(({ value }) => value)
}

function namesUnknownKey({ accessTokens }: Parts, token: string): boolean {
  const verified = accessTokens.verify(token)
  return 'refusal' in verified && !verified.isKeyKnown
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
