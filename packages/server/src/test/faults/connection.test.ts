import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { newFolder, type RunningServer, refresh, signIn, signUp, startDev } from '../running-server.ts'

describe('what Node itself refuses is a problem too', () => {
  const cases: [title: string, request: string, status: number, code: string][] = [
    [
      'headers over 16 KiB',
      `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`,
      431,
      'headers_too_large',
    ],
    [
      'a request line over 16 KiB',
      `GET /${'x'.repeat(17_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      431,
      'headers_too_large',
    ],
    ['what is no HTTP', 'hello\r\n\r\n', 400, 'invalid_request'],
    ['no Host', 'GET /healthz HTTP/1.1\r\n\r\n', 400, 'invalid_request'],
    ['a Host that is none', 'GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n', 400, 'invalid_request'],
    [
      'two lengths',
      'POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx',
      400,
      'invalid_request',
    ],
    [
      'length and chunks',
      'POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
      'invalid_request',
    ],
  ]
  for (const [title, request, status, code] of cases) {
    test(`${title}: ${status}`, async (t) => {
      const { issuer } = await startDev(t)
      const answer = await exchange(issuer, request)
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), answer.slice(0, 200))
      assert.match(answer, /content-type: application\/problem\+json/i)
      assert.match(answer, /x-content-type-options: nosniff/i)
      const problem = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))
      assert.deepEqual([problem.status, problem.code, problem.error], [status, code, code])
    })
  }
})

test('an expectation that it does not know is passed over (RFC 9110 §10.1.1)', async (t) => {
  const { issuer } = await startDev(t)
  const request = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nExpect: foo\r\nConnection: close\r\n\r\n'
  assert.match(await exchange(issuer, request), /^HTTP\/1\.1 200 /)
})

test('an answer that was acknowledged survives kill -9 of the server', async (t) => {
  const dataDir = newFolder(t)
  const lasting: string[] = []
  let port = '0'
  for (let round = 0; round < 3; round++) {
    const server = await startDev(t, { COUNTERSIGN_DATA_DIR: dataDir, PORT: port })
    port = new URL(server.issuer).port
    for (const token of lasting)
      assert.equal((await refresh(server.issuer, token)).status, 200, 'an acknowledged session is lost')
    const enough = lasting.length + 3 + round
    const signUps = Array.from({ length: 24 }, async (_, one) => {
      lasting.push((await signUp(server.issuer, `${round}-${one}`)).refreshToken)
      if (lasting.length >= enough) server.child.kill('SIGKILL')
    })
    await Promise.allSettled(signUps)
  }
  const server = await startDev(t, { COUNTERSIGN_DATA_DIR: dataDir, PORT: port })
  assert.ok(lasting.length >= 3 + 4 + 5)
  for (const token of lasting)
    assert.equal((await refresh(server.issuer, token)).status, 200, 'an acknowledged session is lost')
})

test('a client whose server was killed between commit and answer goes on with the token it has', async (t) => {
  const env = { COUNTERSIGN_DATA_DIR: newFolder(t), COUNTERSIGN_REFRESH_LEEWAY: '3', COUNTERSIGN_REFRESH_TIMEOUT: '1' }
  let server = await startDev(t, env)
  const opened = await Promise.all(Array.from({ length: 60 }, (_, one) => signUp(server.issuer, `k${one}`)))
  const held = opened.map(({ refreshToken }) => refreshToken)
  let killed = 0
  for (const restAfterRestart of [0, 3100]) {
    // Once the hold is over, each refresh rotates.
    await setTimeout(12_100)
    let answers = 0
    const rotations = held.map(async (token, i) => {
      const answer = (await (await refresh(server.issuer, token)).json()) as { refreshToken: string }
      held[i] = answer.refreshToken
      if (++answers === 20) server.child.kill('SIGKILL')
    })
    const outcomes = await Promise.allSettled(rotations)
    killed += outcomes.filter(({ status }) => status === 'rejected').length
    server = await startDev(t, { ...env, PORT: new URL(server.issuer).port })
    await setTimeout(restAfterRestart)
    for (const [i, token] of held.entries()) {
      const reply = await refresh(server.issuer, token)
      assert.equal(reply.status, 200, 'an honest client is signed out')
      held[i] = ((await reply.json()) as { refreshToken: string }).refreshToken
    }
  }
  assert.ok(killed > 0, 'no answer was lost')
})

test('a refresh that waited in the socket of a stopped process changes nothing once its client has hung up', async (t) => {
  const leeway = { COUNTERSIGN_REFRESH_LEEWAY: '3', COUNTERSIGN_REFRESH_TIMEOUT: '1' }
  const server = await startDev(t, { COUNTERSIGN_DATA_DIR: newFolder(t), ...leeway })
  const { refreshToken: token } = await signUp(server.issuer, 'ada')
  await setTimeout(12_100)
  for (const hangUp of [
    (socket: Socket) => socket.destroy(),
    (socket: Socket) => socket.end(),
    (socket: Socket) => socket.resetAndDestroy(),
  ]) {
    server.child.kill('SIGSTOP')
    const socket = await sendRefresh(server, token)
    hangUp(socket)
    await setTimeout(200)
    server.child.kill('SIGCONT')
    await setTimeout(200)
    socket.destroy()
  }
  assert.match(server.output.stderr, /the client has hung up/)
  await setTimeout(3100)
  const first = (await (await refresh(server.issuer, token)).json()) as { refreshToken: string }
  await setTimeout(2000)
  const second = (await (await refresh(server.issuer, token)).json()) as { refreshToken: string }
  assert.notEqual(first.refreshToken, token)
  assert.equal(second.refreshToken, first.refreshToken, 'the first refresh of a live client was the rotation')
})

test('stops whole on SIGTERM: answers every login in flight, takes nothing new, exits 0', async (t) => {
  const { issuer, child, ended } = await startDev(t)
  await signUp(issuer, 'ada')
  let answered = 0
  const inFlight = Array.from({ length: 40 }, async () => {
    const { refreshToken } = await signIn(issuer, 'ada')
    answered++
    return refreshToken
  })
  while (answered < 10) await setTimeout(5)
  assert.ok(answered < inFlight.length, 'some are still under way')
  child.kill('SIGTERM')
  for (const token of await Promise.all(inFlight)) assert.match(token, /^rt1\./)
  assert.deepEqual([(await ended()).code, child.signalCode], [0, null])
  await assert.rejects(fetch(`${issuer}/healthz`))
})

test('a client that sends its headers or body too slowly is cut off', { timeout: 60_000 }, async (t) => {
  const { issuer } = await startDev(t)
  const headers = open(issuer)
  const body = open(issuer)
  headers.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n')
  body.write(
    'POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
  )
  const began = performance.now()
  await Promise.all([read(headers), read(body)])
  assert.ok(performance.now() - began < 30_000)
})

function open(issuer: string): Socket {
  return connect(Number(new URL(issuer).port), '127.0.0.1').on('error', () => {})
}

async function read(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk) => (text += chunk))
  await once(socket, 'close')
  return text
}

function exchange(issuer: string, request: string): Promise<string> {
  const socket = open(issuer)
  socket.write(`${request}`)
  const answer = read(socket)
  void setTimeout(10_000, undefined, { ref: false }).then(() => socket.destroy())
  return answer
}

async function sendRefresh({ issuer }: RunningServer, token: string): Promise<Socket> {
  const socket = open(issuer)
  const body = JSON.stringify({ refreshToken: token })
  const head = `POST /api/auth/refresh HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
  await new Promise<void>((resolve) => socket.write(head + body, () => resolve()))
  return socket
}
