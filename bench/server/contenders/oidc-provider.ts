import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { Contender, Session } from '../contender.ts'
import type { HttpClient } from '../http-client.ts'
import { asJavaScript } from '../peer-program.ts'
import { startRedis } from '../redis.ts'

const clientSecret = randomBytes(32).toString('base64url')
const signingKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
const authorization = `Basic ${Buffer.from(`bench:${clientSecret}`).toString('base64')}`

/** A login at its pages is what an application makes of it; here it hands out tokens as one would after that. */
export const oidcProvider: Contender = {
  name: 'oidc-provider',
  opensSessionsWithoutPassword: true,
  command: [asJavaScript('oidc-provider.ts')],
  startDatabase: startRedis,
  environment: ({ port, databasePort }) => ({
    NODE_ENV: 'production',
    PORT: String(port),
    REDIS_PORT: String(databasePort),
    CLIENT_SECRET: clientSecret,
    SIGNING_KEY: JSON.stringify(signingKey),
  }),
  healthPath: '/healthz',
  requests: {
    async register(client, { email }) {
      await client.ask({ method: 'POST', path: `/bench/accounts?email=${encodeURIComponent(email)}` }, 201)
    },
    login: (client, { email }) => openSession(client, email),
    async refresh(client, { refreshToken }) {
      const form = { grant_type: 'refresh_token', refresh_token: refreshToken }
      const answer = await client.ask({ method: 'POST', path: '/token', headers: { authorization }, form }, 200)
      const { access_token, refresh_token } = JSON.parse(answer.body)
      return readSession(access_token, refresh_token)
    },
    async profile(client, { accessToken }) {
      await client.ask({ method: 'GET', path: '/me', headers: { authorization: `Bearer ${accessToken}` } }, 200)
    },
    serverSession: {
      async open(client, { email }) {
        return (await openSession(client, email)).accessToken
      },
      async check(client, token) {
        const question = { method: 'POST', path: '/token/introspection', headers: { authorization } } as const
        const { body } = await client.ask({ ...question, form: { token } }, 200)
        if (JSON.parse(body).active !== true) throw new Error('oidc-provider does not know the access token.')
      },
    },
  },
}

async function openSession(client: HttpClient, email: string): Promise<Session> {
  const question = { method: 'POST', path: `/bench/sessions?email=${encodeURIComponent(email)}` } as const
  const { accessToken, refreshToken } = JSON.parse((await client.ask(question, 200)).body)
  return readSession(accessToken, refreshToken)
}

function readSession(accessToken: unknown, refreshToken: unknown): Session {
  if (typeof accessToken === 'string' && typeof refreshToken === 'string') return { accessToken, refreshToken }
  throw new Error('An answer of oidc-provider holds no tokens.')
}
