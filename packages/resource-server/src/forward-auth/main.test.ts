// forward-auth as a process of its own, started the way an operator starts it, with an issuer on 127.0.0.1.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createTestIssuer, type TestIssuer } from '../testing/testing.ts'

const mainFile = fileURLToPath(new URL('main.ts', import.meta.url))
const audience = 'https://app.example'

let issuer: TestIssuer
let issuerServer: Server

before(async () => {
  issuerServer = await listen(createServer())
  issuer = await createTestIssuer({ issuer: urlOf(issuerServer), audience })
  issuerServer.on('request', async (incoming, outgoing) => {
    const document = await issuer.options.fetch(issuer.options.issuer + incoming.url)
    outgoing.writeHead(document.status, Object.fromEntries(document.headers)).end(await document.text())
  })
})

after(() => {
  issuerServer.close()
  issuerServer.closeAllConnections()
})

describe('the process', () => {
  test('answers at /forward-auth by the keys of the issuer, and at /healthz', async (t) => {
    const { url } = await start(t)
    const answer = await fetch(`${url}/forward-auth?role=admin`, bearer(issuer.token({ roles: ['admin'] })))
    assert.deepEqual([answer.status, answer.headers.get('x-auth-request-user')], [204, 'user-1'])
    assert.equal((await fetch(`${url}/forward-auth?role=admin`, bearer(issuer.token()))).status, 403)
    assert.equal((await fetch(`${url}/forward-auth`, bearer(issuer.forgedToken()))).status, 401)
    assert.equal((await fetch(`${url}/forward-auth`)).headers.get('www-authenticate'), 'Bearer')
    assert.deepEqual(await (await fetch(`${url}/healthz`)).json(), { status: 'ok' })
    assert.equal((await fetch(`${url}/`)).status, 404)
  })

  test('takes a token in a cookie only when it knows the origins of the pages', async (t) => {
    const ask = async (url: string) =>
      (
        await fetch(`${url}/forward-auth`, {
          headers: { cookie: `__Host-at-abcdefgh=${issuer.token()}`, 'x-original-method': 'GET' },
        })
      ).status
    assert.equal(await ask((await start(t)).url), 401)
    assert.equal(await ask((await start(t, { COUNTERSIGN_ALLOWED_ORIGINS: 'https://app.example' })).url), 204)
  })

  test('takes any of several audiences', async (t) => {
    const { url } = await start(t, { COUNTERSIGN_AUDIENCE: `https://other.example, ${audience}` })
    assert.equal((await fetch(`${url}/forward-auth`, bearer(issuer.token()))).status, 204)
  })

  test('says 503, and not that a token is bad, while the issuer is away', async (t) => {
    const away = await listen(createServer())
    const { url, output } = await start(t, { COUNTERSIGN_ISSUER: urlOf(away) })
    away.close()
    const answer = await fetch(`${url}/forward-auth`, bearer(issuer.token()))
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '2'])
    assert.match(output(), /"event":"jwks.unavailable"/)
  })

  test('goes on after a path that is no URL', async (t) => {
    const { url } = await start(t)
    for (const path of ['//', '/forward-auth?%', 'http://[', '*']) assert.notEqual(await statusOf(url, path), 204, path)
    assert.equal((await fetch(`${url}/healthz`)).status, 200)
  })

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`ends with 0 at ${signal}`, async (t) => {
      const { child, closed } = await start(t)
      child.kill(signal)
      await closed
      assert.deepEqual([child.exitCode, child.signalCode], [0, null])
    })
  }

  test('ends with 1 when its port is taken', async (t) => {
    const { port } = issuerServer.address() as AddressInfo
    const { child, closed, output } = run(t, { PORT: String(port) })
    await closed
    assert.equal(child.exitCode, 1)
    assert.match(output(), /cannot listen: .*EADDRINUSE/)
  })

  test('ends with 2 and says all that is wrong with its settings at once', async (t) => {
    const wrong = {
      COUNTERSIGN_ISSUER: 'http://login.example.com',
      COUNTERSIGN_AUDIENCE: ' ,',
      COUNTERSIGN_ALLOWED_ORIGINS: 'https://app.example/path',
      COUNTERSIGN_ALLOW_INSECURE_HTTP: 'yes',
      PORT: '65536',
    }
    const { child, closed, output } = run(t, wrong)
    await closed
    assert.equal(child.exitCode, 2)
    for (const name of Object.keys(wrong)) assert.match(output(), new RegExp(`^${name}: give `, 'm'))
    assert.match(output(), /^Settings of countersign-forward-auth/m)
  })

  test('ends with 2 without any setting', async (t) => {
    const { child, closed, output } = run(t, { COUNTERSIGN_ISSUER: '', COUNTERSIGN_AUDIENCE: '' })
    await closed
    assert.equal(child.exitCode, 2)
    assert.match(output(), /^COUNTERSIGN_ISSUER: give .*\nCOUNTERSIGN_AUDIENCE: give /)
  })

  test('writes no token to its log', async (t) => {
    const { url, output } = await start(t)
    const token = issuer.forgedToken()
    await fetch(`${url}/forward-auth?access_token=${token}`, bearer(token))
    await fetch(`${url}/forward-auth`, bearer(token))
    assert.match(output(), /"tokenError":"signature_invalid"/)
    for (const segment of token.split('.')) assert.ok(!output().includes(segment))
  })
})

function run(t: TestContext, env: Record<string, string> = {}) {
  const { PATH = '', COUNTERSIGN_TEST_RUN = '' } = process.env
  const settings = { COUNTERSIGN_ISSUER: issuer.options.issuer, COUNTERSIGN_AUDIENCE: audience, PORT: '0', ...env }
  const child = spawn(
    process.execPath,
    [...process.execArgv.filter((flag) => flag.startsWith('--conditions')), mainFile],
    { env: { PATH, COUNTERSIGN_TEST_RUN, ...settings }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  t.after(() => void child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  return { child, closed: once(child, 'close'), output: () => output }
}

async function start(t: TestContext, env: Record<string, string> = {}) {
  const program = run(t, env)
  await Promise.race([once(program.child.stdout, 'data'), program.closed])
  const url = /listens on (http:\S+)\/forward-auth\n/.exec(program.output())?.[1]
  assert.ok(url, program.output())
  return { ...program, url }
}

function bearer(token: string): RequestInit {
  return { headers: { authorization: `Bearer ${token}` } }
}

/** Asks for a path as it stands, which fetch would first make a proper one. */
async function statusOf(url: string, path: string): Promise<number | undefined> {
  const { hostname: host, port } = new URL(url)
  const outgoing = httpRequest({ host, port, path }).end()
  const [incoming] = await once(outgoing, 'response')
  incoming.resume()
  return incoming.statusCode
}

async function listen(server: Server): Promise<Server> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return server
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
