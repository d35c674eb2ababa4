import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Contender, Place, Requests, ServerSessionRequests } from '../contender.ts'
import { tokenRequests } from '../token-requests.ts'

const packages = join(import.meta.dirname, '..', '..', '..', 'packages')

const paths = {
  register: '/api/auth/register',
  login: '/api/auth/login',
  refresh: '/api/auth/refresh',
  profile: '/api/users/profile',
}

const serverSession: ServerSessionRequests = {
  async open(client, account) {
    const body = { ...account, mode: 'session', transport: 'bearer' }
    const { sessionToken } = JSON.parse((await client.ask({ method: 'POST', path: paths.login, body }, 200)).body)
    if (typeof sessionToken === 'string') return sessionToken
    throw new Error('The answer to a login holds no session token.')
  },
  async check(client, token) {
    const headers = { authorization: `Bearer ${token}` }
    await client.ask({ method: 'GET', path: paths.profile, headers }, 200)
  },
}

const requests: Requests = { ...tokenRequests(paths), serverSession }

function environment({ port, folder }: Place): Record<string, string> {
  return {
    PORT: String(port),
    COUNTERSIGN_ISSUER: `http://127.0.0.1:${port}`,
    COUNTERSIGN_AUDIENCE: 'https://api.example.com',
    COUNTERSIGN_DATA_DIR: folder,
    COUNTERSIGN_SIGNING_ALG: 'ES256',
    COUNTERSIGN_MASTER_KEY: masterKey,
    // All accounts and thieves come from one address. Nothing is switched off: each login is looked up and each failure counted.
    // Few accounts sign in over and over, and their sessions are to stay.
    COUNTERSIGN_MAX_SESSIONS_PER_USER: '1000',
    COUNTERSIGN_RATE_LIMITS: JSON.stringify({ registrationPerNetwork: '1000000/1h', refreshPerToken: '1000000/1h' }),
  }
}

const masterKey = randomBytes(32).toString('base64url')

/** The server as it is published and run: built, `countersign start`. */
export const countersign: Contender = {
  name: 'Countersign',
  command: [join(packages, 'cli', 'dist', 'main.js'), 'start'],
  environment,
  healthPath: '/healthz',
  requests,
}

/** How long `countersignRotating` takes a replaced refresh token that comes back for a retry, milliseconds. */
export const leeway = 3000

/** How long a session of `countersignRotating` keeps its refresh token, milliseconds. */
export const holdTime = 4 * leeway

/** The same with the shortest hold, so that a refresh rotates after seconds instead of a minute. */
export const countersignRotating: Contender = {
  ...countersign,
  environment: (place) => ({
    ...environment(place),
    COUNTERSIGN_REFRESH_LEEWAY: String(leeway / 1000),
    COUNTERSIGN_REFRESH_TIMEOUT: '1',
  }),
}

/** The server as `npm start` runs it: from source, with the options and the compile cache that its launcher sets. */
export const countersignFromSource: Contender = {
  ...countersign,
  name: 'Countersign from source',
  command: [
    '--conditions=@countersign/source',
    '--max-semi-space-size=4',
    join(packages, 'server', 'src', 'main.ts'),
    'dev',
  ],
  environment: ({ port, folder }) => ({
    PORT: String(port),
    COUNTERSIGN_DATA_DIR: join(folder, 'data'),
    NODE_COMPILE_CACHE: join(folder, 'compile'),
  }),
}
