// A real server starts with a master key from each place where one can be kept, and needs the place no more.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { startAws } from './aws-double.ts'
import { accessKey, type Env, masterKey, newFolder, run, settings, signUp, start, token } from './countersign.ts'
import { startVault, type VaultOptions } from './vault-double.ts'

const text = masterKey.toString('base64url')

/** Makes a database with the master key in the open: no other opens its keys afterwards. */
async function newInstallation(t: TestContext): Promise<Env> {
  const env = { COUNTERSIGN_DATA_DIR: newFolder(t) }
  const server = await start(t, { ...env, COUNTERSIGN_MASTER_KEY: text })
  assert.equal((await server.stop()).code, 0)
  return env
}

/** Starts, signs in, takes the place of the key away, signs in again, and stops. */
async function serve(t: TestContext, env: Env, place: { stop(): Promise<void> }): Promise<void> {
  const server = await start(t, { ...(await newInstallation(t)), ...env })
  assert.equal(await signUp(server.url, 'ada@example.com'), 200)
  await place.stop()
  assert.equal(await signUp(server.url, 'grace@example.com'), 200)
  assert.equal((await server.stop()).code, 0)
}

describe('a server starts with a master key, and goes on when its place is away:', () => {
  const secrets = { 'secret/team/auth': { 'master-key': text, 'line-end': `${text}\n` }, 'old/auth': { key: text } }
  const appRole = { roleId: 'role-1', secretId: 'MARKED-secret-id' }
  const kubernetes = { role: 'countersign', jwt: 'MARKED.service.account' }
  const ways: Readonly<Record<string, Partial<VaultOptions> & { reference: string; env(t: TestContext): Env }>> = {
    'of Vault, with a token': { reference: 'vault:secret/team/auth#master-key', env: () => ({ VAULT_TOKEN: token }) },
    'of Vault, with a token in a file, from the path of the API': {
      reference: 'vault:secret/data/team/auth#line-end',
      env: (t) => ({ VAULT_TOKEN_FILE: write(t, `${token}\n`) }),
    },
    'of the first version of the engine': { reference: 'vault:old/auth#key', env: () => ({ VAULT_TOKEN: token }) },
    'of a namespace, by AppRole': {
      ...{ appRole, namespace: 'admin/team', reference: 'vault:secret/team/auth#master-key' },
      env: (t) => ({
        VAULT_NAMESPACE: 'admin/team',
        COUNTERSIGN_VAULT_APPROLE_ROLE_ID: appRole.roleId,
        COUNTERSIGN_VAULT_APPROLE_SECRET_ID_FILE: write(t, appRole.secretId),
      }),
    },
    'of Vault, as a service account of Kubernetes': {
      ...{ kubernetes, reference: 'vault:secret/team/auth#master-key' },
      env: (t) => ({
        COUNTERSIGN_VAULT_KUBERNETES_ROLE: kubernetes.role,
        COUNTERSIGN_VAULT_KUBERNETES_TOKEN_FILE: write(t, kubernetes.jwt),
      }),
    },
  }
  for (const [title, { reference, env, ...options }] of Object.entries(ways)) {
    test(title, async (t) => {
      const vault = await startVault(t, { token, secrets, ...options })
      await serve(t, { VAULT_ADDR: vault.url, COUNTERSIGN_MASTER_KEY: reference, ...env(t) }, vault)
      assert.deepEqual([...vault.tokens], [token], 'what was given out is given back')
    })
  }

  test('of AWS Secrets Manager', async (t) => {
    const aws = await startAws(t, { 'prod/auth': text }, accessKey)
    await serve(t, { ...aws.env, COUNTERSIGN_MASTER_KEY: 'aws-secretsmanager:prod/auth' }, aws)
  })

  test('of a member of a secret of AWS, by its ARN', async (t) => {
    const arn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/auth-AbCdEf'
    const aws = await startAws(t, { [arn]: JSON.stringify({ masterKey: text }) }, accessKey)
    const { AWS_REGION: _, ...env } = aws.env
    await serve(t, { ...env, COUNTERSIGN_MASTER_KEY: `aws-secretsmanager:${arn}#masterKey` }, aws)
  })

  test('that a key of Vault has wrapped', async (t) => {
    const vault = await startVault(t, { token })
    const env = { VAULT_ADDR: vault.url, VAULT_TOKEN: token }
    const { code, stdout } = await run(['secret', '--wrap', 'vault-transit:countersign', '--stdin'], env, `${text}\n`)
    assert.equal(code, 0)
    assert.match(stdout, /^vault-transit:countersign:vault:v1:[\w+/]+=*\n$/)
    await serve(t, { ...env, COUNTERSIGN_MASTER_KEY: stdout.trim() }, vault)
  })

  test('that a key of AWS KMS has wrapped, from a file', async (t) => {
    const aws = await startAws(t, {}, accessKey)
    const { code, stdout } = await run(['secret', '--wrap', 'aws-kms:alias/countersign', '--stdin'], aws.env, text)
    assert.equal(code, 0)
    assert.match(stdout, /^aws-kms:[\w+/]+=*\n$/)
    await serve(t, { ...aws.env, COUNTERSIGN_MASTER_KEY_FILE: write(t, stdout) }, aws)
  })
})

