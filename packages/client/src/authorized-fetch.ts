/**
 * `fetch` with the access token: which requests get it, and what a 401 means. A request goes out at most twice, and never as another user
 * than the one who was signed in when it was begun.
 */
import type { AccessToken } from './access-token.ts'
import { ClientError } from './client-error.ts'
import type { Settings } from './options.ts'
import type { Refresher } from './refresher.ts'
import type { SessionHolder, StepUp } from './session.ts'

/** `fetch`, for the APIs of the client. */
export type AuthorizedFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** @param getToken the token to send; none for nobody */
export function createAuthorizedFetch(
  { environment, apiOrigins, base }: Settings,
  session: SessionHolder,
  refresher: Pick<Refresher, 'wait'>,
  getToken: () => Promise<AccessToken | undefined>,
): AuthorizedFetch {
  /** Decides what a refused request is worth: returns the token to send it with once more, or none. */
  async function reconsider(response: Response, sent: AccessToken): Promise<AccessToken | undefined> {
    const stepUp = await readStepUp(response)
    if (stepUp !== undefined && session.token?.authTime === sent.authTime) {
      if (session.token.sid === sent.sid) session.requireStepUp(stepUp)
      return undefined
    }
    // Another request, or a sibling, may have brought a newer one meanwhile.
    if (session.token === sent) await refresher.wait().catch(() => {})
    const { token } = session
    return token !== sent && token?.userId === sent.userId ? token : undefined
  }

  return async (input, init) => {
    const target = input instanceof Request ? input : new URL(input, base())
    const { origin } = new URL(target instanceof Request ? target.url : target)
    const headers = new Headers(init?.headers ?? (target instanceof Request ? target.headers : {}))
    const sendPlain = () => environment.fetch(new Request(target, init))
    if (!apiOrigins.has(origin) || headers.has('authorization')) return sendPlain()

    async function send({ text }: AccessToken): Promise<Response> {
      headers.set('authorization', `Bearer ${text}`)
      const redirect = redirectOf(target, init)
      const response = await environment.fetch(
        new Request(target, { ...init, headers, redirect: redirect ?? 'manual' }),
      )
      if (redirect === undefined && isRedirect(response)) throw new ClientError('redirect_refused')
      return response
    }

    const userId = session.token?.userId
    const token = await getToken()
    if (token === undefined) return sendPlain()
    if (userId !== undefined && token.userId !== userId) throw new ClientError('session_changed')
    const response = await send(token)
    const newer = response.status === 401 ? await reconsider(response, token) : undefined
    if (newer === undefined || !isRepeatable(target, init)) return response
    await response.body?.cancel()
    const second = await send(newer)
    const stepUp = second.status === 401 ? await readStepUp(second) : undefined
    if (stepUp !== undefined && session.token === newer) session.requireStepUp(stepUp)
    return second
  }
}

/** A page cannot see where a redirect leads, and not every engine takes the token out on the way to another origin. */
function redirectOf(target: URL | Request, init: RequestInit | undefined): RequestInit['redirect'] {
  if (init?.redirect !== undefined) return init.redirect
  return target instanceof Request && target.redirect !== 'follow' ? target.redirect : undefined
}

function isRedirect({ type, status }: Response): boolean {
  return type === 'opaqueredirect' || [301, 302, 303, 307, 308].includes(status)
}

/** A stream can be sent once; the body of a Request may be one, and does not say. */
function isRepeatable(target: URL | Request, init: RequestInit | undefined): boolean {
  const body: unknown = init?.body ?? (target instanceof Request ? target.body : undefined)
  return typeof body !== 'object' || body === null || !('getReader' in body || Symbol.asyncIterator in body)
}

/** Reads a wish for a more recent or stronger sign-in out of a 401 (RFC 9470 §3), or out of its body where CORS hides the header. */
async function readStepUp(response: Response): Promise<StepUp | undefined> {
  const code = 'insufficient_user_authentication'
  const challenge = response.headers.get('www-authenticate')
  if (challenge === null) {
    if (!/^application\/problem\+json\b/.test(response.headers.get('content-type') ?? '')) return undefined
    const problem: unknown = await response
      .clone()
      .json()
      .catch(() => {})
    return Object(problem).code === code ? {} : undefined
  }
  if (!challenge.includes(code)) return undefined
  const acrValues = /\bacr_values="([^"]*)"/.exec(challenge)?.[1]
  const maxAge = /\bmax_age="?(\d+)/.exec(challenge)?.[1]
  return { ...(acrValues !== undefined && { acrValues }), ...(maxAge !== undefined && { maxAge: Number(maxAge) }) }
}
