// The example that mounts the authorization server in an Express application with users and routes of its own.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { changeSignature, readSegment } from './forged-token.ts'
import { findFreePort, type Program, startTypeScriptExample } from './running-program.ts'

const editor = { email: 'ada@example.com', password: 'the analytical engine' }
const reader = { email: 'charles@example.com', password: 'the difference engine' }

interface Tokens {
  accessToken: string
  refreshToken: string
  expiresIn: number
  tokenType: string
}

describe('An Express application with the authorization server inside', () => {
  let program: Program
  const outputs: string[] = []
  const secrets = new Set([editor.password, reader.password])

  before(async () => {
    program = await startTypeScriptExample('examples/express-mounted', { PORT: String(await findFreePort()) })
    const signedUp = await post('/sign-up', editor)
    assert.equal(signedUp.status, 201)
  })

  after(async () => {
    await program?.stop()
  })

  async function call(
    method: string,
    path: string,
    token?: string,
    body?: string,
  ): Promise<{ status: number; headers: Headers; json: unknown }> {
    const response = await fetch(program.url.replace('localhost', '127.0.0.1') + path, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      ...(body !== undefined && { body }),
    })
    const text = await response.text()
    if (!path.startsWith('/api/auth/')) outputs.push(text)
    return { status: response.status, headers: response.headers, json: text === '' ? undefined : JSON.parse(text) }
  }

  const get = (path: string, token?: string) => call('GET', path, token)
  const post = (path: string, body: object, token?: string) => call('POST', path, token, JSON.stringify(body))

  async function signIn(person: typeof editor): Promise<Tokens> {
    const { status, json } = await post('/api/auth/login', person)
    assert.equal(status, 200)
    const tokens = json as Tokens
    secrets.add(tokens.accessToken).add(tokens.refreshToken)
    return tokens
  }

  async function addReader(): Promise<void> {
    const { accessToken } = await signIn(editor)
    const { status } = await post('/people', reader, accessToken)
    assert.ok(status === 201 || status === 409)
  }

  test("signs a user of the application's own table in, though express.json() has read the request before", async () => {
    const { tokenType, expiresIn } = await signIn(editor)
    assert.deepEqual([tokenType, expiresIn], ['Bearer', 600])
  })

  test('refuses a wrong password and an unknown address alike', async () => {
    const wrong = await post('/api/auth/login', { ...editor, password: 'the wrong engine' })
    const unknown = await post('/api/auth/login', { ...editor, email: 'nobody@example.com' })
    assert.deepEqual([wrong.status, unknown.status], [401, 401])
    const [first, second] = [wrong.json, unknown.json].map((json) => ({
      ...(json as object),
      instance: '',
      requestId: '',
    }))
    assert.deepEqual(first, second)
    assert.equal((wrong.json as { code: string }).code, 'invalid_credentials')
  })

  test('puts the claim of the application into the access token, at sign-in and at refresh', async () => {
    const { accessToken, refreshToken } = await signIn(editor)
    const { tenant, sub } = readSegment(accessToken, 1)
    assert.match(String(tenant), /^[0-9a-f-]{36}$/)
    const refreshed = await post('/api/auth/refresh', { refreshToken })
    assert.equal(refreshed.status, 200)
    const claims = readSegment((refreshed.json as Tokens).accessToken, 1)
    assert.deepEqual([claims.tenant, claims.sub], [tenant, sub])
    secrets.add((refreshed.json as Tokens).accessToken)
  })

  test('gives each role its scopes', async () => {
    await addReader()
    const [ofEditor, ofReader] = [await signIn(editor), await signIn(reader)].map((tokens) =>
      readSegment(tokens.accessToken, 1),
    )
    assert.deepEqual([ofEditor?.roles, ofEditor?.scope], [['editor'], 'articles:read articles:write people:add'])
    assert.deepEqual([ofReader?.roles, ofReader?.scope], [['reader'], 'articles:read'])
  })

  test("answers the profile out of the application's own table", async () => {
    const { accessToken } = await signIn(editor)
    const { status, json } = await get('/api/users/profile', accessToken)
    assert.equal(status, 200)
    const { user } = json as { user: { id: string; email: string; roles: string[] } }
    assert.deepEqual([user.id, user.email, user.roles], [readSegment(accessToken, 1).sub, editor.email, ['editor']])
  })

  test("serves the application's own routes as before", async () => {
    assert.deepEqual((await get('/')).json, { application: 'newsroom' })
    const again = await post('/sign-up', editor)
    assert.equal(again.status, 409)
    assert.equal((await post('/sign-up', { email: 'x' })).status, 400)
  })

  test("checks access tokens and scopes at the application's own routes", async () => {
    await addReader()
    const [{ accessToken: writes }, { accessToken: reads }] = [await signIn(editor), await signIn(reader)]
    assert.equal((await post('/articles', { title: 'Note G' }, writes)).status, 201)
    const { json } = await get('/articles', reads)
    assert.deepEqual(json, { articles: [{ tenant: readSegment(writes, 1).tenant, title: 'Note G' }] })

    const refused = await post('/articles', { title: 'Note H' }, reads)
    assert.equal(refused.status, 403)
    assert.equal(refused.headers.get('www-authenticate'), 'Bearer error="insufficient_scope", scope="articles:write"')
    assert.equal((await get('/articles')).headers.get('www-authenticate'), 'Bearer')
    const forged = await get('/articles', changeSignature(reads))
    assert.deepEqual([forged.status, forged.headers.get('www-authenticate')], [401, 'Bearer error="invalid_token"'])
  })

  test('shows the articles of one team to no other', async () => {
    const stranger = { email: 'eve@example.com', password: 'somebody else entirely' }
    assert.equal((await post('/sign-up', stranger)).status, 201)
    const { accessToken } = await signIn(stranger)
    assert.deepEqual((await get('/articles', accessToken)).json, { articles: [] })
  })

  test('signs out: the refresh token is refused from then on', async () => {
    const { refreshToken } = await signIn(editor)
    assert.equal((await post('/api/auth/logout', { refreshToken })).status, 204)
    assert.equal((await post('/api/auth/refresh', { refreshToken })).status, 401)
  })

  test("leaves every unknown path, and registration too, to the application's own 404", async () => {
    const own = { error: 'There is no such page in this newsroom.' }
    for (const path of ['/no-such-page', '/api/auth/no-such-page', '/api', '/api/auth/login/']) {
      const { status, json } = await get(path)
      assert.deepEqual([status, json], [404, own], path)
    }
    const { status, json } = await post('/api/auth/register', editor)
    assert.deepEqual([status, json], [404, own])
  })

  test('answers a body that is no JSON with 400 and tells nothing of the program', async () => {
    for (const path of ['/sign-up', '/api/auth/login']) {
      const { status, json } = await call('POST', path, undefined, '{"email":')
      assert.deepEqual([status, json], [400, { error: 'This cannot be read.' }])
    }
  })

  test('No answer of a route of its own and no log line held a token, a password or a stack trace', async () => {
    await program.stop()
    const everything = [...outputs, program.output()].join('\n')
    for (const secret of secrets) assert.ok(!everything.includes(secret))
    assert.doesNotMatch(everything, /^\s+at .+:\d+:\d+/m)
  })
})
