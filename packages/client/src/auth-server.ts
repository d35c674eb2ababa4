/** The four endpoints of the authorization server that the client calls: what is sent, and what an answer means. */
import { type AccessToken, readAccessToken } from './access-token.ts'
import { ClientError, isErrorCode, type RefusedMember } from './client-error.ts'
import type { Settings } from './options.ts'

/** What a login takes. */
export interface Credentials {
  readonly email: string
  readonly password: string
  /** Scopes, separated by spaces, to which the access tokens are held. @default all that the user has */
  readonly scope?: string | undefined
  /** For whom the access tokens are. @default the first audience of the server */
  readonly audience?: string | undefined
}

/** What a registration takes. */
export type Registration = Pick<Credentials, 'email' | 'password'>

/** The account that a registration made, or pretends to have made when the address was known. */
export interface RegisteredUser {
  readonly id: string
  readonly email: string
}

/** What a login or refresh gives. */
interface Tokens {
  readonly accessToken: AccessToken
  /** In bearer mode; may be the one that was sent. */
  readonly refreshToken: string
}

/** Calls the authorization server. Every method throws ClientError. */
export interface AuthServer {
  register(registration: Registration): Promise<RegisteredUser>
  login(credentials: Credentials): Promise<Tokens>
  /** @param refreshToken none in cookie mode */
  refresh(refreshToken: string | undefined, signal: AbortSignal): Promise<Tokens>
  logout(refreshToken: string | undefined): Promise<void>
}

interface Answer {
  readonly status: number
  readonly json: Readonly<Record<string, unknown>>
  readonly retryAfter: number | undefined
}

interface Call {
  readonly body?: object | undefined
  /** Milliseconds for request and answer together. */
  readonly limit?: number
  readonly signal?: AbortSignal
  /** Whether the request is to outlive the page. */
  readonly keepalive?: boolean
}

/** How long a client waits for a refresh; the server changes nothing after that. */
const refreshLimit = 7000
const longestLogin = 30_000

/** Speaks to the server in the mode of the client. */
export function createAuthServer({ endpoint, mode, environment }: Settings): AuthServer {
  const isBearer = mode === 'bearer'

  async function send(request: Request): Promise<Answer> {
    const response = await environment.fetch(request)
    const json = parseObject(await response.text())
    return { status: response.status, json, retryAfter: readRetryAfter(response, environment.now) }
  }

  async function post(path: string, { body, limit = refreshLimit, signal, keepalive = false }: Call): Promise<Answer> {
    const controller = new AbortController()
    // Not every fetch ends when it is told to.
    const aborted = new Promise<never>((_, reject) => controller.signal.addEventListener('abort', reject))
    const abort = () => controller.abort()
    const timer = environment.setTimeout(abort, limit)
    signal?.addEventListener('abort', abort)
    if (signal?.aborted) abort()
    try {
      const request = new Request(endpoint(path), {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-requested-with': 'countersign' },
        body: body ? JSON.stringify(body) : null,
        credentials: isBearer ? 'omit' : 'include',
        // A redirect would carry a password or a refresh token to wherever it leads.
        redirect: 'error',
        cache: 'no-store',
        keepalive,
        signal: controller.signal,
      })
      return await Promise.race([send(request), aborted])
    } catch {
      throw new ClientError('network_error')
    } finally {
      environment.clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
  }

  function toTokens(answer: Answer): Tokens {
    const { accessToken: text, expiresIn, refreshToken } = answer.json
    const accessToken = answer.status === 200 ? readAccessToken(text, expiresIn, environment) : undefined
    if (accessToken === undefined || (isBearer && typeof refreshToken !== 'string')) throw refusal(answer)
    return { accessToken, refreshToken: String(refreshToken) }
  }

  return {
    async register({ email, password }) {
      const answer = await post('register', { body: { email, password }, limit: longestLogin })
      if (answer.status !== 201) throw refusal(answer)
      return answer.json.user as RegisteredUser
    },
    login: async ({ email, password, scope, audience }) =>
      toTokens(await post('login', { body: { email, password, mode, scope, audience }, limit: longestLogin })),
    refresh: async (refreshToken, signal) => toTokens(await post('refresh', { body: bodyOf(refreshToken), signal })),
    async logout(refreshToken) {
      const answer = await post('logout', { body: bodyOf(refreshToken), keepalive: true })
      if (answer.status !== 204) throw refusal(answer)
    },
  }
}

function bodyOf(refreshToken: string | undefined): object | undefined {
  return refreshToken === undefined ? undefined : { refreshToken }
}

/** Says what an answer means that is not the one hoped for: a refusal in our words, or trouble. */
function refusal({ status, json, retryAfter }: Answer): ClientError {
  if (status === 429) return new ClientError('too_many_requests', { retryAfter })
  if (status >= 500) return new ClientError('temporarily_unavailable', { retryAfter })
  const { code, errors } = json
  const members = Array.isArray(errors) ? (errors as RefusedMember[]) : []
  return new ClientError(status >= 400 && isErrorCode(code) ? code : 'unexpected_answer', { members })
}

/** Reads Retry-After, which is seconds or a date (RFC 9110 §10.2.3). */
function readRetryAfter({ headers }: Response, now: () => number): number | undefined {
  const text = headers.get('retry-after') ?? ''
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - now()) / 1000
  return seconds >= 0 ? Math.min(seconds, 300) : undefined
}

function parseObject(text: string): Answer['json'] {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}
