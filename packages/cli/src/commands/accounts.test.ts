import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { ada, claimsOf, type Installation, newInstallation, run, runJson, type Tokens } from '../test/command.ts'

interface Made {
  readonly roles: readonly string[]
  readonly password: string
}

async function canSignIn({ call }: Installation, password: string): Promise<boolean> {
  return (await call('/api/auth/login', { ...ada, password })).status === 200
}

describe('users create', () => {
  test('makes an account with the password on stdin, and never prints it', async (t) => {
    const installation = await newInstallation(t)
    const words = ['users', 'create', '--email', 'Ada@Example.com', '--password-stdin']
    const { code, stdout, stderr } = await run(words, installation.env, `${ada.password}\n`)
    assert.equal(code, 0)
    assert.match(stdout, /^id {5}usr_\S+\nemail {2}ada@example\.com\nroles {2}-\n$/)
    assert.equal(stderr, '')
    assert.ok(await canSignIn(installation, ada.password))
  })

  test('is kept in the audit table, with whom and why, and nothing of an address that was taken', async (t) => {
    const { env, store } = await newInstallation(t)
    const words = ['users', 'create', '--email', ada.email, '--reason', 'a new colleague']
    const { id } = await runJson<{ id: string }>(words, env)
    assert.equal((await run(words, env)).code, 1)
    const lines = (await store.listAudit(undefined, 10)).map(({ at: _, id: __, ...line }) => line)
    assert.deepEqual(lines, [{ event: 'user.create', actor: 'cli', subject: id, reason: 'a new colleague' }])
  })

  test('makes a password where there is none to read, and shows it once on stdout', async (t) => {
    const installation = await newInstallation(t)
    const made = await runJson<Made>(['users', 'create', '--email', ada.email], installation.env)
    assert.deepEqual(Object.keys(made), ['id', 'email', 'roles', 'password'])
    assert.deepEqual(made.roles, [])
    assert.match(made.password, /^[\w-]{24}$/)
    assert.ok(await canSignIn(installation, made.password))
  })

  test('refuses an address that has an account, and leaves that as it is', async (t) => {
    const installation = await newInstallation(t)
    await installation.signUp()
    const words = ['users', 'create', '--email', ada.email, '--password-stdin']
    const { code, stdout, stderr } = await run(words, installation.env, 'another quite long password')
    assert.deepEqual([code, stdout, stderr], [1, '', 'This address has an account.\n'])
    assert.ok(await canSignIn(installation, ada.password))
  })

  test('refuses an address or password that cannot be one, without quoting it', async (t) => {
    const { env } = await newInstallation(t)
    const cases: [string, string, RegExp][] = [
      ['nobody', ada.password, /^email: /],
      [ada.email, 'short12', /^password: give 8 to 256/],
      [ada.email, 'ADA@example.com', /^password: give another than the address/],
      [ada.email, '', /^There is no password on stdin/],
    ]
    for (const command of ['users', 'admin'])
      for (const [email, password, message] of cases) {
        const { code, stdout, stderr } = await run(
          [command, 'create', '--email', email, '--password-stdin'],
          env,
          password,
        )
        assert.deepEqual([code, stdout], [2, ''], email)
        assert.match(stderr, message)
        assert.ok(password === '' || !stderr.includes(password))
      }
  })
})

describe('admin create', () => {
  test('makes an administrator, who may administer at once', async (t) => {
    const installation = await newInstallation(t)
    const { password, roles } = await runJson<Made>(['admin', 'create', '--email', ada.email], installation.env)
    assert.deepEqual(roles, ['admin'])
    const login = (await (await installation.call('/api/auth/login', { ...ada, password })).json()) as Tokens
    assert.equal((await installation.call('/api/admin/audit', undefined, login.accessToken)).status, 200)
  })

  test('is kept in the audit table, step by step, with whom and why', async (t) => {
    const installation = await newInstallation(t)
    const { env, store } = installation
    const ids: string[] = []
    for (const reason of ['the first', 'lost the password']) {
      const words = ['admin', 'create', '--email', ada.email, '--reason', reason]
      ids.push((await runJson<{ id: string }>(words, env)).id)
    }
    const [id] = ids
    assert.deepEqual(
      (await store.listAudit(undefined, 10)).map(({ event, actor, subject, reason }) => [
        event,
        actor,
        subject,
        reason,
      ]),
      [
        ['user.update', 'cli', id, 'lost the password'],
        ['user.password', 'cli', id, 'lost the password'],
        ['user.update', 'cli', id, 'the first'],
        ['user.create', 'cli', id, 'the first'],
      ],
    )
  })

  test('gives an account the role with a new password, keeps its id and other roles, and ends its sessions', async (t) => {
    const installation = await newInstallation(t)
    const { claims, accessToken } = await installation.signUp()
    await installation.store.updateAccount(claims.sub ?? '', { roles: ['editor'] })
    const words = ['admin', 'create', '--email', ada.email, '--password-stdin']
    for (const password of ['another quite long password', 'a third quite long password']) {
      assert.deepEqual(await runJson(words, installation.env, password), {
        ...{ id: claims.sub, email: ada.email },
        roles: ['editor', 'admin'],
      })
      assert.ok(await canSignIn(installation, password))
    }
    assert.ok(!(await canSignIn(installation, ada.password)))
    assert.equal((await installation.call('/api/auth/me', undefined, accessToken)).status, 401)
  })
})

