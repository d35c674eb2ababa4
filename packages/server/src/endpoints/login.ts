import { z } from 'zod'
import { signIn } from '../grants/password.ts'
import { clientAddress } from '../http/client-address.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { readJson } from '../http/json-body.ts'
import type { Parts } from '../parts.ts'
import { audience, email, password, scope, tokenAnswer } from './shapes.ts'

const body = z.object({
  email,
  password,
  mode: z.literal('bearer').optional().meta({ description: 'How the refresh token travels.' }),
  scope: scope.optional(),
  audience: audience.optional(),
})

/** POST …/login: exchanges e-mail address and password for tokens. */
export function login(parts: Parts): Endpoint {
  return {
    summary: 'Sign in with e-mail address and password',
    body,
    answers: { 200: { description: 'An access token and a refresh token.', body: tokenAnswer } },
    refusals: ['invalid_credentials', 'temporarily_unavailable'],
    async handle(c) {
      const request = await readJson(c, body)
      const peer = c.env.incoming?.socket.remoteAddress
      const answer = await signIn(parts, {
        email: request.email,
        password: request.password,
        scope: request.scope,
        audience: request.audience,
        userAgent: c.req.header('user-agent')?.slice(0, 256) ?? null,
        ip: clientAddress(peer, c.req.header('x-forwarded-for') ?? null, parts.settings.trustedProxies),
      })
      return c.json(answer)
    },
  }
}
