/**
 * Answers the question of a reverse proxy: may this request go on, and who is it from? For nginx (`auth_request`), Caddy
 * (`forward_auth`) and Traefik (ForwardAuth), in front of applications that know nothing of tokens.
 *
 *   204  with the headers below, empty where there is nothing to say: they take the place of what the client sent
 *   401, 403, 400, 503, 500  as everywhere else; nginx makes 500 of all but 401 and 403
 *
 * What a location asks for stands in the query of the question: `/forward-auth?scope=orders:read&role=admin`. Nothing in it can
 * ask for less than a token: some proxies let the query of the client through (see docs/decisions/0017-forward-auth.md).
 */
import { AccessError } from '../access-error.ts'
import type { AccessTokenClaims, Auth } from '../auth.ts'
import type { ProtectionOptions } from '../options.ts'
import { createProtection } from '../protection.ts'
import type { RequestView } from '../request-view.ts'
import { createRequirementCheck, type RequirementCheck } from '../requirements.ts'

/** What `createForwardAuth` is told. */
export type ForwardAuthOptions = ProtectionOptions & {
  /**
   * Looks at an accepted token once more, such as whether its session has ended; `false` refuses it.
   * @default nothing more is looked at
   */
  readonly isLive?: (auth: Auth) => boolean | Promise<boolean>
}

/** What the proxy is answered. */
export interface ForwardAuthAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** Decides on the request that a proxy asks about. The query is that of the question, not of the request. */
export type ForwardAuth = (question: RequestView, query: URLSearchParams) => Promise<ForwardAuthAnswer>

/** The headers that tell the application who the request is from. A proxy has to remove what a client sent under these names. */
export const IDENTITY_HEADERS = [
  'x-auth-request-user',
  'x-auth-request-scope',
  'x-auth-request-roles',
  'remote-user',
  'remote-groups',
] as const

/**
 * Creates what answers a reverse proxy.
 *
 * @example
 * const forwardAuth = createForwardAuth({ issuer: 'https://login.example.com', audience: 'https://app.example.com' })
 * const { status, headers, body } = await forwardAuth(new NodeRequestView(request), query)
 * @throws TypeError that lists every bad option with its mend
 */
export function createForwardAuth({ isLive, ...options }: ForwardAuthOptions): ForwardAuth {
  const protection = createProtection<AccessTokenClaims>(options as ProtectionOptions)
  const refuse = (reason: string, code: 'invalid_token' | 'server_error'): ForwardAuthAnswer =>
    protection.refuse(new AccessError(code, { reason }))

  return async (question, query) => {
    let isMet: RequirementCheck | undefined
    try {
      isMet = readRequirements(query)
    } catch (error) {
      return refuse(`the question cannot be understood: ${(error as TypeError).message}`, 'server_error')
    }
    const decision = await protection.decide(new OriginalRequest(question), isMet)
    if (decision.outcome === 'refused') return decision.error
    const auth = decision.outcome === 'accepted' ? decision.auth : undefined
    if (auth !== undefined && isLive !== undefined && !(await isLive(auth)))
      return refuse('the session of the token is over', 'invalid_token')
    const headers = describeUser(auth)
    return headers === undefined
      ? refuse('the user, the scope or a role has characters that no header can carry', 'invalid_token')
      : { status: 204, headers, body: undefined }
  }
}

/** The request that the proxy asks about: its method is in a header. */
class OriginalRequest implements RequestView {
  readonly #question: RequestView

  constructor(question: RequestView) {
    this.#question = question
  }

  /**
   * Counts as one that can change something, unless the proxy says otherwise. Proxies set one of the headers and may leave the
   * other as the client sent it: where they differ, neither is believed.
   */
  get method(): string {
    const forwarded = this.header('x-forwarded-method')
    const original = this.header('x-original-method') ?? forwarded
    return original === undefined || (forwarded ?? original) !== original ? 'POST' : original
  }

  header(name: string): string | undefined {
    return this.#question.header(name)
  }
}

/**
 * Reads what the location asks for, if anything.
 *
 * @throws TypeError for a misspelt member, which would be a check that is left out
 */
function readRequirements(query: URLSearchParams): RequirementCheck | undefined {
  const names = [...new Set(query.keys())]
  if (names.length === 0) return undefined
  if (!names.every((name) => name === 'scope' || name === 'role'))
    throw new TypeError('the query has other members than scope and role')
  const scopes = query.getAll('scope').flatMap((value) => value.split(' '))
  const roles = query.getAll('role')
  return createRequirementCheck({ ...(scopes.length > 0 && { scopes }), ...(roles.length > 0 && { roles }) })
}

const HEADER_VALUE = /^[\x20-\x7e]*$/

function describeUser(auth: Auth | undefined): Record<string, string> | undefined {
  const { sub = '', scope = '', roles = [] } = auth?.claims ?? {}
  const list = Array.isArray(roles) ? roles : []
  if (list.some((role) => typeof role !== 'string' || role.includes(','))) return undefined
  const groups = list.join(',')
  const values = [sub, scope, groups, sub, groups]
  if (!values.every((value) => HEADER_VALUE.test(value))) return undefined
  const named = IDENTITY_HEADERS.map((name, index) => [name, values[index] ?? ''] as const)
  return { ...Object.fromEntries(named), 'cache-control': 'no-store' }
}
