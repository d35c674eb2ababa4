import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { ada, newFolder, newInstallation, run, runJson, spawnCommand } from './test/command.ts'

/** Every command that works on the database. */
const onDatabase: string[][] = [
  ['revoke', '--user', 'a'],
  ['users', 'create', '--email', ada.email],
  ['users', 'suspend', 'a'],
  ['users', 'restore', 'a'],
  ['clients', 'create', '--name', 'A', '--scope', 'a'],
  ['clients', 'list'],
  ['clients', 'disable', 'a'],
  ['admin', 'create', '--email', ada.email],
  ['keys', 'list'],
  ['keys', 'revoke', 'a'],
  ['keys', 'export'],
]

describe('exit codes', () => {
  test('3 where there is no database, and none is made', async (t) => {
    const folder = newFolder(t)
    for (const words of onDatabase) {
      const { code, stdout, stderr } = await run(words, { COUNTERSIGN_DATA_DIR: folder })
      assert.deepEqual([code, stdout], [3, ''], words.join(' '))
      assert.match(stderr, /^There is no database .*countersign\.db\. Start the server once/)
    }
  })

  test('2 for an empty name of what to act on: a variable without a value means nobody', async (t) => {
    const { env } = await newInstallation(t)
    for (const words of [
      ['users', 'suspend', ''],
      ['users', 'restore', ' '],
      ['clients', 'disable', ''],
      ['keys', 'revoke', ''],
      ['revoke', '--user', ''],
      ['revoke', '--session', ' '],
      ['revoke', '--token', ''],
    ]) {
      const { code, stdout, stderr } = await run(words, env)
      assert.deepEqual([code, stdout], [2, ''], words.join(' '))
      assert.match(stderr, /^(<\w+>|--\w+): give a value that is not empty\.\n$/)
    }
  })

  test("3 for another program's database, which is left as it was", async (t) => {
    const path = join(newFolder(t), 'other.db')
    writeFileSync(path, 'this is no database, but a text that somebody wrote')
    const { code, stderr } = await run(['keys', 'list'], { COUNTERSIGN_DATABASE_URL: `sqlite:${path}` })
    assert.equal(code, 3)
    assert.match(stderr, /is not a database of Countersign/)
  })

  test('2 for settings that cannot be used, all told at once', async (t) => {
    const env = { COUNTERSIGN_DATABASE_URL: 'mysql://root:hunter2@db', COUNTERSIGN_JWKS_MAX_AGE: 'long' }
    const { code, stderr } = await run(['keys', 'list'], { COUNTERSIGN_DATA_DIR: newFolder(t), ...env })
    assert.equal(code, 2)
    assert.match(stderr, /COUNTERSIGN_DATABASE_URL must be[\s\S]*COUNTERSIGN_JWKS_MAX_AGE must be/)
    assert.doesNotMatch(stderr, /hunter2/)
  })

  test('2 for a master key that is none, of a command that needs it; others go on without', async (t) => {
    const { env } = await newInstallation(t)
    const wrong = { ...env, COUNTERSIGN_MASTER_KEY: 'hunter2', COUNTERSIGN_PREVIOUS_MASTER_KEY: 'hunter2' }
    const { code, stderr } = await run(['keys', 'export'], wrong)
    assert.equal(code, 2)
    assert.match(stderr, /COUNTERSIGN_MASTER_KEY must be 32 random bytes[\s\S]*COUNTERSIGN_PREVIOUS_MASTER_KEY must be/)
    assert.doesNotMatch(stderr, /hunter2/)
    assert.equal((await run(['keys', 'list'], wrong)).code, 0)
  })

  test('2 for wrong usage, with help on stderr and nothing on stdout', async () => {
    const cases = [
      [],
      ['verify'],
      ['dev', 'now'],
      ['start', '--port=1'],
      ...['users', 'clients', 'admin', 'keys'].map((word) => [word]),
      ['users', 'suspend'],
      ['users', 'create'],
      ['clients', 'disable'],
      ['keys', 'revoke'],
      ['secret', '--bytes', '8'],
    ]
    for (const words of cases) {
      const { code, stdout, stderr } = await run(words, {})
      assert.deepEqual([code, stdout], [2, ''], words.join(' '))
      assert.match(stderr, /Usage: countersign/)
    }
  })

  test('0 for help, which leads with examples, on stdout', async () => {
    for (const words of [[], ['revoke'], ['admin', 'create'], ['keys', 'export']]) {
      const { code, stdout, stderr } = await run([...words, '--help'], {})
      assert.deepEqual([code, stderr], [0, ''])
      assert.match(stdout, /^Examples:\n {2}\(?(umask 077; )?countersign /)
    }
  })
})

describe('words', () => {
  test('are not repeated when they may be a secret in the wrong place', async () => {
    for (const words of [
      ['hunter2'],
      ['admin', 'create', '--password=hunter2'],
      ['admin', 'create', '--password', 'hunter2'],
      ['admin', 'create', '-phunter2'],
      ['admin', 'create', '--email', 'a@b', 'hunter2'],
      ['revoke', 'hunter2'],
    ]) {
      const { code, stderr } = await run(words, {})
      assert.equal(code, 2)
      assert.doesNotMatch(stderr, /hunter2/, words.join(' '))
    }
  })

  test('that are nearly right bring the right ones to mind', async () => {
    assert.match((await run(['revok'], {})).stderr, /unknown command\n\(Did you mean revoke\?\)/)
    assert.match((await run(['revoke', '--usr', 'a'], {})).stderr, /unknown option --usr\n\(Did you mean --user\?\)/)
  })
})

describe('a database that another process has locked', () => {
  test('is waited for', async (t) => {
    const { env, folder, signUp } = await newInstallation(t)
    const { claims } = await signUp()
    const other = lock(folder)
    t.after(() => other.close())
    const { child, finished } = spawnCommand(['users', 'suspend', claims.sub ?? ''], env)
    child.stdin.end()
    await setTimeout(1500)
    assert.equal(child.exitCode, null)
    other.exec('COMMIT')
    assert.equal((await finished()).code, 0)
  })

  test('is given up on with 3, and nothing has changed', async (t) => {
    const { env, folder, signUp, call } = await newInstallation(t)
    const { claims, accessToken } = await signUp()
    const other = lock(folder)
    t.after(() => other.close())
    const { code, stdout, stderr } = await run(['users', 'suspend', claims.sub ?? ''], env)
    other.exec('COMMIT')
    assert.deepEqual([code, stdout, stderr], [3, '', 'SQLite: database is locked\n'])
    assert.equal((await call('/api/auth/me', undefined, accessToken)).status, 200)
  })
})

function lock(folder: string): DatabaseSync {
  const database = new DatabaseSync(join(folder, 'countersign.db'))
  database.exec('BEGIN IMMEDIATE')
  return database
}

describe('secret', () => {
  test('makes as many random bytes as are asked for, in base64url', async () => {
    const [first, second] = [await run(['secret'], {}), await run(['secret'], {})]
    assert.match(first.stdout, /^[\w-]{43}\n$/)
    assert.notEqual(first.stdout, second.stdout)
    assert.equal(
      Buffer.from((await runJson<{ secret: string }>(['secret', '--bytes', '64'], {})).secret, 'base64url').length,
      64,
    )
  })
})

describe('healthcheck', () => {
  test('is 1 when the server cannot serve, and says why, or is not there, and follows no redirect', async (t) => {
    let status = 503
    let body = 'no JSON'
    const server = createServer((_request, response) => response.writeHead(status, { location: '/' }).end(body))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    for (const next of [503, 302]) {
      status = next
      const { code, stdout, stderr } = await run(['healthcheck', '--url', url], {})
      assert.deepEqual([code, stdout, stderr], [1, '', `${url}/readyz answers ${next}.\n`])
    }
    body = JSON.stringify({
      checks: { process: 'stopping', store: 'away', keys: 'ok', redis: 'live', feed: '\u001b[2J' },
    })
    status = 503
    const told = await run(['healthcheck', '--url', url], {})
    assert.deepEqual([told.code, told.stderr], [1, `${url}/readyz answers 503: process stopping, store away.\n`])
    server.close()
    const away = await run(['healthcheck', '--url', url], {})
    assert.equal(away.code, 1)
    assert.match(away.stderr, /does not answer: .*ECONNREFUSED/)
  })

  test('refuses what is no address, without quoting a password in it', async () => {
    for (const url of ['auth.example.com', 'ftp://auth.example.com', 'http://ada:hunter2@127.0.0.1']) {
      const { code, stderr } = await run(['healthcheck', '--url', url], {})
      assert.equal(code, 2)
      assert.doesNotMatch(stderr, /hunter2/)
    }
  })
})