test('an installation whose master key has lain in the open goes over to a new one that is wrapped', async (t) => {
  const vault = await startVault(t, { token })
  const env = { VAULT_ADDR: vault.url, VAULT_TOKEN: token, ...(await newInstallation(t)) }
  const { stdout } = await run(['secret', '--wrap', 'vault-transit:countersign'], env)
  const wrapped = { ...env, COUNTERSIGN_MASTER_KEY: stdout.trim() }
  for (const previous of [{ COUNTERSIGN_PREVIOUS_MASTER_KEY: text }, {}]) {
    const server = await start(t, { ...wrapped, ...previous })
    assert.equal(await signUp(server.url, 'ada@example.com'), 200)
    assert.equal((await server.stop()).code, 0)
  }
})

test('a server whose secrets cannot be had lists them beside what else is wrong, and exits 2', async () => {
  const env = {
    ...settings,
    COUNTERSIGN_REFRESH_LEEWAY: '10',
    VAULT_ADDR: 'http://127.0.0.1:1',
    VAULT_TOKEN: token,
    COUNTERSIGN_MASTER_KEY: 'vault:secret/auth#key',
    COUNTERSIGN_DATABASE_URL: 'vault:secret/auth',
  }
  const { code, stderr } = await run(['start'], env)
  assert.equal(code, 2)
  assert.match(
    stderr,
    /^ {2}COUNTERSIGN_MASTER_KEY cannot be had from vault:secret\/auth#key: Vault at http:\/\/127\.0\.0\.1:1 does not answer \(ECONNREFUSED\): start it, or correct VAULT_ADDR$/m,
  )
  assert.match(stderr, /^ {2}COUNTERSIGN_DATABASE_URL begins with vault: and is not written as vault:<path>#<field>$/m)
  assert.match(stderr, /^ {2}COUNTERSIGN_REFRESH_LEEWAY must be more than twice/m)
  assert.ok(!stderr.includes('is not set'))
})

test('a server that only finds Vault away exits 1, as a later start may find it', async () => {
  const env = { VAULT_ADDR: 'http://127.0.0.1:1', VAULT_TOKEN: token, COUNTERSIGN_MASTER_KEY: 'vault:secret/auth#key' }
  const { code, stderr } = await run(['start'], { ...settings, ...env })
  assert.equal(code, 1)
  assert.match(stderr, /Vault at http:\/\/127\.0\.0\.1:1 does not answer/)
})

test('commands that need no master key work while its place is away', async (t) => {
  const env = { ...(await newInstallation(t)), COUNTERSIGN_MASTER_KEY: 'vault:secret/auth#key', VAULT_TOKEN: token }
  const away = { ...env, VAULT_ADDR: 'http://127.0.0.1:1' }
  assert.equal((await run(['revoke', '--all-before', 'now'], away)).code, 0)
  const { code, stderr } = await run(['keys', 'export'], away)
  assert.equal(code, 3)
  assert.match(stderr, /COUNTERSIGN_MASTER_KEY cannot be had/)
  const vault = await startVault(t, { token, secrets: { 'secret/auth': { key: text } } })
  const exported = await run(['keys', 'export'], { ...env, VAULT_ADDR: vault.url })
  assert.equal(exported.code, 0)
  assert.ok(JSON.parse(exported.stdout).keys.length > 0)
})

test('a command finds the database by a reference', async (t) => {
  const { COUNTERSIGN_DATA_DIR: folder = '' } = await newInstallation(t)
  const secrets = { 'secret/auth': { url: `sqlite:${join(folder, 'countersign.db')}` } }
  const vault = await startVault(t, { token, secrets })
  const env = { VAULT_ADDR: vault.url, VAULT_TOKEN: token, COUNTERSIGN_DATABASE_URL: 'vault:secret/auth#url' }
  assert.equal((await run(['keys', 'list'], env)).code, 0)
})

/** Writes a file that is removed when the test ends, and gives its path. */
function write(t: TestContext, content: string): string {
  const path = join(newFolder(t), 'secret')
  writeFileSync(path, content)
  return path
}
