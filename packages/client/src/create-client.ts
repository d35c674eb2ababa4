/** The client: what an application calls. It reads downward: authorized-fetch.ts, refresher.ts, auth-server.ts. */
import { type AccessToken, remainingLifetime } from './access-token.ts'
import { type Credentials, createAuthServer, type RegisteredUser, type Registration } from './auth-server.ts'
import { type AuthorizedFetch, createAuthorizedFetch } from './authorized-fetch.ts'
import { ClientError, isTrouble } from './client-error.ts'
import { createLock } from './lock.ts'
import { type ClientOptions, resolveOptions } from './options.ts'
import { createRecord } from './refresh-token-record.ts'
import { createRefresher } from './refresher.ts'
import { createRenewal } from './renewal.ts'
import { createSession, outlasts, type Session } from './session.ts'
import { createSiblings, type SiblingMessage } from './siblings.ts'
import { createTurns } from './turns.ts'

/** Signs in and out, and sends requests as the user who is signed in. Its functions may be passed on by themselves. */
export interface Client {
  /** Signs in; replaces whoever was signed in. @throws ClientError */
  login(credentials: Credentials): Promise<Session>
  /** Makes an account, and signs nobody in. @throws ClientError */
  register(registration: Registration): Promise<RegisteredUser>
  /**
   * Signs out: here and in sibling tabs at once, then at the server.
   * @throws ClientError when the server cannot be told. In cookie mode the cookie is then still there: call it again.
   */
  logout(): Promise<void>
  /**
   * Sends a request, with the access token if it goes to one of `apiOrigins`; sends it again after a 401 if a refresh helps and the body is
   * no stream. Follows no redirect with a token, unless `redirect: 'follow'` is said.
   * @throws ClientError besides what `fetch` throws
   */
  readonly fetch: AuthorizedFetch
  /** Gives an access token that is valid, or `undefined` for nobody. @throws ClientError when there is none to be had just now */
  getAccessToken(options?: AccessTokenOptions): Promise<string | undefined>
  /** Who is signed in, as far as this page knows. */
  readonly session: Session
  /** Calls a listener after each change of `session`, until the function that it returns is called. Asks the server if nobody has. */
  onChange(listener: (session: Session) => void): () => void
  /** Ends timers, listening, and requests under way. The session lives on. */
  close(): void
}

/** Which access token is good enough. */
export interface AccessTokenOptions {
  /** Seconds that it must have left. @default 10 */
  readonly minimumLifetime?: number | undefined
}

const logoutTries = 3

/**
 * Makes a client of an authorization server.
 * @throws TypeError for options that cannot be
 * @example
 * const auth = createClient({ issuer: 'https://login.example.com' })
 * await auth.login({ email, password })
 * const orders = await auth.fetch('/api/orders')
 */
export function createClient(options: ClientOptions): Client {
  const settings = resolveOptions(options)
  const { environment, storage } = settings
  const record = storage && createRecord(storage)
  const server = createAuthServer(settings)
  const acts = createTurns()
  const isUnknown = record === undefined || options.storage !== undefined
  const session = createSession({ status: isUnknown ? 'unknown' : 'signed-out' }, () => renewal.plan())
  const siblings = createSiblings(settings, receive)
  const lock = createLock(settings)
  const refresher = createRefresher({ environment, session, server, record, siblings, lock, acts })
  const renewal = createRenewal(environment, session, refresher, siblings)
  let unconfirmed: string | undefined
  let isClosed = false
  const isNobody = () => session.shown.status === 'signed-out'
  siblings.join()

  /** Follows what concerns the session that is here, and a newer login; anything else is a reason to ask the server. */
  function receive(message: SiblingMessage): void {
    if (message.kind === 'token') hearOfToken(message.token, message.isLogin)
    else hearOfLogout(message.sid)
  }

  function hearOfToken(token: AccessToken, isLogin: boolean): void {
    const own = session.token
    if (own?.sid === token.sid) {
      if (outlasts(token, own, environment)) session.renew(token)
    } else if (isLogin && isNewer(token, own)) follow(() => session.begin(token))
    else if (session.shown.status !== 'unknown') refresher.verify()
  }

  function hearOfLogout(sid: string | undefined): void {
    if (sid !== undefined && session.token?.sid === sid) follow(session.end)
    else if (!isNobody()) refresher.verify()
  }

  function follow(change: () => void): void {
    refresher.interrupt()
    change()
  }

  /** Logins and logouts happen one after the other, and no refresh happens during one. */
  function inTurn<Result>(act: () => Promise<Result>): Promise<Result> {
    return acts.take(() => {
      if (isClosed) throw new ClientError('closed')
      refresher.interrupt()
      return act()
    })
  }

  async function getToken(minimumLifetime: number): Promise<AccessToken | undefined> {
    const held = session.token
    if (held && remainingLifetime(held, environment) >= minimumLifetime) return held
    if (isNobody()) return undefined
    if (isClosed) throw new ClientError('closed')
    const failure = await refresher.wait().catch((error: unknown) => error)
    const { token } = session
    if (token && remainingLifetime(token, environment) > 0) return token
    if (isNobody()) return undefined
    throw failure ?? new ClientError(isClosed ? 'closed' : 'network_error')
  }

  /** A cookie that a login elsewhere has replaced ends the tries: its session must not be the one that is ended. */
  async function tellServer(refreshToken: string | undefined): Promise<void> {
    const { epoch } = session
    for (let count = 1; refreshToken || session.epoch === epoch; count++) {
      try {
        return await server.logout(refreshToken)
      } catch (error) {
        if (count === logoutTries || !(error instanceof ClientError) || !isTrouble(error)) throw error
        const pause = environment.random() * 500 * 2 ** count
        await new Promise<void>((resolve) => void environment.setTimeout(resolve, pause))
      }
    }
  }

  return {
    login: (credentials) =>
      inTurn(async () => {
        const { accessToken, refreshToken } = await server.login(credentials)
        await record?.put(refreshToken, accessToken.sid)
        session.begin(accessToken)
        siblings.tellToken(accessToken, true)
        return session.shown
      }),
    register: (registration) => server.register(registration),
    logout: () =>
      inTurn(async () => {
        const sid = session.token?.sid
        unconfirmed = (await record?.clear()) ?? unconfirmed
        session.end()
        siblings.tellSignedOut(sid)
        if (record !== undefined && unconfirmed === undefined) return
        await tellServer(unconfirmed)
        unconfirmed = undefined
        siblings.tellSignedOut(sid)
      }),
    fetch: createAuthorizedFetch(settings, session, refresher, () => getToken(10)),
    getAccessToken: async ({ minimumLifetime = 10 } = {}) => (await getToken(minimumLifetime))?.text,
    get session() {
      return session.shown
    },
    onChange(listener) {
      if (session.shown.status === 'unknown') refresher.refresh().catch(() => {})
      return session.onChange(listener)
    },
    close() {
      isClosed = true
      refresher.close()
      renewal.close()
      siblings.leave()
    },
  }
}

/** Of two logins the later one counts, and of two in one second the same one in every tab. */
function isNewer(token: AccessToken, own: AccessToken | undefined): boolean {
  if (own === undefined || token.authTime !== own.authTime) return token.authTime > (own?.authTime ?? -1)
  return token.sid > own.sid
}
