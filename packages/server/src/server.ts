/**
 * The authorization server: every path on one screen. A row leads to its endpoint, the endpoint to its grant, the grant to one
 * transition of the store.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { assertAccountChange } from './accounts/account-change.ts'
import type { KnownAccounts } from './accounts/accounts.ts'
import { adaptAccounts } from './accounts/adapted-accounts.ts'
import { createBuiltInAccounts, makeUserId } from './accounts/built-in-accounts.ts'
import { createLimits } from './cache/limits.ts'
import { openRedis } from './cache/redis-connection.ts'
import { adminAudit } from './endpoints/admin-audit.ts'
import { adminRevocations } from './endpoints/admin-revocations.ts'
import { restoreUser, suspendUser } from './endpoints/admin-users.ts'
import { forwardAuth } from './endpoints/forward-auth.ts'
import { healthz, type Readiness, readyz } from './endpoints/health.ts'
import { introspect } from './endpoints/introspect.ts'
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
import { changes, snapshot, stream } from './endpoints/revocations.ts'
import { revoke } from './endpoints/revoke.ts'
import { endOtherSessions, endSession, listSessions } from './endpoints/sessions.ts'
import { token } from './endpoints/token.ts'
import type { AuthenticationOutcome } from './http/authorization.ts'
import type { Endpoint, RequestEnv, RequestHead, Route } from './http/endpoint.ts'
import { createOriginTest } from './http/origins.ts'
import { createRouter } from './http/router.ts'
import type { AuthorizationServerOptions } from './options.ts'
import { apiPage, apiPageFile, apiPageScript } from './pages/api-page.ts'
import type { Parts } from './parts.ts'
import { createFeed } from './revocation/feed.ts'
import { createHints } from './revocation/hints.ts'
import { createRedisMirror } from './revocation/redis-mirror.ts'
import { resolveOptions, type Settings } from './settings/settings.ts'
import type { AccountChange } from './store/store.ts'
import { createObservedHasher, createObservers, type Observers } from './telemetry/observers.ts'
import { createKeyRing, type KeyRing } from './tokens/present-keys.ts'

function routes(parts: Parts, readiness: Readiness): Route[] {
  const { accounts, settings } = parts
  const auth = settings.routePrefix
  const refreshEndpoint = refresh(parts)

  const api = [
    ...when(accounts.register, (act) => post(`${auth}/register`, register(parts, act))),
    post(`${auth}/login`, login(parts)),
    post(`${auth}/refresh`, refreshEndpoint),
    post('/auth/refresh', { ...refreshEndpoint, hidden: true }),
    post('/token/refresh', { ...refreshEndpoint, hidden: true }),
    post(`${auth}/logout`, logout(parts)),
    post(`${auth}/logout-all`, logoutAll(parts)),
    get(`${auth}/sessions`, listSessions(parts)),
    del(`${auth}/sessions`, endOtherSessions(parts)),
    del(`${auth}/sessions/:sid`, endSession(parts)),
    ...when(accounts.changePassword, (act) => post(`${auth}/password`, changePassword(parts, act))),
    get('/api/users/profile', profile(parts)),
    get(`${auth}/me`, profile(parts)),
    ...when(accounts.deleteAccount, (act) => del('/api/users/profile', deleteProfile(parts, act))),
    get('/forward-auth', forwardAuth(parts)),
    get('/.well-known/jwks.json', jwks(parts)),
    get('/.well-known/oauth-authorization-server', metadata(parts)),
    post('/api/admin/users/:id/suspend', suspendUser(parts)),
    post('/api/admin/users/:id/restore', restoreUser(parts)),
    post('/api/admin/revocations', adminRevocations(parts)),
    get('/api/admin/audit', adminAudit(parts)),
    post('/oauth/token', token(parts)),
    post('/oauth/revoke', revoke(parts)),
    post('/oauth/introspect', introspect(parts)),
    get('/revocations/snapshot', snapshot(parts)),
    get('/revocations/stream', stream(parts)),
    get('/revocations/changes', changes(parts)),
    get('/healthz', healthz),
    get('/readyz', readyz(parts, readiness)),
  ]
  const { issuer, basePath } = settings
  return [
    ...api,
    get('/openapi.json', openapi(api, issuer)),
    get('/docs/api', apiPage(basePath)),
    get('/docs/api/start.js', apiPageScript(basePath)),
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
  /** Finds who a request is from, by the session or access token in its header or cookies. Never rejects. */
  authenticate(request: RequestHead): Promise<AuthenticationOutcome>
  /** Tells whether there is an endpoint at a path, so that a request for another can go on to the application. */
  answers(path: string): boolean
  /** Resolves once the keys are there; every request waits for it. @throws Error when they cannot be had. */
  ready(): Promise<void>
  /**
   * Ends the streams of the revocation feed and the copy in Redis; from now on the server says that it is not ready, and goes on answering.
   * The store is closed by whoever opened it.
   */
  close(): void
  /**
   * Sets the roles or the further claims of a user of the built-in accounts; the next login or refresh has them.
   * @throws TypeError for what no access token could carry
   */
  updateAccount(userId: string, change: AccountChange): Promise<'updated' | 'unknown'>
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
  const parts = assemble(options, settings)
  // What is begun with the keys goes on after the request that waited for them.
  const outsideRequests = AsyncLocalStorage.snapshot()
  let loading: Promise<void> | undefined
  let isStopping = false
  const readiness = {
    async ready() {
      await ready()
      await parts.checkKeys()
    },
    isStopping: () => isStopping,
  }
  const router = createRouter(routes(parts, readiness), parts, ready)

  /** Keys are loaded once; after a failure, such as a store that is away, the next request tries again. */
  function ready(): Promise<void> {
    loading ??= outsideRequests(parts.start).catch((error: unknown) => {
      loading = undefined
      throw error
    })
    return loading
  }

  return {
    fetch: (request, env = {}) => router.fetch(request, { ...env, arrivedAt: parts.store.estimateNow() }),
    authenticate: router.authenticate,
    answers: router.answers,
    ready,
    close() {
      isStopping = true
      parts.stop()
      parts.redisMirror?.close()
      parts.feed.close()
      parts.hints?.close()
      parts.redis?.close()
    },
    async updateAccount(userId, change) {
      assertAccountChange(change, settings.allowPersonalClaims)
      await ready()
      parts.accessTokens.assertCarried({ ...change.claims, roles: change.roles })
      return (await parts.store.updateAccount(userId, change)).outcome
    },
  }
}

