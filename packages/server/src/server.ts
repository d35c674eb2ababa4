/**
 * The authorization server: every path on one screen. A row leads to its endpoint, the endpoint to its grant, the grant to one
 * transition of the store.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { pino } from 'pino'
import type { Accounts } from './accounts/accounts.ts'
import { adaptAccounts } from './accounts/adapted-accounts.ts'
import { createBuiltInAccounts } from './accounts/built-in-accounts.ts'
import { createPasswordHasher } from './accounts/password-hasher.ts'
import { healthz, readyz } from './endpoints/health.ts'
import { jwks } from './endpoints/jwks.ts'
import { login } from './endpoints/login.ts'
import { logout } from './endpoints/logout.ts'
import { logoutAll } from './endpoints/logout-all.ts'
import { metadata } from './endpoints/metadata.ts'
import { openapi } from './endpoints/openapi.ts'
import { changePassword } from './endpoints/password.ts'
import { deleteProfile, profile } from './endpoints/profile.ts'
import { refresh } from './endpoints/refresh.ts'
import { register } from './endpoints/register.ts'
import { endSession, listSessions } from './endpoints/sessions.ts'
import type { Endpoint, RequestEnv, Route } from './http/endpoint.ts'
import { createRouter, type Router } from './http/router.ts'
import type { AuthorizationServerOptions } from './options.ts'
import { apiPage, apiPageFile, apiPageScript } from './pages/api-page.ts'
import type { Parts } from './parts.ts'
import { resolveOptions, type Settings } from './settings.ts'
import { assertClaimNames, createAccessTokens } from './tokens/access-token.ts'
import { loadKeys } from './tokens/keys.ts'
import { createSeal } from './tokens/seal.ts'

function routes(parts: Parts): Route[] {
  const { accounts, settings } = parts
  const auth = settings.routePrefix
  const refreshEndpoint = refresh(parts)

  const api = [
    ...when(accounts.register, (act) => post(`${auth}/register`, register(act))),
    post(`${auth}/login`, login(parts)),
    post(`${auth}/refresh`, refreshEndpoint),
    post('/auth/refresh', { ...refreshEndpoint, hidden: true }),
    post('/token/refresh', { ...refreshEndpoint, hidden: true }),
    post(`${auth}/logout`, logout(parts)),
    post(`${auth}/logout-all`, logoutAll(parts)),
    get(`${auth}/sessions`, listSessions(parts)),
    del(`${auth}/sessions/:sid`, endSession(parts)),
    ...when(accounts.changePassword, (act) => post(`${auth}/password`, changePassword(parts, act))),
    get('/api/users/profile', profile(parts)),
    get(`${auth}/me`, profile(parts)),
    ...when(accounts.deleteAccount, (act) => del('/api/users/profile', deleteProfile(parts, act))),
    get('/.well-known/jwks.json', jwks(parts)),
    get('/.well-known/oauth-authorization-server', metadata(parts)),
    get('/healthz', healthz),
    get('/readyz', readyz(parts)),
  ]
  const { issuer } = settings
  const base = new URL(issuer).pathname.replace(/\/$/, '')
  return [
    ...api,
    get('/openapi.json', openapi(api, issuer)),
    get('/docs/api', apiPage(base)),
    get('/docs/api/start.js', apiPageScript(base)),
    get('/docs/api/swagger-ui.css', apiPageFile('swagger-ui.css')),
    get('/docs/api/swagger-ui-bundle.js', apiPageFile('swagger-ui-bundle.js')),
  ]
}

const get = (path: string, endpoint: Endpoint): Route => ({ method: 'GET', path, endpoint })
const post = (path: string, endpoint: Endpoint): Route => ({ method: 'POST', path, endpoint })
const del = (path: string, endpoint: Endpoint): Route => ({ method: 'DELETE', path, endpoint })

/** A row for what the accounts adapter can do. */
function when<Act>(act: Act | undefined, row: (act: Act) => Route): Route[] {
  return act === undefined ? [] : [row(act)]
}

/** An authorization server, mounted by handing it requests. */
export interface AuthorizationServer {
  /** Answers a request; `env.incoming` is Node's own request, where there is one. Never rejects. */
  fetch(request: Request, env?: Pick<RequestEnv['Bindings'], 'incoming'>): Promise<Response>
  /** Tells whether there is an endpoint at a path, so that a request for another can go on to the application. */
  answers(path: string): Promise<boolean>
  /** Resolves once the keys are there; every request waits for it. @throws Error when they cannot be had. */
  ready(): Promise<void>
  /**
   * Sets the roles or the further claims of a user of the built-in accounts; the next login or refresh has them.
   * @throws TypeError for a claim name that an application cannot set
   */
  updateAccount(
    userId: string,
    change: { readonly roles?: readonly string[]; readonly claims?: Readonly<Record<string, unknown>> },
  ): Promise<'updated' | 'unknown'>
}

/**
 * Creates an authorization server.
 *
 * @example
 * const server = createAuthorizationServer({ issuer: 'https://auth.example.com', store: openSqliteStore({ path }), masterKey })
 * const response = await server.fetch(request)
 * @throws OptionsError (a TypeError) that lists every bad option
 */
export function createAuthorizationServer(options: AuthorizationServerOptions): AuthorizationServer {
  const settings = resolveOptions(options)
  const { log = pino({ level: 'info' }), store } = options
  let router: Promise<Router> | undefined

  /** Keys are loaded once; after a failure, such as a store that is away, the next request tries again. */
  function getRouter(): Promise<Router> {
    router ??= assemble(options, settings)
      .then((parts) => createRouter(routes(parts), parts))
      .catch((error) => {
        router = undefined
        throw error
      })
    return router
  }

  return {
    async fetch(request, env = {}) {
      const arrivedAt = store.estimateNow()
      try {
        return await (await getRouter()).fetch(request, env.incoming, arrivedAt)
      } catch (error) {
        log.error({ err: error }, 'the server cannot start')
        return new Response(null, { status: 503, headers: { 'retry-after': '1' } })
      }
    },
    async answers(path) {
      return (await getRouter()).answers(path)
    },
    async ready() {
      await getRouter()
    },
    async updateAccount(userId, change) {
      assertClaimNames(change.claims ?? {}, settings.allowPersonalClaims)
      return (await store.updateAccount(userId, change)).outcome
    },
  }
}

async function assemble(options: AuthorizationServerOptions, settings: Settings): Promise<Parts> {
  const { store, log = pino({ level: 'info' }), sleep = setTimeout, random = randomBytes } = options
  const keys = await loadKeys({
    store,
    seal: createSeal(settings.masterKey),
    alg: settings.alg,
    secrets: settings.secrets,
    random,
  })
  const now = () => store.estimateNow()
  const accessTokens = createAccessTokens({
    settings,
    keys,
    random,
    sleep: async (time) => void (await sleep(time)),
    now,
  })
  return { settings, store, accounts: resolveAccounts(options, random), keys, accessTokens, log, random }
}

function resolveAccounts(
  { accounts, store, passwordHashing }: AuthorizationServerOptions,
  random: Parts['random'],
): Accounts {
  if (accounts !== undefined) return adaptAccounts(accounts, store)
  const newUserId = () => `usr_${Buffer.from(random(16)).toString('base64url')}`
  return createBuiltInAccounts({ store, hasher: createPasswordHasher(passwordHashing), newUserId })
}
