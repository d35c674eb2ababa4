import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { ada, type Credentials, newFolder, run, runJson, spawnCommand, type Tokens } from './test/command.ts'

/** Starts `countersign dev` on a free port and waits until it is ready. */
async function startDev(t: TestContext, settings: Record<string, string> = {}) {
  const env = { COUNTERSIGN_DATA_DIR: newFolder(t), ...settings }
  const { child, output, finished } = spawnCommand(['dev'], { PORT: '0', ...env })
  t.after(() => void child.kill('SIGKILL'))
  const closed = once(child, 'close')
  for (;;) {
    const issuer = /^ {2}Issuer +(\S+)$/m.exec(output.stdout)?.[1]
    if (issuer !== undefined && output.stdout.includes('curl')) {
      const post = (path: string, json: object) =>
        fetch(issuer + path, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(json),
        })
      return { env, issuer, child, output, finished, post }
    }
    if (child.exitCode !== null) throw new Error(`the server ended: ${output.stderr}`)
    await Promise.race([once(child.stdout, 'data'), closed])
  }
}

test('suspends a user while the server runs: no login, and the access token is refused at once', async (t) => {
  const { env, issuer, post } = await startDev(t)
  await post('/api/auth/register', ada)
  const { accessToken } = (await (await post('/api/auth/login', ada)).json()) as Tokens
  const me = async () => {
    const headers = { authorization: `Bearer ${accessToken}` }
    return (await fetch(`${issuer}/api/auth/me`, { headers })).status
  }
  assert.equal(await me(), 200)
  assert.equal((await run(['users', 'suspend', ada.email], env)).code, 0)
  assert.equal(await me(), 401)
  assert.equal((await post('/api/auth/login', ada)).status, 401)
  assert.equal((await run(['users', 'restore', ada.email], env)).code, 0)
  assert.equal(await me(), 401)
  assert.equal((await post('/api/auth/login', ada)).status, 200)
})

test('registers a client with the running server, and revokes the key that signs', async (t) => {
  const { env, issuer } = await startDev(t)
  const words = ['clients', 'create', '--name', 'A', '--scope', 'orders:read']
  const { client_id: id, client_secret: secret } = await runJson<Credentials>(words, env)
  const askToken = async () => {
    const headers = { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
    const body = new URLSearchParams({ grant_type: 'client_credentials' })
    const answer = await fetch(`${issuer}/oauth/token`, { method: 'POST', headers, body })
    const { access_token: token } = (await answer.json()) as { access_token: string }
    return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid
  }
  const kid = await askToken()
  assert.deepEqual(await runJson(['revoke', '--key', kid], env), { revoked: { kind: 'key', kid } })
  assert.notEqual(await askToken(), kid)
})

test('healthcheck finds the server by its settings, under the path of its issuer, until it stops', async (t) => {
  const { issuer, child, finished } = await startDev(t)
  const { port } = new URL(issuer)
  const url = `http://127.0.0.1:${port}/readyz`
  assert.deepEqual(await runJson(['healthcheck'], { PORT: port }), { ready: true, url })
  const elsewhere = await run(['healthcheck'], { PORT: port, COUNTERSIGN_ISSUER: `${issuer}/auth` })
  assert.deepEqual([elsewhere.code, elsewhere.stderr], [1, `http://127.0.0.1:${port}/auth/readyz answers 404.\n`])
  child.kill('SIGTERM')
  assert.equal((await finished()).code, 0)
  assert.equal((await run(['healthcheck'], { PORT: port })).code, 1)
})

test('keeps within its memory through hundreds of logins at once, with the bound that V8 was given', async (t) => {
  const { issuer, child, output, post } = await startDev(t)
  const read = async () => {
    const text = await (await fetch(`${issuer}/metrics`)).text()
    const value = (name: string) =>
      Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`${name} `))
          ?.split(' ')[1],
      )
    return {
      newSpace: value('nodejs_heap_space_size_total_bytes{space="new"}') / 1e6,
      resident: value('process_resident_memory_bytes') / 1e6,
    }
  }
  await post('/api/auth/register', ada)
  for (let round = 0; round < 4; round++) {
    const answers = await Promise.all(Array.from({ length: 64 }, () => post('/api/auth/login', ada)))
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
    await Promise.all(answers.map((answer) => answer.arrayBuffer()))
  }
  const { newSpace, resident } = await read()
  assert.ok(newSpace > 0)
  // Windows has no execve.
  if (process.platform !== 'win32') assert.ok(newSpace < 10, `V8 has taken ${newSpace} MB for new objects`)
  // The built server takes 115 MB after that; this one runs from source.
  assert.ok(resident < 200, `${resident} MB are resident`)
  assert.doesNotMatch(output.stderr, /unrecognized flag/)
  child.kill('SIGTERM')
})

test('start tells every setting that it needs, as the start file of the server does', async () => {
  const { code, stdout, stderr } = await run(['start'], {})
  assert.deepEqual([code, stdout], [2, ''])
  assert.match(stderr, /COUNTERSIGN_ISSUER is not set[\s\S]*COUNTERSIGN_MASTER_KEY is not set/)
})
