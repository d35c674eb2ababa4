import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Credentials, type Installation, newInstallation, run, runJson } from '../test/command.ts'

type ListedClient = Partial<Record<'client_id_issued_at' | 'disabled_at', number>>

function askToken({ server }: Installation, id: string, secret: string): Promise<Response> {
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
  const body = new URLSearchParams({ grant_type: 'client_credentials', scope: 'orders:read' })
  return server.fetch(
    new Request('http://localhost:4000/oauth/token', { method: 'POST', body, headers: { authorization } }),
  )
}

describe('clients', () => {
  test('registers a client whose credentials the token endpoint takes, until it is disabled (RFC 6749 §4.4)', async (t) => {
    const installation = await newInstallation(t)
    const { env } = installation
    const words = ['clients', 'create', '--id', 'orders', '--name', 'Orders', '--scope', 'orders:read orders:write']
    const made = await runJson<Credentials>(words, env)
    assert.deepEqual(Object.keys(made), ['client_id', 'client_secret'])
    assert.equal((await askToken(installation, made.client_id, made.client_secret)).status, 200)

    const disable = ['clients', 'disable', 'orders', '--reason', 'a test']
    assert.deepEqual(await runJson(disable, env), { client_id: 'orders', disabled: true })
    assert.equal((await askToken(installation, made.client_id, made.client_secret)).status, 401)
    const [record] = await installation.store.listAudit(undefined, 1)
    assert.deepEqual([record?.event, record?.actor, record?.reason], ['client.disable', 'cli', 'a test'])
  })

  test('lists clients by the names of RFC 7591, and no secret', async (t) => {
    const { env } = await newInstallation(t)
    const { client_secret } = await runJson<Credentials>(
      ['clients', 'create', '--id', 'a', '--name', 'A\tb', '--scope', 'x y'],
      env,
    )
    await runJson(['clients', 'disable', 'a'], env)
    const { clients } = await runJson<{ clients: ListedClient[] }>(['clients', 'list'], env)
    assert.equal(clients.length, 1)
    const { client_id_issued_at: issuedAt = 0, disabled_at: disabledAt = 0, ...others } = clients[0] ?? {}
    assert.deepEqual(others, { client_id: 'a', client_name: 'A\tb', scope: 'x y' })
    for (const time of [issuedAt, disabledAt]) assert.ok(Math.abs(time - Date.now() / 1000) < 60)
    const { stdout } = await run(['clients', 'list'], env)
    assert.equal(stdout, 'client_id  state     scope  name\na          disabled  x y    A\\u{9}b\n')
    assert.ok(!JSON.stringify(clients).includes(client_secret))
  })

  test('shows the secret on stdout alone', async (t) => {
    const { env } = await newInstallation(t)
    const { stdout, stderr } = await run(['clients', 'create', '--name', 'A', '--scope', 'x'], env)
    const [, secret = ''] = /^client_id {6}client_\S+\nclient_secret {2}(\S+)\n$/.exec(stdout) ?? []
    assert.ok(secret.length > 30)
    assert.equal(stderr, 'The secret is shown this once.\n')
  })

  test('refuses an id that is taken, and a client that is not there', async (t) => {
    const { env } = await newInstallation(t)
    const words = ['clients', 'create', '--id', 'a', '--name', 'A', '--scope', 'x']
    await runJson(words, env)
    assert.deepEqual(await run(words, env), { code: 1, stdout: '', stderr: 'A client has this id.\n' })
    const refused = { code: 1, stdout: '', stderr: 'There is no such client.\n' }
    assert.deepEqual(await run(['clients', 'disable', 'nobody'], env), refused)
  })

  test('refuses an id, name or scope that cannot be one', async (t) => {
    const { env } = await newInstallation(t)
    const cases: [string[], RegExp][] = [
      [['--id', 'usr_a', '--name', 'A', '--scope', 'x'], /^id: /],
      [['--name', ' ', '--scope', 'x'], /^name: /],
      [['--name', 'A', '--scope', 'x"y'], /^scope: /],
      [['--name', 'A'], /required option '--scope/],
    ]
    for (const [words, message] of cases) {
      const { code, stdout, stderr } = await run(['clients', 'create', ...words], env)
      assert.deepEqual([code, stdout], [2, ''], words.join(' '))
      assert.match(stderr, message)
    }
  })
})
