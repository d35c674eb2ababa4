import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Credentials, newInstallation, run, runJson } from '../test/command.ts'

describe('revoke', () => {
  test('ends one access token by its text, by its jti or from stdin, and says that it was not verified', async (t) => {
    const { env, store, signUp } = await newInstallation(t)
    for (const way of ['argument', 'jti', 'stdin']) {
      const { accessToken, claims } = await signUp()
      const word = { argument: accessToken, jti: claims.jti ?? '', stdin: '-' }[way] ?? ''
      const { code, stdout, stderr } = await run(
        ['revoke', '--token', word],
        env,
        way === 'stdin' ? `${accessToken}\n` : '',
      )
      assert.deepEqual([code, stdout], [0, `Revoked token ${claims.jti}.\n`])
      assert.equal(/not verified/.test(stderr), way !== 'jti')
      assert.ok(!stderr.includes(accessToken))
      assert.equal(await store.isRevoked({ jti: claims.jti }), true)
    }
  })

  test('ends a session, and what a user, a client or a key has, and keeps who did it and why', async (t) => {
    const { env, store, signUp } = await newInstallation(t)
    const { claims } = await signUp()
    const [key] = await store.listSigningKeys()
    const { client_id: clientId } = await runJson<Credentials>(
      ['clients', 'create', '--name', 'A', '--scope', 'a'],
      env,
    )
    const cases: [string, string, object][] = [
      ['--session', claims.sid ?? '', { kind: 'session', sid: claims.sid }],
      ['--user', 'ADA@example.com', { kind: 'user', userId: claims.sub }],
      ['--user', claims.sub ?? '', { kind: 'user', userId: claims.sub }],
      ['--client', clientId, { kind: 'client', clientId }],
      ['--key', key?.kid ?? '', { kind: 'key', kid: key?.kid }],
      ['--all-before', 'now', { kind: 'all' }],
    ]
    for (const [option, value, revoked] of cases) {
      assert.deepEqual(await runJson(['revoke', option, value, '--reason', `by ${option}`], env), { revoked })
      const [record] = await store.listAudit(undefined, 1)
      assert.deepEqual([record?.actor, record?.reason], ['cli', `by ${option}`])
    }
    assert.equal(await store.findLiveSession(claims.sid ?? ''), undefined)
  })

  test('refuses what is not there', async (t) => {
    const { env } = await newInstallation(t)
    for (const name of ['session', 'user', 'client', 'key']) {
      const { code, stdout, stderr } = await run(['revoke', `--${name}`, 'nobody'], env)
      assert.deepEqual([code, stdout, stderr], [1, '', `There is no such ${name}${name === 'key' ? ' in use' : ''}.\n`])
    }
  })

  test('refuses a token without jti, whatever else it says', async (t) => {
    const { env } = await newInstallation(t)
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const token = `${part({ alg: 'ES256' })}.${part({ sub: 'ada' })}.AAAA`
    const { code, stderr } = await run(['revoke', '--token', token], env)
    assert.deepEqual([code, stderr], [1, 'The token has no jti, by which it could be revoked.\n'])
  })

  test('shows no control character of a token on the terminal', async (t) => {
    const { env } = await newInstallation(t)
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const token = `${part({ alg: 'ES256' })}.${part({ sub: '\u001b[2J\u009b', jti: 'a\u202eb' })}.AAAA`
    const { code, stdout, stderr } = await run(['revoke', '--token', token], env)
    assert.equal(code, 0)
    assert.match(stdout + stderr, /a\\u\{202e\}b/)
    assert.doesNotMatch(stdout + stderr, /(?!\n)\p{C}/u)
  })

  test('keeps and quotes no secret that is given as a token', async (t) => {
    const { env, store, signUp } = await newInstallation(t)
    const { refreshToken } = await signUp()
    const known = (await store.listAudit(undefined, 10)).length
    for (const [secret, words] of [
      [refreshToken, /this is a refresh token/],
      ['eyJhbGciOiJkaXIifQ..AAAA.BBBB.CCCC', /no signed JWT/],
      ['a b', /give an access token, or its jti/],
      ['', /not empty/],
    ] as const) {
      const { code, stderr } = await run(['revoke', '--token', '-'], env, secret)
      assert.equal(code, 2)
      assert.match(stderr, words)
      assert.ok(secret === '' || !stderr.includes(secret))
    }
    assert.equal((await store.listAudit(undefined, 10)).length, known)
  })

  test('takes one target, and no moment but now', async (t) => {
    const { env } = await newInstallation(t)
    const cases: [string[], RegExp][] = [
      [[], /Name one of --token/],
      [['--user', 'a', '--session', 'b'], /Name one of --token/],
      [['--all-before', '2030-01-01T00:00:00Z'], /only now/],
      [['--all-before', '2020-01-01T00:00:00Z'], /a moment past would leave in force/],
      [['--user', 'a', '--reason', 'x'.repeat(513)], /at most 512 characters/],
    ]
    for (const [words, message] of cases) {
      const { code, stdout, stderr } = await run(['revoke', ...words], env)
      assert.deepEqual([code, stdout], [2, ''], words.join(' '))
      assert.match(stderr, message)
    }
  })
})
