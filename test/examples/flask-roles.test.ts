// The role decorator of the Flask example, with the roles that an administrator gave.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { requires } from '../requires.ts'
import { startAuthorizationServer, startPythonExample } from './running-program.ts'

const root = join(import.meta.dirname, '../..')
const parts = ['python3-flask', 'python3-jwt', 'python3-cryptography'] as const

test('the Flask example lets in whoever has one of the roles', { skip: requires(...parts) }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-roles-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const server = await startAuthorizationServer({ COUNTERSIGN_DATA_DIR: folder })
  t.after(() => server.stop())
  const issuer = server.url.replace('127.0.0.1', 'localhost')
  const flask = await startPythonExample('examples/flask-api', { ISSUER: issuer, AUDIENCE: issuer, PORT: '0' })
  t.after(() => flask.stop())

  const password = 'a quite long password'
  const program = [
    join(root, 'packages/cli/src/main.ts'),
    'admin',
    'create',
    '--email',
    'root@example.com',
    '--password-stdin',
  ]
  const created = spawnSync(process.execPath, ['--conditions=@countersign/source', ...program], {
    ...{ input: password, encoding: 'utf8', env: { ...process.env, COUNTERSIGN_DATA_DIR: folder } },
  })
  assert.equal(created.status, 0, created.stderr)

  async function post(path: string, email: string): Promise<{ accessToken: string }> {
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password }),
    }
    return (await (await fetch(`${issuer}/api/auth/${path}`, init)).json()) as { accessToken: string }
  }
  async function statusOf(token?: string): Promise<number> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    return (await fetch(`${flask.url}/admin`, { headers })).status
  }

  await post('register', 'user@example.com')
  assert.equal(await statusOf((await post('login', 'root@example.com')).accessToken), 200)
  assert.equal(await statusOf((await post('login', 'user@example.com')).accessToken), 403)
  assert.equal(await statusOf('nonsense'), 401)
  assert.equal(await statusOf(), 401)
})
