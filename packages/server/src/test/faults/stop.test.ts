/** Stopping, as a load balancer and the clients of the server see it. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { registerClient } from '../../clients/register-client.ts'
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts'
import { newFolder, type RunningServer, signUp, spawnServer, startDev } from '../running-server.ts'

/** A connection that stays open, and what came over it. */
interface Line {
  readonly socket: Socket
  readonly text: () => string
  /** Waits until what came matches. */
  until(pattern: RegExp): Promise<void>
}

async function openLine(issuer: string): Promise<Line> {
  const socket = connect(Number(new URL(issuer).port), '127.0.0.1')
  await once(socket, 'connect')
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk) => (text += chunk))
  socket.on('error', () => {})
  return { socket, text: () => text, until: (pattern) => until(String(pattern), () => pattern.test(text)) }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let wait = 0; !holds(); wait++) {
    if (wait > 1000) assert.fail(`not within 10 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** A login of which only the first half has been sent. */
async function beginLogin(issuer: string, name: string): Promise<Line & { finish(): void }> {
  const line = await openLine(issuer)
  const body = JSON.stringify({ email: `${name}@example.com`, password: 'a quite long password' })
  const head = `POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
  line.socket.write(head + body.slice(0, 20))
  return { ...line, finish: () => void line.socket.write(body.slice(20)) }
}

/** Sends SIGTERM, and waits until the server says that it is stopping. */
async function terminate({ child, output }: RunningServer): Promise<void> {
  child.kill('SIGTERM')
  await until('it says so', () => output.stderr.includes('"event":"server.stopping"'))
}

/** Follows the revocation feed, as a client that has just been registered. */
async function follow(t: TestContext, issuer: string, dataDir: string): Promise<Response> {
  const store = openSqliteStore({ path: join(dataDir, 'countersign.db') })
  t.after(() => store.close())
  const act = { actor: 'test', reason: '' }
  const client = await registerClient(store, { name: 'reader', scope: ['revocations:read'] }, act, randomBytes)
  const basic = Buffer.from(`${client?.clientId}:${client?.clientSecret}`).toString('base64')
  const body = new URLSearchParams({ grant_type: 'client_credentials' })
  const answer = await fetch(`${issuer}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}` },
    body,
  })
  const { access_token: token } = (await answer.json()) as { access_token: string }
  const headers = { authorization: `Bearer ${token}` }
  const { epoch, seq } = (await (await fetch(`${issuer}/revocations/snapshot`, { headers })).json()) as {
    epoch: string
    seq: number
  }
  const stream = { headers: { ...headers, 'last-event-id': `${epoch}:${seq}` } }
  return fetch(`${issuer}/revocations/stream`, stream)
}

test('a request in flight is answered, streams end, new connections are refused, and it exits with 0', async (t) => {
  const dataDir = newFolder(t)
  const server = await startDev(t, { COUNTERSIGN_DATA_DIR: dataDir })
  await signUp(server.issuer, 'ada')
  const stream = await follow(t, server.issuer, dataDir)
  const streamEnd = stream.text()
  const login = await beginLogin(server.issuer, 'ada')
  await new Promise((resolve) => setTimeout(resolve, 100))

  await terminate(server)
  assert.match(await streamEnd, /event: hb/)
  await assert.rejects(openLine(server.issuer), { code: 'ECONNREFUSED' })
  assert.equal(server.child.exitCode, null, 'it waits')
  login.finish()
  await login.until(/^HTTP\/1\.1 200 [\s\S]*"accessToken"/)
  assert.match(login.text(), /connection: close/i, 'the client is to go elsewhere')
  const { code, signal } = await server.ended()
  assert.deepEqual([code, signal], [0, null])
})

test('a connection that is still open is told that the server is not ready, and is closed then', async (t) => {
  const server = await startDev(t)
  const balancer = await openLine(server.issuer)
  const probe = 'GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n'
  balancer.socket.write(probe)
  await balancer.until(/^HTTP\/1\.1 200 [\s\S]*"status":"ok"/)
  // The one byte that has come makes the connection busy.
  balancer.socket.write(probe.slice(0, 1))
  await new Promise((resolve) => setTimeout(resolve, 50))
  await terminate(server)
  balancer.socket.write(probe.slice(1))
  await balancer.until(/HTTP\/1\.1 503 [\s\S]*"process":"stopping"/)
  assert.match(balancer.text().slice(balancer.text().indexOf(' 503 ')), /connection: close[\s\S]*retry-after: 1/i)
  assert.equal((await server.ended()).code, 0)
})

test('a request that does not end is cut off after 5 s', async (t) => {
  const server = await startDev(t)
  const login = await beginLogin(server.issuer, 'ada')
  await new Promise((resolve) => setTimeout(resolve, 100))
  const began = performance.now()
  await terminate(server)
  const { code } = await server.ended()
  const took = performance.now() - began
  assert.equal(code, 0)
  assert.ok(took > 4000 && took < 7000, `${took} ms`)
  assert.ok(login.socket.destroyed || login.socket.readableEnded)
})

test('a second SIGTERM changes nothing; a second SIGINT ends it at once', async (t) => {
  for (const [second, expected] of [
    ['SIGTERM', 0],
    ['SIGINT', 130],
  ] as const) {
    const server = await startDev(t)
    await signUp(server.issuer, 'ada')
    const login = await beginLogin(server.issuer, 'ada')
    await new Promise((resolve) => setTimeout(resolve, 100))
    await terminate(server)
    server.child.kill(second)
    await new Promise((resolve) => setTimeout(resolve, 100))
    login.finish()
    assert.equal((await server.ended()).code, expected, second)
  }
})

test('metrics can be scraped until the end', async (t) => {
  const server = await startDev(t, { COUNTERSIGN_METRICS_PORT: '0' })
  const address = /^ {2}Metrics +(\S+)$/m.exec(server.output.stdout)?.[1] ?? ''
  assert.notEqual(new URL(address).port, new URL(server.issuer).port)
  const login = await beginLogin(server.issuer, 'nobody')
  await new Promise((resolve) => setTimeout(resolve, 100))
  await terminate(server)
  const metrics = await (await fetch(address)).text()
  assert.match(metrics, /^countersign_http_requests_in_flight 1$/m)
  login.finish()
  assert.equal((await server.ended()).code, 0)
})

test('a signal before it is ready ends it at once, with 0: as process 1 of a container it would not end by itself', async (t) => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  t.after(() => silent.close())
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  for (const [name, env] of Object.entries({
    database: { COUNTERSIGN_DATABASE_URL: `postgres://a@127.0.0.1:${port}/a` },
    vault: {
      COUNTERSIGN_MASTER_KEY: 'vault:secret/countersign#key',
      ...{ VAULT_ADDR: `http://127.0.0.1:${port}`, VAULT_TOKEN: 'token' },
    },
  })) {
    const asked = once(silent, 'connection')
    const { child, ended } = spawnServer(t, 'dev', { PORT: '0', COUNTERSIGN_DATA_DIR: newFolder(t), ...env })
    const [socket] = (await asked) as [Socket]
    const began = performance.now()
    child.kill('SIGTERM')
    const { code, stderr } = await ended()
    assert.deepEqual([code, stderr], [0, ''], name)
    assert.ok(performance.now() - began < 1000, name)
    socket.destroy()
  }
})
