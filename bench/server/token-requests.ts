import type { Requests, Session } from './contender.ts'

interface Paths {
  register: string
  login: string
  refresh: string
  profile: string
}

/** Makes the requests of a server that gives an access token and a refresh token as JSON, at paths of its own. */
export function tokenRequests(paths: Paths): Requests {
  return {
    async register(client, account) {
      await client.ask({ method: 'POST', path: paths.register, body: account }, 201)
    },
    async login(client, account) {
      return parseSession((await client.ask({ method: 'POST', path: paths.login, body: account }, 200)).body)
    },
    async refresh(client, { refreshToken }) {
      return parseSession((await client.ask({ method: 'POST', path: paths.refresh, body: { refreshToken } }, 200)).body)
    },
    async profile(client, { accessToken }) {
      await client.ask({ method: 'GET', path: paths.profile, headers: { authorization: `Bearer ${accessToken}` } }, 200)
    },
  }
}

function parseSession(body: string): Session {
  const { accessToken, refreshToken } = JSON.parse(body)
  if (typeof accessToken === 'string' && typeof refreshToken === 'string') return { accessToken, refreshToken }
  throw new Error('An answer to a login or a refresh holds no tokens.')
}
