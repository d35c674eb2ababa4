/**
 * Guards the routes of an application that has the server in its own process, mostly one that renders pages: who is behind a
 * request, by a server-side session, or by an access token. The session is looked up each time, so a logout is seen by the next
 * request. Requests that change something are checked for where they come from, when it is a cookie that speaks for them.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { FetchRequestView, NodeRequestView } from '@countersign/resource-server'
import type { AuthenticationOutcome, SignedIn } from './http/authorization.ts'
import type { RequestHead } from './http/endpoint.ts'
import type { AuthorizationServer } from './server.ts'

export interface SessionGuardOptions {
  /** Lets requests of nobody go on too; `findSignedIn` then finds nothing. @default false */
  readonly optional?: boolean
  /** Where to send people who ask for a page and are not signed in, such as `/sign-in`. @default they get 401 */
  readonly redirectTo?: string
}

/** Middleware of Express and Connect, and a check for handlers of the Fetch kind. */
export interface SessionGuard {
  (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void
  /**
   * Checks a request, for Fetch handlers: answers with who it is from, with nothing for nobody where that is permitted, or with the response to send.
   */
  check(request: Request): Promise<SignedIn | undefined | Response>
}

const signedIn = new WeakMap<object, SignedIn>()

/**
 * Creates a guard.
 *
 * @example
 * app.use('/account', sessionGuard(server, { redirectTo: '/sign-in' }))
 * app.get('/account', (request, response) => response.send(`Hello ${getSignedIn(request).user.email}`))
 * @throws TypeError for a redirect that leads to another site
 */
export function sessionGuard(
  server: Pick<AuthorizationServer, 'authenticate'>,
  { optional = false, redirectTo }: SessionGuardOptions = {},
): SessionGuard {
  if (redirectTo !== undefined && !/^\/(?![/\\])[\x21-\x7e]*$/.test(redirectTo))
    throw new TypeError('sessionGuard: redirectTo: give a path of this site, such as "/sign-in"')

  async function decide(request: RequestHead): Promise<AuthenticationOutcome | undefined> {
    const outcome = await server.authenticate(request)
    if ('user' in outcome || outcome.status !== 401) return outcome
    if (optional) return undefined
    const isPage = request.method === 'GET' && request.header('accept')?.includes('text/html') === true
    if (redirectTo === undefined || !isPage) return outcome
    return { status: 303, headers: { location: redirectTo, 'cache-control': 'no-store' }, body: '' }
  }

  const middleware = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void => {
    decide(new NodeRequestView(request)).then((outcome) => {
      if (outcome === undefined) return next()
      if ('user' in outcome) {
        signedIn.set(request, outcome)
        // A page for one user is no other's; the application may say something else.
        response.setHeader('cache-control', 'no-store')
        return next()
      }
      // A time-out of the application may have answered already.
      if (!response.headersSent) response.writeHead(outcome.status, outcome.headers).end(outcome.body)
    }, next)
  }

  async function check(request: Request): Promise<SignedIn | undefined | Response> {
    const outcome = await decide(new FetchRequestView(request))
    return outcome === undefined || 'user' in outcome ? outcome : new Response(outcome.body, outcome)
  }

  return Object.assign(middleware, { check })
}

/** Finds who a request is from, behind `sessionGuard`; nothing where that is `optional`. */
export function findSignedIn(request: object): SignedIn | undefined {
  return signedIn.get(request)
}

/** Gets who a request is from, behind `sessionGuard`. @throws TypeError if no guard let it through, or it is from nobody */
export function getSignedIn(request: object): SignedIn {
  const found = signedIn.get(request)
  if (found === undefined)
    throw new TypeError(
      'getSignedIn: put sessionGuard(…) in front of this route, or ask findSignedIn where it is optional',
    )
  return found
}
