// What is written by hand with Fastify and @fastify/jwt: a short ES256 access token, and a refresh token that is a JWT under a
// secret of its own and can be used once, since its jti is deleted from the database at its use. It keeps no families of refresh
// tokens: one that comes back is refused, and nothing is concluded from it.
import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import fastifyJwt, { type JWT } from '@fastify/jwt'
import bcrypt from 'bcrypt'
import fastify, { type FastifyRequest } from 'fastify'

const {
  PORT = '3000',
  DATABASE = 'fastify.db',
  ACCESS_PRIVATE_KEY = '',
  ACCESS_PUBLIC_KEY = '',
  REFRESH_SECRET = '',
} = process.env
const issuer = `http://127.0.0.1:${PORT}`
const audience = 'https://api.example.com'
const accessTokenSeconds = 600
const refreshTokenSeconds = 7 * 24 * 3600
const bcryptRounds = 10

const database = new DatabaseSync(DATABASE)
database.exec(`
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, email TEXT UNIQUE NOT NULL, password_hash TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS refresh_tokens (
    jti TEXT PRIMARY KEY, user_id TEXT NOT NULL, expires_at INTEGER NOT NULL
  ) STRICT;
`)
const insertUser = database.prepare('INSERT INTO users VALUES (?, ?, ?)')
const userByEmail = database.prepare('SELECT * FROM users WHERE email = ?')
const userById = database.prepare('SELECT * FROM users WHERE id = ?')
const insertToken = database.prepare('INSERT INTO refresh_tokens VALUES (?, ?, ?)')
const deleteToken = database.prepare('DELETE FROM refresh_tokens WHERE jti = ?')

interface User {
  id: string
  email: string
  password_hash: string
}

interface Credentials {
  email: string
  password: string
}

const text = { type: 'string', minLength: 1 }
const credentials = { type: 'object', required: ['email', 'password'], properties: { email: text, password: text } }
const refreshBody = { type: 'object', required: ['refreshToken'], properties: { refreshToken: text } }

const app = fastify({ bodyLimit: 10_240 })
await app.register(fastifyJwt, {
  namespace: 'access',
  secret: { private: ACCESS_PRIVATE_KEY, public: ACCESS_PUBLIC_KEY },
  sign: { algorithm: 'ES256', iss: issuer, aud: audience, expiresIn: accessTokenSeconds },
  verify: { algorithms: ['ES256'], allowedIss: issuer, allowedAud: audience },
})
await app.register(fastifyJwt, {
  namespace: 'refresh',
  secret: REFRESH_SECRET,
  sign: { algorithm: 'HS256', iss: issuer, expiresIn: refreshTokenSeconds },
  verify: { algorithms: ['HS256'], allowedIss: issuer },
})
const { access, refresh } = app.jwt as unknown as { access: JWT; refresh: JWT }

app.get('/healthz', async () => ({ status: 'ok' }))

app.post<{ Body: Credentials }>('/auth/register', { schema: { body: credentials } }, async (request, reply) => {
  const id = randomUUID()
  const email = request.body.email.trim().toLowerCase()
  insertUser.run(id, email, await bcrypt.hash(request.body.password, bcryptRounds))
  return reply.code(201).send({ user: { id, email } })
})

app.post<{ Body: Credentials }>('/auth/login', { schema: { body: credentials } }, async ({ body }) => {
  const user = userByEmail.get(body.email.trim().toLowerCase()) as unknown as User | undefined
  if (user === undefined || !(await bcrypt.compare(body.password, user.password_hash)))
    throw new Refusal('invalid_credentials')
  return answerTokens(user.id, addRefreshToken(user.id))
})

app.post<{ Body: { refreshToken: string } }>(
  '/auth/refresh',
  { schema: { body: refreshBody } },
  async ({ body: { refreshToken } }) => {
    const { jti, sub } = verifyToken(refresh, refreshToken)
    return answerTokens(sub, useOnce(jti, sub))
  },
)

app.get('/users/profile', async (request) => {
  const { sub } = verifyToken(access, bearerToken(request))
  const user = userById.get(sub) as unknown as User | undefined
  if (user === undefined) throw new Refusal('invalid_token')
  return { user: { id: user.id, email: user.email } }
})

app.setErrorHandler((error, _request, reply) => {
  const { statusCode = 500, message } = error as { statusCode?: number; message: string }
  return reply.code(statusCode).send({ error: statusCode < 500 ? message : 'server_error' })
})

await app.listen({ port: Number(PORT), host: '127.0.0.1' })
process.once('SIGTERM', () => process.exit(0))

class Refusal extends Error {
  readonly statusCode = 401
}

/** Deletes a refresh token and adds its successor, in one transaction. */
function useOnce(jti: string, userId: string): string {
  database.exec('BEGIN IMMEDIATE')
  try {
    if (deleteToken.run(jti).changes === 0) throw new Refusal('invalid_grant')
    const successor = addRefreshToken(userId)
    database.exec('COMMIT')
    return successor
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

function addRefreshToken(userId: string): string {
  const jti = randomUUID()
  insertToken.run(jti, userId, Date.now() + refreshTokenSeconds * 1000)
  return refresh.sign({ sub: userId, jti })
}

function answerTokens(userId: string, refreshToken: string): object {
  const accessToken = access.sign({ sub: userId, jti: randomUUID() })
  return { accessToken, refreshToken, expiresIn: accessTokenSeconds, tokenType: 'Bearer' }
}

function verifyToken(tokens: JWT, token: string): { jti: string; sub: string } {
  try {
    return tokens.verify<{ jti: string; sub: string }>(token)
  } catch {
    throw new Refusal('invalid_token')
  }
}

function bearerToken(request: FastifyRequest): string {
  return /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
}
