// What is written by hand where no authentication server is used, done as its guides say: Express, a short HS256 access token,
// a refresh token that is replaced at each use and of which the database holds the hash, and bcrypt. It ends a family of refresh
// tokens when one of them comes back, and so signs out an honest user whose two tabs refresh at once.
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import bcrypt from 'bcrypt'
import express, { type NextFunction, type Request, type Response } from 'express'
import jwt from 'jsonwebtoken'

const { PORT = '3000', DATABASE = 'express.db', JWT_SECRET = '' } = process.env
const issuer = `http://127.0.0.1:${PORT}`
const audience = 'https://api.example.com'
const accessTokenSeconds = 600
const refreshTokenMilliseconds = 7 * 24 * 3600 * 1000
const bcryptRounds = 10

const database = new DatabaseSync(DATABASE)
database.exec(`
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, email TEXT UNIQUE NOT NULL, password_hash TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS refresh_tokens (
    hash TEXT PRIMARY KEY, family TEXT NOT NULL, user_id TEXT NOT NULL, expires_at INTEGER NOT NULL, used_at INTEGER
  ) STRICT;
  CREATE INDEX IF NOT EXISTS refresh_tokens_family ON refresh_tokens (family);
`)
const insertUser = database.prepare('INSERT INTO users VALUES (?, ?, ?)')
const userByEmail = database.prepare('SELECT * FROM users WHERE email = ?')
const userById = database.prepare('SELECT * FROM users WHERE id = ?')
const insertToken = database.prepare('INSERT INTO refresh_tokens VALUES (?, ?, ?, ?, NULL)')
const tokenByHash = database.prepare('SELECT * FROM refresh_tokens WHERE hash = ?')
const markUsed = database.prepare('UPDATE refresh_tokens SET used_at = ? WHERE hash = ?')
const endFamily = database.prepare('DELETE FROM refresh_tokens WHERE family = ?')

interface User {
  id: string
  email: string
  password_hash: string
}

interface TokenRow {
  hash: string
  family: string
  user_id: string
  expires_at: number
  used_at: number | null
}

const app = express()
app.disable('x-powered-by')
app.use(express.json({ limit: '10kb' }))

app.get('/healthz', (_request, response) => void response.json({ status: 'ok' }))

app.post('/auth/register', async (request, response) => {
  const { email, password } = readCredentials(request)
  const id = randomUUID()
  insertUser.run(id, email, await bcrypt.hash(password, bcryptRounds))
  response.status(201).json({ user: { id, email } })
})

app.post('/auth/login', async (request, response) => {
  const { email, password } = readCredentials(request)
  const user = userByEmail.get(email) as unknown as User | undefined
  if (user === undefined || !(await bcrypt.compare(password, user.password_hash)))
    throw new Refusal(401, 'invalid_credentials')
  sendTokens(response, user.id, addRefreshToken(user.id, randomUUID()))
})

app.post('/auth/refresh', (request, response) => {
  const { refreshToken } = request.body ?? {}
  if (typeof refreshToken !== 'string') throw new Refusal(400, 'invalid_request')
  const { userId, successor } = rotate(refreshToken)
  sendTokens(response, userId, successor)
})

app.get('/users/profile', (request, response) => {
  const user = userById.get(authenticate(request)) as unknown as User | undefined
  if (user === undefined) throw new Refusal(401, 'invalid_token')
  response.json({ user: { id: user.id, email: user.email } })
})

app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
  const { status, message } = error instanceof Refusal ? error : new Refusal(500, 'server_error')
  response.status(status).json({ error: message })
})

app.listen(Number(PORT), '127.0.0.1')
process.once('SIGTERM', () => process.exit(0))

class Refusal extends Error {
  readonly status: number

  constructor(status: number, code: string) {
    super(code)
    this.status = status
  }
}

function readCredentials(request: Request): { email: string; password: string } {
  const { email, password } = request.body ?? {}
  if (typeof email !== 'string' || typeof password !== 'string') throw new Refusal(400, 'invalid_request')
  return { email: email.trim().toLowerCase(), password }
}

function rotate(refreshToken: string): { userId: string; successor: string } {
  database.exec('BEGIN IMMEDIATE')
  try {
    const found = tokenByHash.get(hash(refreshToken)) as unknown as TokenRow | undefined
    const reused = found !== undefined && found.used_at !== null
    if (reused) endFamily.run(found.family)
    const live = found !== undefined && !reused && found.expires_at > Date.now()
    if (live) markUsed.run(Date.now(), found.hash)
    const rotated = live
      ? { userId: found.user_id, successor: addRefreshToken(found.user_id, found.family) }
      : undefined
    database.exec('COMMIT')
    if (rotated === undefined) throw new Refusal(401, 'invalid_grant')
    return rotated
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

function addRefreshToken(userId: string, family: string): string {
  const token = randomBytes(32).toString('base64url')
  insertToken.run(hash(token), family, userId, Date.now() + refreshTokenMilliseconds)
  return token
}

function hash(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

function sendTokens(response: Response, userId: string, refreshToken: string): void {
  const options: jwt.SignOptions = {
    algorithm: 'HS256',
    issuer,
    audience,
    subject: userId,
    expiresIn: accessTokenSeconds,
  }
  const accessToken = jwt.sign({ jti: randomUUID() }, JWT_SECRET, options)
  response
    .set('cache-control', 'no-store')
    .json({ accessToken, refreshToken, expiresIn: accessTokenSeconds, tokenType: 'Bearer' })
}

function authenticate(request: Request): string {
  const token = /^Bearer (\S+)$/i.exec(request.get('authorization') ?? '')?.[1] ?? ''
  try {
    const claims = jwt.verify(token, JWT_SECRET, { algorithms: ['HS256'], issuer, audience })
    return String(claims.sub)
  } catch {
    throw new Refusal(401, 'invalid_token')
  }
}