describe('users suspend and restore', () => {
  test('each of a list on stdin, and one that is not there keeps nobody else from it', async (t) => {
    const { env, store } = await newInstallation(t)
    const emails = ['ada@example.com', 'bob@example.com', 'eve@example.com']
    for (const email of emails) await store.createAccount({ id: `usr_${email}`, email, passwordHash: 'none' })
    const list = `ada@example.com\n\nnobody@example.com\n usr_bob@example.com \r\n`
    const { code, stdout, stderr } = await run(['users', 'suspend', '-', '--json', '--reason', 'bought'], env, list)
    assert.equal(code, 1)
    const ids = ['usr_ada@example.com', 'usr_bob@example.com']
    assert.deepEqual(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
      ids.map((id) => ({ id, suspended: true })),
    )
    assert.equal(stderr, 'There is no user nobody@example.com.\n1 of 3 are not there.\n')
    const subjects = (await store.listAudit(undefined, 10)).map(({ event, subject }) => [event, subject])
    assert.deepEqual(
      subjects,
      ids.toReversed().map((id) => ['user.suspend', id]),
    )
    assert.equal((await run(['users', 'restore', '-'], env, ids.join('\n'))).code, 0)
  })

  test('one of a list that cannot be done keeps nobody else from it, is named, and is exit 3', async (t) => {
    const { env, store, folder } = await newInstallation(t)
    const ids = ['usr_a', 'usr_b', 'usr_c']
    for (const id of ids) await store.createAccount({ id, email: `${id}@example.com`, passwordHash: 'none' })
    const database = new DatabaseSync(join(folder, 'countersign.db'))
    database.exec(
      "CREATE TRIGGER no BEFORE UPDATE ON users WHEN new.id = 'usr_b' BEGIN SELECT raise(ABORT, 'something is wrong'); END",
    )
    database.close()
    const { code, stdout, stderr } = await run(['users', 'suspend', '-'], env, [...ids, 'nobody'].join('\n'))
    assert.deepEqual([code, stdout], [3, 'Suspended usr_a.\nSuspended usr_c.\n'])
    const told = ['Not done: usr_b: something is wrong.', 'There is no user nobody.', '2 of 4 were not done.']
    assert.equal(stderr, `${told.join('\n')}\n`)
  })

  test('an empty list is refused: whoever made it meant somebody', async (t) => {
    const { env } = await newInstallation(t)
    for (const [words, list] of [
      [['suspend', '-'], ''],
      [['restore', '-', '--json'], '\n \n'],
    ] as const) {
      const { code, stdout, stderr } = await run(['users', ...words], env, list)
      assert.deepEqual([code, stdout], [1, ''])
      assert.match(stderr, /^There is no user on stdin/)
    }
  })

  test('take an id or an e-mail address, and keep who did it and why', async (t) => {
    const installation = await newInstallation(t)
    const { env, store } = installation
    const { accessToken } = await installation.signUp()
    const id = claimsOf(accessToken).sub ?? ''
    for (const user of [id, 'Ada@Example.com']) {
      assert.deepEqual(await runJson(['users', 'suspend', user, '--reason', 'a test'], env), { id, suspended: true })
      assert.ok(!(await canSignIn(installation, ada.password)))
      assert.deepEqual(await runJson(['users', 'restore', user], env), { id, suspended: false })
      assert.ok(await canSignIn(installation, ada.password))
    }
    assert.equal((await installation.call('/api/auth/me', undefined, accessToken)).status, 401)
    const [restored, suspended] = await store.listAudit(undefined, 2)
    assert.deepEqual([restored?.event, suspended?.event], ['user.restore', 'user.suspend'])
    assert.deepEqual([suspended?.actor, suspended?.subject, suspended?.reason], ['cli', id, 'a test'])
  })

  test('refuse a user who is not there', async (t) => {
    const { env } = await newInstallation(t)
    for (const words of [
      ['suspend', 'nobody@example.com'],
      ['restore', 'usr_nobody'],
    ]) {
      assert.deepEqual(await run(['users', ...words], env), { code: 1, stdout: '', stderr: 'There is no such user.\n' })
    }
  })
})