function assemble(
  options: AuthorizationServerOptions,
  settings: Settings,
): Parts & Pick<KeyRing, 'start' | 'stop'> & { checkKeys(): Promise<void> } {
  const { sleep = setTimeout, random = randomBytes } = options
  const observers = createObservers(options)
  const { store, log } = observers
  const wait = async (time: number) => void (await sleep(time))
  const ring = createKeyRing({ settings, store, log, random, sleep: wait })
  const feed = createFeed({ store, log, random, onKeysChanged: ring.expect })
  const redis = options.redis && openRedis(options.redis, log)
  const hints = redis && createHints(redis, feed)
  const redisMirror = redis && createRedisMirror({ redis, store, feed, log, random })
  const { accounts, ...passwords } = resolveAccounts(options, observers, random)

  options.metrics?.watch({
    ...{ feed: feed.status, now: store.estimateNow, ...passwords },
    keys: () => ring.find()?.keys,
    ...(store.connections && { connections: store.connections }),
    ...(redis && { redis: () => redis.state }),
    ...(redisMirror && { redisMirror: () => redisMirror.state }),
  })

  return {
    ...observers,
    ...{ settings, accounts, feed, hints, redis, redisMirror, random },
    isAllowedOrigin: createOriginTest(settings),
    limits: createLimits(settings.rateLimits, settings.masterKey, redis),
    get keys() {
      return ring.present().keys
    },
    get accessTokens() {
      return ring.present().accessTokens
    },
    accessTokensOf: async (keysVersion) => (await ring.of(keysVersion)).accessTokens,
    latestAccessTokens: async () => (await ring.latest()).accessTokens,
    async start() {
      await feed.join()
      await ring.start()
    },
    stop: ring.stop,
    checkKeys: ring.check,
  }
}

function resolveAccounts(
  options: AuthorizationServerOptions,
  observers: Observers,
  random: Parts['random'],
): { readonly accounts: KnownAccounts; readonly passwordsWaiting?: () => number } {
  const { store, log } = observers
  if (options.accounts !== undefined) return { accounts: adaptAccounts(options.accounts, store, log) }
  const hasher = createObservedHasher(options, observers)
  const accounts = createBuiltInAccounts({ store, hasher, newUserId: () => makeUserId(random) })
  return { accounts, passwordsWaiting: hasher.waiting }
}
