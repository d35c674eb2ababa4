/** An application with users and routes of its own, and an authorization server mounted inside. */
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createAuthorizationServer, openSqliteStore, toNodeHandler } from '@countersign/server'
import { createVerifier, type JwkSet } from '@countersign/token'
import express, { type ErrorRequestHandler, type Response } from 'express'
import { adaptUsers } from './accounts.ts'
import { requireScope } from './require-scope.ts'
import { openUsers, type User } from './users.ts'

const { PORT = '3000', ISSUER = `http://localhost:${PORT}`, DATA_DIR, MASTER_KEY } = process.env
if (DATA_DIR && !MASTER_KEY) {
  console.error('Set MASTER_KEY as well: it opens what lies in DATA_DIR, at the next start too.')
  process.exit(2)
}
if (DATA_DIR) mkdirSync(DATA_DIR, { recursive: true, mode: 0o700 })

const users = openUsers(DATA_DIR ? join(DATA_DIR, 'users.db') : ':memory:')

const authorizationServer = createAuthorizationServer({
  issuer: ISSUER,
  store: openSqliteStore({ path: DATA_DIR ? join(DATA_DIR, 'sessions.db') : ':memory:' }),
  masterKey: MASTER_KEY ?? randomBytes(32),
  accounts: adaptUsers(users),
  roleScopes: { reader: ['articles:read'], editor: ['articles:read', 'articles:write', 'people:add'] },
  accessTokenClaims: ({ id }) => ({ tenant: users.findById(id)?.team }),
})

const jwkSet = await authorizationServer.fetch(new Request(`${ISSUER}/.well-known/jwks.json`))
const verify = createVerifier({
  keys: (await jwkSet.json()) as JwkSet,
  algorithms: ['ES256'],
  issuer: ISSUER,
  audience: ISSUER,
  typ: 'at+jwt',
  requiredClaims: ['sub', 'tenant'],
})

const app = express().disable('x-powered-by')
app.use(express.json())
app.use(toNodeHandler(authorizationServer))

// From here on the application is what it was before.

app.get('/', (_request, response) => {
  response.json({ application: 'newsroom' })
})

app.post('/sign-up', async (request, response) => {
  await addPerson({ ...request.body, team: randomUUID(), role: 'editor' }, response)
})

app.post('/people', requireScope('people:add', verify), async (request, response) => {
  await addPerson({ ...request.body, team: response.locals.claims.tenant, role: 'reader' }, response)
})

async function addPerson({ email, password, team, role }: Omit<User, 'id' | 'createdAt'>, response: Response) {
  if (typeof email !== 'string' || !email.includes('@') || typeof password !== 'string' || password.length < 8) {
    response.status(400).json({ error: 'Give email, and a password of at least 8 characters.' })
    return
  }
  const user = await users.add({ email, password, team, role })
  if (user) response.status(201).json({ id: user.id, team, role })
  else response.status(409).json({ error: 'There is an account with this address.' })
}

const articles: { tenant: string; title: string }[] = []

app.get('/articles', requireScope('articles:read', verify), (_request, response) => {
  response.json({ articles: articles.filter(({ tenant }) => tenant === response.locals.claims.tenant) })
})

app.post('/articles', requireScope('articles:write', verify), (request, response) => {
  const article = { tenant: response.locals.claims.tenant, title: String(request.body?.title) }
  articles.push(article)
  response.status(201).json(article)
})

app.use((_request, response) => {
  response.status(404).json({ error: 'There is no such page in this newsroom.' })
})

const answerError: ErrorRequestHandler = (error, _request, response, _next) => {
  const isOurs = !(error.status >= 400 && error.status < 500)
  if (isOurs) console.error(`request failed: ${error.name}`)
  response
    .status(isOurs ? 500 : error.status)
    .json({ error: isOurs ? 'Something went wrong.' : 'This cannot be read.' })
}
app.use(answerError)

app.listen(Number(PORT), '127.0.0.1', (error) => {
  if (error) throw error
  console.log(`Listening on ${ISSUER}`)
})
