import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { createAuthorizationServer } from '@countersign/server'
import { createSigner, createVerifier, importJwkSet, importKey, type JwkSet } from '@countersign/token'
import { ada, newInstallation, run, runJson } from '../test/command.ts'

type Listed = { readonly keys: readonly Record<string, unknown>[] }

const kidOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid
const listed = (env: Readonly<Record<string, string>>) => runJson<Listed>(['keys', 'list'], env)

describe('keys', () => {
  test('exports the public keys as the server publishes them, and as PEM', async (t) => {
    const { env, call } = await newInstallation(t)
    const published = (await (await call('/.well-known/jwks.json', undefined)).json()) as JwkSet
    const exported = await runJson<JwkSet>(['keys', 'export'], env)
    assert.deepEqual(exported, published)
    assert.equal(importJwkSet(exported).keys[0]?.kind, 'public')
    const { stdout } = await run(['keys', 'export', '--format', 'pem'], env)
    const { x, y } = createPublicKey(stdout).export({ format: 'jwk' })
    assert.deepEqual([x, y], [published.keys[0]?.x, published.keys[0]?.y])
  })

  test('cannot export without the master key that the server has, from the folder or the environment', async (t) => {
    const { env, folder } = await newInstallation(t)
    const other = Buffer.alloc(32, 6).toString('base64url')
    const file = join(folder, 'other')
    writeFileSync(file, other)
    const wrong = await run(['keys', 'export'], { ...env, COUNTERSIGN_MASTER_KEY_FILE: file })
    assert.deepEqual([wrong.code, wrong.stdout], [3, ''])
    assert.match(wrong.stderr, /sealed with another master key/)
    assert.ok(!wrong.stderr.includes(other))
    writeFileSync(join(folder, 'master-key'), 'no key')
    assert.equal((await run(['keys', 'export'], env)).code, 3)
    rmSync(join(folder, 'master-key'))
    const missing = await run(['keys', 'export'], env)
    assert.equal(missing.code, 3)
    assert.match(missing.stderr, /its master key .* is not/)
    const right = { ...env, COUNTERSIGN_MASTER_KEY: Buffer.alloc(32, 5).toString('base64url') }
    assert.equal((await run(['keys', 'export'], right)).code, 0)
  })

  test('lists the keys and what they are; after a revocation the pending one signs the next login', async (t) => {
    const { env, signUp } = await newInstallation(t)
    const old = kidOf((await signUp()).accessToken)
    const [active, pending] = (await listed(env)).keys
    assert.deepEqual([active?.kid, active?.state, pending?.state], [old, 'active', 'pending'])
    assert.equal(active?.retires_at, pending?.activates_at)
    assert.deepEqual(await runJson(['keys', 'revoke', old, '--reason', 'a test'], env), { kid: old, revoked: true })
    assert.equal(kidOf((await signUp()).accessToken), pending?.kid)
    const { keys } = await listed(env)
    assert.deepEqual(
      Object.keys(keys[0] ?? {}).join(' '),
      'kid alg state created_at activates_at retires_at revoked_at',
    )
    assert.deepEqual(
      keys.slice(0, 2).map(({ kid, alg, state, revoked_at }) => [kid, alg, state, typeof revoked_at]),
      [
        [old, 'ES256', 'revoked', 'number'],
        [pending?.kid, 'ES256', 'active', 'object'],
      ],
    )
    const { stdout } = await run(['keys', 'list'], env)
    const row = (kid: unknown, state: string) => new RegExp(`^${kid} +ES256 +${state} +\\S+Z +\\S+Z +\\S+`, 'm')
    assert.match(stdout, /^kid +alg +state +created +signs from +until +revoked\n/)
    assert.match(stdout, row(old, 'revoked'))
    assert.match(stdout, row(pending?.kid, 'active'))
    const again = await run(['keys', 'revoke', old], env)
    assert.deepEqual(again, { code: 1, stdout: '', stderr: 'There is no such key in use.\n' })
  })

  test('rotates: the pending key signs once every cache has it, or at once; the session goes on', async (t) => {
    const { env, signUp, call } = await newInstallation(t)
    const { accessToken, refreshToken } = await signUp()
    const [, pending] = (await listed(env)).keys
    const soon = await runJson<{ kid: string; activates_at: number }>(['keys', 'rotate', '--reason', 'a test'], env)
    assert.deepEqual(soon, { kid: pending?.kid, activates_at: (pending?.created_at as number) + 86_400 })
    assert.equal(kidOf((await signUp()).accessToken), kidOf(accessToken))
    const { stdout, code } = await run(['keys', 'rotate', '--now'], env)
    assert.equal(code, 0)
    assert.match(stdout, new RegExp(`^Key ${pending?.kid} signs from \\S+Z on\\.\\n$`))
    const refreshed = await call('/api/auth/refresh', { refreshToken })
    assert.equal(refreshed.status, 200)
    assert.equal(kidOf(((await refreshed.json()) as { accessToken: string }).accessToken), pending?.kid)
  })

  test('rotates the pepper: sessions of before go on, and new ones are made with the new one', async (t) => {
    const { env, signUp, call } = await newInstallation(t)
    const pepperOf = (token: string) => Buffer.from(token.split('.')[1] ?? '', 'base64url')[1]
    const before = await signUp()
    assert.deepEqual(await runJson(['keys', 'rotate', '--pepper'], env), { pepper: 2 })
    await signUp()
    const after = await signUp()
    assert.deepEqual([pepperOf(before.refreshToken), pepperOf(after.refreshToken)], [1, 2])
    for (const { refreshToken } of [before, after])
      assert.equal((await call('/api/auth/refresh', { refreshToken })).status, 200)
    assert.equal((await run(['keys', 'rotate', '--pepper', '--now'], env)).code, 2)
  })

  test('no pepper is made that the servers could not open', async (t) => {
    const { env, signUp, call, store } = await newInstallation(t)
    const { refreshToken } = await signUp()
    const wrong = { ...env, COUNTERSIGN_MASTER_KEY: Buffer.alloc(32, 9).toString('base64url') }
    const { code, stdout, stderr } = await run(['keys', 'rotate', '--pepper'], wrong)
    assert.deepEqual([code, stdout], [3, ''])
    assert.match(stderr, /sealed with another master key/)
    assert.equal((await store.listPeppers()).length, 1)
    assert.equal((await call('/api/auth/refresh', { refreshToken })).status, 200)
  })

  test('does not claim to rotate where tokens are signed with a shared secret', async (t) => {
    const { env } = await newInstallation(t)
    const { code, stderr } = await run(['keys', 'rotate'], { ...env, COUNTERSIGN_SIGNING_ALG: 'HS256' })
    assert.deepEqual([code, stderr], [1, 'Tokens are signed with a shared secret: replace that.\n'])
  })

  test('abandons what a lost master key sealed: the server starts with another, accounts are there, sessions are not', async (t) => {
    const { env, folder, signUp, store } = await newInstallation(t)
    const { accessToken, refreshToken } = await signUp()
    assert.equal((await run(['keys', 'abandon'], env)).code, 2)
    const masterKey = Buffer.alloc(32, 6)
    const log = { debug() {}, info() {}, warn() {}, error() {} }
    const start = () => createAuthorizationServer({ issuer: 'http://localhost:4000', masterKey, store, log })
    await assert.rejects(start().ready(), /sealed with another master key/)
    const { env: lost } = { env: { ...env, COUNTERSIGN_MASTER_KEY: masterKey.toString('base64url') } }
    await store.sequence(1, 0)
    const early = await run(['keys', 'abandon', '--end-every-session'], env)
    assert.deepEqual([early.code, /within the last 15 seconds/.test(early.stderr)], [1, true])
    const database = new DatabaseSync(join(folder, 'countersign.db'))
    database.exec('UPDATE revocation_feed SET tick_at = tick_at - 20000')
    database.close()
    const told = await runJson(['keys', 'abandon', '--end-every-session', '--reason', 'lost'], lost)
    assert.deepEqual(told, { abandoned: true })
    const server = start()
    await server.ready()
    const post = (path: string, body: object) =>
      server.fetch(
        new Request(`http://localhost:4000${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      )
    assert.equal((await post('/api/auth/refresh', { refreshToken })).status, 401)
    const signedIn = await post('/api/auth/login', ada)
    assert.equal(signedIn.status, 200)
    assert.notEqual(kidOf(((await signedIn.json()) as { accessToken: string }).accessToken), kidOf(accessToken))
  })

  test('generates a private key that signs, and warns on stderr alone', async () => {
    for (const alg of ['ES256', 'EdDSA', 'HS256'] as const) {
      const { code, stdout, stderr } = await run(['keys', 'generate', '--alg', alg], {})
      assert.equal(code, 0)
      assert.match(stderr, /^This is a secret/)
      const key = importKey(JSON.parse(stdout))
      assert.notEqual(key.kind, 'public')
      const token = createSigner({ key, issuer: 'a', audience: 'b', lifetime: 60 })({})
      const verify = createVerifier({ keys: [key], algorithms: [alg], issuer: 'a', audience: 'b' })
      assert.equal(verify(token).iss, 'a')
    }
  })

  test('refuses an algorithm or format that it has not', async (t) => {
    const { env } = await newInstallation(t)
    for (const words of [
      ['generate', '--alg', 'none'],
      ['export', '--format', 'der'],
      ['export', '--format', 'pem', '--json'],
    ]) {
      const { code, stdout } = await run(['keys', ...words], env)
      assert.deepEqual([code, stdout], [2, ''], words.join(' '))
    }
  })
})
