import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Contender, Session } from '../contender.ts'
import { type Answer, type HttpClient, UnwantedAnswer } from '../http-client.ts'
import { asJavaScript } from '../peer-program.ts'

const secret = randomBytes(32).toString('base64url')

/** Its session cookie stands for both tokens: it has no other. */
export const betterAuth: Contender = {
  name: 'better-auth',
  command: [asJavaScript('better-auth.ts')],
  environment: ({ port, folder }) => ({
    NODE_ENV: 'production',
    PORT: String(port),
    DATABASE: join(folder, 'better-auth.db'),
    BETTER_AUTH_SECRET: secret,
  }),
  healthPath: '/api/auth/ok',
  requests: {
    async register(client, account) {
      await client.ask({ method: 'POST', path: '/api/auth/sign-up/email', body: { ...account, name: 'Bench' } }, 200)
    },
    async login(client, account) {
      return readSession(await client.ask({ method: 'POST', path: '/api/auth/sign-in/email', body: account }, 200))
    },
    async refresh(client, session) {
      return readSession(await getSession(client, session, ''))
    },
    async profile(client, session) {
      await getSession(client, session, '?disableRefresh=true')
    },
    serverSession: {
      async open(client, account) {
        return (await betterAuth.requests.login(client, account)).refreshToken
      },
      async check(client, token) {
        await getSession(client, { refreshToken: token }, '?disableRefresh=true')
      },
    },
  },
}

/** Asks who is signed in; that alone renews the session unless the query forbids it. */
async function getSession(
  client: HttpClient,
  { refreshToken }: Pick<Session, 'refreshToken'>,
  query: string,
): Promise<Answer> {
  const question = { method: 'GET', path: `/api/auth/get-session${query}`, headers: { cookie: refreshToken } } as const
  const answer = await client.ask(question, 200)
  // What it answers instead of a 401 when it does not know the session.
  if (answer.body === 'null') throw new UnwantedAnswer(question, { status: 401, body: answer.body })
  return answer
}

function readSession({ headers }: Answer): Session {
  const cookie = headers['set-cookie']?.find((line) => line.includes('session_token='))?.split(';')[0]
  if (cookie === undefined) throw new Error('better-auth set no session cookie: nothing was renewed.')
  return { accessToken: cookie, refreshToken: cookie }
}
