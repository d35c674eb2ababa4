// oidc-provider on node:http with everything it keeps in Redis: one confidential client, a refresh token that is replaced at each
// use, and an API whose access tokens are JWTs signed with ES256. Its login pages are the application's to write, so
// accounts and sessions are made here at paths of the bench.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Redis } from 'ioredis'
import { type Adapter, type AdapterPayload, type Configuration, type JWK, Provider } from 'oidc-provider'

const { PORT = '3000', REDIS_PORT = '6379', CLIENT_SECRET = '', SIGNING_KEY = '{}' } = process.env
const clientId = 'bench'
const api = 'https://api.example.com'
const accessTokenSeconds = 600
const refreshTokenSeconds = 7 * 24 * 3600

const redis = new Redis({ port: Number(REDIS_PORT), host: '127.0.0.1' })

/** Keeps a model's artifacts in Redis: a hash for each, and for each grant the set of those that were issued under it. */
class RedisAdapter implements Adapter {
  readonly #model: string

  constructor(model: string) {
    this.#model = model
  }

  async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    const key = this.#keyOf(id)
    const write = redis.multi().hset(key, 'payload', JSON.stringify(payload))
    if (expiresIn !== undefined) write.expire(key, expiresIn)
    for (const [index, value] of [
      ['uid', payload.uid],
      ['userCode', payload.userCode],
    ] as const)
      if (value !== undefined) write.set(indexKey(index, value), id, 'EX', expiresIn ?? refreshTokenSeconds)
    if (this.#model !== 'Grant' && payload.grantId !== undefined) {
      const group = indexKey('grant', payload.grantId)
      write.sadd(group, key).expire(group, refreshTokenSeconds)
    }
    await write.exec()
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const { payload, consumed } = await redis.hgetall(this.#keyOf(id))
    if (payload === undefined) return undefined
    return { ...JSON.parse(payload), ...(consumed !== undefined && { consumed: Number(consumed) }) }
  }

  findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.#findBy('uid', uid)
  }

  findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    return this.#findBy('userCode', userCode)
  }

  async consume(id: string): Promise<void> {
    await redis.hset(this.#keyOf(id), 'consumed', Math.floor(Date.now() / 1000))
  }

  async destroy(id: string): Promise<void> {
    await redis.del(this.#keyOf(id))
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    const group = indexKey('grant', grantId)
    await redis.del(group, ...(await redis.smembers(group)))
  }

  async #findBy(index: string, value: string): Promise<AdapterPayload | undefined> {
    const id = await redis.get(indexKey(index, value))
    return id === null ? undefined : this.find(id)
  }

  #keyOf(id: string): string {
    return `oidc:${this.#model}:${id}`
  }
}

function indexKey(index: string, value: string): string {
  return `oidc:${index}:${value}`
}

const configuration: Configuration = {
  adapter: RedisAdapter,
  clients: [
    {
      client_id: clientId,
      client_secret: CLIENT_SECRET,
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: ['https://app.example.com/callback'],
      id_token_signed_response_alg: 'ES256',
    },
  ],
  jwks: { keys: [{ ...(JSON.parse(SIGNING_KEY) as JWK), use: 'sig', alg: 'ES256', kid: 'bench' }] },
  rotateRefreshToken: true,
  ttl: { AccessToken: accessTokenSeconds, RefreshToken: refreshTokenSeconds, Grant: refreshTokenSeconds },
  async findAccount(_ctx, id) {
    const email = await redis.get(`account:${id}`)
    if (email === null) return undefined
    return { accountId: id, claims: async () => ({ sub: id, email }) }
  },
  claims: { email: ['email'] },
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({
        scope: 'api',
        audience: api,
        accessTokenFormat: 'jwt',
        accessTokenTTL: accessTokenSeconds,
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
}

const provider = new Provider(`http://127.0.0.1:${PORT}`, configuration)
const answerOfProvider = provider.callback()
await redis.ping()

createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', provider.issuer)
  if (pathname !== '/healthz' && !pathname.startsWith('/bench/')) return void answerOfProvider(request, response)
  answerBench(request, pathname, searchParams.get('email') ?? '').then(
    ({ status, body }) => send(response, status, body),
    (error: unknown) => send(response, 500, { error: String(error) }),
  )
}).listen(Number(PORT), '127.0.0.1')
process.once('SIGTERM', () => process.exit(0))

async function answerBench(
  { method }: IncomingMessage,
  path: string,
  email: string,
): Promise<{ status: number; body: object }> {
  if (method === 'GET' && path === '/healthz') return { status: 200, body: { status: 'ok' } }
  if (method === 'POST' && path === '/bench/accounts') {
    await redis.set(`account:${email}`, email)
    return { status: 201, body: {} }
  }
  if (method === 'POST' && path === '/bench/sessions') return { status: 200, body: await openSession(email) }
  return { status: 404, body: {} }
}

/** Grants the client what a user would consent to, and issues a refresh token for the API and an opaque access token. */
async function openSession(accountId: string): Promise<object> {
  const client = await provider.Client.find(clientId)
  if (client === undefined) throw new Error('There is no such client.')
  const grant = new provider.Grant({ accountId, clientId })
  grant.addOIDCScope('openid email')
  grant.addResourceScope(api, 'api')
  const grantId = await grant.save()
  const issued = { accountId, client, grantId, gty: 'authorization_code' }
  const refreshToken = new provider.RefreshToken({ ...issued, scope: 'api', resource: api })
  const accessToken = new provider.AccessToken({ ...issued, scope: 'openid email' })
  return { refreshToken: await refreshToken.save(), accessToken: await accessToken.save() }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
