import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createSigner, createVerifier, importJwkSet, importKey, type JwkSet } from '@countersign/token'
import { newInstallation, run, runJson } from '../test/command.ts'

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

  test('lists the keys and when they were revoked; the next login is signed by another', async (t) => {
    const { env, signUp } = await newInstallation(t)
    const kidOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid
    const old = kidOf((await signUp()).accessToken)
    assert.deepEqual(await runJson(['keys', 'revoke', old, '--reason', 'a test'], env), { kid: old, revoked: true })
    const next = kidOf((await signUp()).accessToken)
    assert.notEqual(next, old)
    const { keys } = await runJson<{ keys: Record<string, unknown>[] }>(['keys', 'list'], env)
    assert.deepEqual(
      keys.map((key) => [Object.keys(key), key.kid, key.alg, typeof key.revoked_at]),
      [
        [['kid', 'alg', 'created_at', 'revoked_at'], old, 'ES256', 'number'],
        [['kid', 'alg', 'created_at', 'revoked_at'], next, 'ES256', 'object'],
      ],
    )
    const { stdout } = await run(['keys', 'list'], env)
    assert.match(stdout, new RegExp(`^kid .*\\n${old} +ES256 +\\S+Z +\\S+Z\\n${next} +ES256 +\\S+Z +-\\n$`))
    const again = await run(['keys', 'revoke', old], env)
    assert.deepEqual(again, { code: 1, stdout: '', stderr: 'There is no such key in use.\n' })
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
