// What Vault answers, and what is made of it. A description of the settings has the host of a database, so that a value that was read can be seen.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { requires } from '../requires.ts'
import { describeConfig, type Env, masterKey, newFolder, run, settings, token } from './countersign.ts'
import { startVault, type VaultDouble, type VaultOptions } from './vault-double.ts'

const secrets = {
  'secret/app': { url: 'postgres://ada:MARKED@second.example/db?sslpassword=MARKED', number: 5, empty: '' },
  'secret/data/odd': { url: 'postgres://ada:MARKED@odd.example/db' },
  'secret/with space/ü': { url: 'postgres://ada:MARKED@space.example/db' },
  'secret/deleted': null,
  'old/app': { url: 'postgres://ada:MARKED@first.example/db' },
}

async function setUp(t: TestContext, options: Partial<VaultOptions> = {}): Promise<{ vault: VaultDouble; env: Env }> {
  const vault = await startVault(t, { token, secrets, ...options })
  const key = { COUNTERSIGN_MASTER_KEY: masterKey.toString('base64url') }
  return { vault, env: { ...settings, ...key, VAULT_ADDR: vault.url, VAULT_TOKEN: token } }
}

const database = (reference: string) => ({ COUNTERSIGN_DATABASE_URL: reference })

describe('a field of the KV engine', () => {
  const found = {
    'vault:secret/app#url': 'second',
    'vault:/secret/app#url': 'second',
    'vault:secret/data/app#url': 'second',
    'vault:secret/data/data/odd#url': 'odd',
    'vault:secret/with space/ü#url': 'space',
    'vault:old/app#url': 'first',
  }
  for (const [reference, host] of Object.entries(found)) {
    test(`${reference} is found as vault kv get finds it`, async (t) => {
      const { env } = await setUp(t)
      const { problems, get } = await describeConfig({ ...env, ...database(reference) })
      assert.deepEqual(problems, [])
      const { value, from, at } = get('COUNTERSIGN_DATABASE_URL')
      assert.deepEqual([value, from], [`postgres://${host}.example/db`, 'reference'])
      assert.equal(at, reference.replace(':/', ':'))
    })
  }

  const refused = {
    'vault:secret/none#url': /has no secret at secret\/data\/none, or its newest version is deleted \(404\): write it/,
    'vault:secret/deleted#url': /has no secret at secret\/data\/deleted, or its newest version is deleted/,
    'vault:old/none#url': /has no secret at old\/none/,
    'vault:elsewhere/app#url':
      /refuses to read elsewhere\/app \(403\): correct the path or VAULT_NAMESPACE, or give the token a policy/,
    'vault:secret/app#none': /the secret at secret\/data\/app has no text named "none"/,
    'vault:secret/app#number': /the secret at secret\/data\/app has no text named "number"/,
    'vault:secret/app#toString': /has no text named "toString"/,
    'vault:secret/app#empty': /it is empty there: write it/,
  }
  for (const [reference, expected] of Object.entries(refused)) {
    test(`${reference} is refused by the name of the setting, and of what is missing`, async (t) => {
      const { env } = await setUp(t)
      const { isTransient, problems } = await describeConfig({ ...env, ...database(reference) })
      assert.deepEqual([isTransient, problems.length], [false, 1])
      assert.match(problems[0] ?? '', expected)
      assert.ok(problems[0]?.startsWith(`COUNTERSIGN_DATABASE_URL cannot be had from ${reference}: `))
    })
  }

  test('a reference that is written wrongly is not repeated: it may be a secret', async () => {
    for (const text of [
      'vault:MARKED',
      'vault:#MARKED',
      'vault:a/../sys#MARKED',
      'vault:a//b#MARKED',
      'vault-transit:MARKED',
      'aws-kms:MARKED?',
    ]) {
      const { isTransient, problems } = await describeConfig({ ...settings, COUNTERSIGN_MASTER_KEY: text })
      assert.equal(isTransient, false)
      assert.match(problems[0] ?? '', /^COUNTERSIGN_MASTER_KEY begins with [a-z-]+: and is not written as /)
    }
  })

  test('several references sign in once', async (t) => {
    const { vault, env } = await setUp(t, { appRole: { roleId: 'r', secretId: 's' } })
    const { VAULT_TOKEN: _, ...others } = env
    const appRole = { COUNTERSIGN_VAULT_APPROLE_ROLE_ID: 'r', COUNTERSIGN_VAULT_APPROLE_SECRET_ID: 's' }
    const both = { ...database('vault:secret/app#url'), COUNTERSIGN_REDIS_URL: 'vault:old/app#url' }
    const { problems } = await describeConfig({ ...others, ...appRole, ...both })
    assert.equal(problems.length, 1)
    assert.match(problems[0] ?? '', /^COUNTERSIGN_REDIS_URL must be redis:\/\/…/)
    assert.equal(vault.calls.filter((call) => call === 'POST auth/approle/login').length, 1)
    assert.equal(vault.calls.at(-1), 'POST auth/token/revoke-self')
  })

  test('JWT_SECRET is followed only where it has an effect', async (t) => {
    const { vault, env } = await setUp(t)
    const { problems, warnings } = await describeConfig({ ...env, JWT_SECRET: 'vault:secret/app#url' })
    assert.deepEqual([problems, vault.calls.length, warnings.length], [[], 0, 1])
    const used = await describeConfig({ ...env, COUNTERSIGN_SIGNING_ALG: 'HS256', JWT_SECRET: 'vault:secret/none#url' })
    assert.equal(used.problems.length, 1)
    assert.match(used.problems[0] ?? '', /^JWT_SECRET cannot be had/)
  })
})

describe('trouble that passes', () => {
  test('is tried again: a start that finds Vault busy, unsealed late or cut off goes on', async (t) => {
    for (const faults of [[503, 429], ['break', 500], [412]] as VaultDouble['faults'][]) {
      const { vault, env } = await setUp(t)
      vault.faults.push(...faults)
      assert.deepEqual((await describeConfig({ ...env, ...database('vault:secret/app#url') })).problems, [])
      assert.equal(vault.calls.length, faults.length + 2)
    }
  })

  test('is told as such when it does not pass: after three tries', async (t) => {
    const { vault, env } = await setUp(t)
    vault.sealed = true
    const { isTransient, problems } = await describeConfig({ ...env, ...database('vault:secret/app#url') })
    assert.deepEqual([isTransient, vault.calls.length], [true, 3])
    assert.match(
      problems[0] ?? '',
      new RegExp(`Vault at ${vault.url} is sealed or has no active server \\(503\\): unseal it$`),
    )
  })

  test('a Vault that never answers holds a start up for three times five seconds, and no longer', async (t) => {
    const { vault, env } = await setUp(t)
    vault.faults.push('hang', 'hang', 'hang')
    const started = performance.now()
    const { isTransient, problems } = await describeConfig({ ...env, ...database('vault:secret/app#url') })
    const seconds = (performance.now() - started) / 1000
    assert.equal(isTransient, true)
    assert.match(problems[0] ?? '', /does not answer within 5 seconds: start it, or correct VAULT_ADDR$/)
    assert.ok(seconds > 15 && seconds < 25, `${seconds} s`)
  })
})

describe('what does not pass is said at once:', () => {
  const unset = { VAULT_TOKEN: '' }
  const cases: Readonly<Record<string, readonly [env: Env, expected: RegExp]>> = {
    'no address': [{ VAULT_ADDR: '' }, /: VAULT_ADDR is not set: give the address of Vault/],
    'an address that is none': [{ VAULT_ADDR: 'vault' }, /: VAULT_ADDR must be an https URL without a user name$/],
    'an address with a password': [
      { VAULT_ADDR: 'https://x:MARKED@v' },
      /: VAULT_ADDR must be an https URL without a user name$/,
    ],
    'an address in the open': [
      { VAULT_ADDR: 'http://vault.example' },
      /: VAULT_ADDR must be https, or http on a loopback address; COUNTERSIGN_VAULT_ALLOW_INSECURE_HTTP=true sends/,
    ],
    'a wrong flag': [
      { COUNTERSIGN_VAULT_ALLOW_INSECURE_HTTP: 'yes' },
      /: COUNTERSIGN_VAULT_ALLOW_INSECURE_HTTP must be true or false$/,
    ],
    'no way to sign in': [
      unset,
      /: nothing tells Vault who this is: set VAULT_TOKEN or VAULT_TOKEN_FILE, or COUNTERSIGN_VAULT_KUBERNETES_ROLE, or COUNTERSIGN_VAULT_APPROLE_ROLE_ID$/,
    ],
    'two ways to sign in': [
      { COUNTERSIGN_VAULT_APPROLE_ROLE_ID: 'r' },
      /: VAULT_TOKEN or VAULT_TOKEN_FILE and COUNTERSIGN_VAULT_APPROLE_ROLE_ID are both set: keep one way/,
    ],
    'a token that is not good': [{ VAULT_TOKEN: 'hvs.MARKED-other' }, /refuses to read secret\/app \(403\)/],
    'a file of a token that is not there': [
      { ...unset, VAULT_TOKEN_FILE: '/nowhere/token' },
      /: VAULT_TOKEN_FILE cannot be read \(ENOENT\)/,
    ],
    'an AppRole that is not known': [
      { ...unset, COUNTERSIGN_VAULT_APPROLE_ROLE_ID: 'r', COUNTERSIGN_VAULT_APPROLE_SECRET_ID: 'MARKED' },
      /refuses the sign-in at auth\/approle \(400\): check the role, what it is bound to, and COUNTERSIGN_VAULT_AUTH_MOUNT$/,
    ],
    'a mount that is not there': [
      { ...unset, COUNTERSIGN_VAULT_APPROLE_ROLE_ID: 'r', COUNTERSIGN_VAULT_AUTH_MOUNT: 'other' },
      /refuses the sign-in at auth\/other \(403\)/,
    ],
    'no service account': [
      { ...unset, COUNTERSIGN_VAULT_KUBERNETES_ROLE: 'r' },
      /: COUNTERSIGN_VAULT_KUBERNETES_TOKEN_FILE cannot be read \(ENOENT\)/,
    ],
    'another namespace': [{ VAULT_NAMESPACE: 'other' }, /has no secret at secret\/app/],
    'certificates that cannot be read': [
      { VAULT_CACERT: '/nowhere/ca.pem' },
      /: VAULT_CACERT cannot be read \(ENOENT\)/,
    ],
    'no TLS where there should be': [
      { VAULT_ADDR: 'https:' },
      /cannot be trusted \((EPROTO|ERR_SSL_\w+)\): set VAULT_CACERT/,
    ],
  }
  for (const [title, [wrong, expected]] of Object.entries(cases)) {
    test(title, async (t) => {
      const { vault, env } = await setUp(t)
      const given = wrong.VAULT_ADDR === 'https:' ? { VAULT_ADDR: vault.url.replace('http:', 'https:') } : wrong
      const { isTransient, problems } = await describeConfig({ ...env, ...database('vault:secret/app#url'), ...given })
      assert.match(problems[0] ?? '', expected)
      assert.deepEqual([isTransient, problems.length], [false, 1])
    })
  }

  test('a server that sends elsewhere is not followed with the token', async (t) => {
    const { vault, env } = await setUp(t)
    vault.faults.push(307)
    const { isTransient, problems } = await describeConfig({ ...env, ...database('vault:secret/app#url') })
    assert.deepEqual([isTransient, vault.calls.length], [false, 1])
    assert.match(problems[0] ?? '', /sends elsewhere \(307\): set VAULT_ADDR to the server that answers itself$/)
  })
})

test('a certificate of another authority is trusted only by VAULT_CACERT', { skip: requires('openssl') }, async (t) => {
  const folder = newFolder(t)
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const request =
    '-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=vault -addext subjectAltName=IP:127.0.0.1'
  execFileSync('/usr/bin/openssl', ['req', ...request.split(' '), '-keyout', key, '-out', cert], { stdio: 'ignore' })
  const { env } = await setUp(t, { tls: { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') } })
  const trusted = await describeConfig({ ...env, ...database('vault:secret/app#url'), VAULT_CACERT: cert })
  assert.equal(trusted.get('COUNTERSIGN_DATABASE_URL').value, 'postgres://second.example/db')
  const { isTransient, problems } = await describeConfig({ ...env, ...database('vault:secret/app#url') })
  assert.equal(isTransient, false)
  assert.match(problems[0] ?? '', /cannot be trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\): set VAULT_CACERT to the file/)
})

describe('a master key that a key of Vault wraps', () => {
  test('is new each time, is never printed, and is all that a start needs', async (t) => {
    const { env } = await setUp(t)
    const wrap = () => run(['secret', '--wrap', 'vault-transit:countersign', '--json'], env)
    const [one, two] = [JSON.parse((await wrap()).stdout), JSON.parse((await wrap()).stdout)]
    assert.notEqual(one.secret, two.secret)
    const { problems, get } = await describeConfig({ ...env, COUNTERSIGN_MASTER_KEY: one.secret })
    assert.deepEqual(problems, [])
    const { value, isSet, from, at } = get('COUNTERSIGN_MASTER_KEY')
    assert.deepEqual([value, isSet, from, at], [undefined, true, 'reference', 'vault-transit:transit/countersign'])
  })

  test('does not open when it was wrapped for another use, or damaged', async (t) => {
    const { vault, env } = await setUp(t)
    const headers = { 'x-vault-token': token, 'x-vault-request': 'true' }
    const init = { method: 'POST', headers, body: JSON.stringify({ plaintext: masterKey.toString('base64') }) }
    const answer = await fetch(`${vault.url}/v1/transit/encrypt/countersign`, init)
    const { ciphertext } = ((await answer.json()) as { data: { ciphertext: string } }).data
    for (const text of [ciphertext, 'vault:v1:AAAA']) {
      const { isTransient, problems } = await describeConfig({
        ...env,
        COUNTERSIGN_MASTER_KEY: `vault-transit:countersign:${text}`,
      })
      assert.equal(isTransient, false)
      assert.match(
        problems[0] ?? '',
        /^COUNTERSIGN_MASTER_KEY cannot be had from vault-transit:transit\/countersign: .* \(400\): it was wrapped by another key/,
      )
    }
  })

  test('is refused with the reason when there is no such key, or one that binds nothing', async (t) => {
    const { env } = await setUp(t)
    for (const name of ['other', 'rsa']) {
      const { code, stdout, stderr } = await run(['secret', '--wrap', `vault-transit:${name}`], env)
      assert.deepEqual([code, stdout], [2, ''])
      assert.match(
        stderr,
        /refuses to update transit\/encrypt\/\w+ \(400\): there is no key \(aes256-gcm96 or chacha20-poly1305/,
      )
    }
    const wrong = await run(['secret', '--wrap', 'gpg:MARKED'], env)
    assert.deepEqual([wrong.code, wrong.stdout], [2, ''])
    assert.match(wrong.stderr, /must be vault-transit:<key name> or aws-kms:/)
  })

  test('is 32 bytes: another secret on stdin is refused, and not repeated', async (t) => {
    const { vault, env } = await setUp(t)
    const words = ['secret', '--wrap', 'vault-transit:countersign', '--stdin']
    const { code, stderr } = await run(words, env, 'MARKED')
    assert.deepEqual([code, vault.calls.length], [2, 0])
    assert.match(stderr, /no master key on stdin/)
  })

  test('is, with the one before it, the only setting that can be wrapped', async (t) => {
    const { env } = await setUp(t)
    const { stdout } = await run(['secret', '--wrap', 'vault-transit:countersign'], env)
    const previous = await describeConfig({ ...env, COUNTERSIGN_PREVIOUS_MASTER_KEY: stdout.trim() })
    assert.deepEqual(previous.problems, [])
    const { isTransient, problems } = await describeConfig({ ...env, ...database(stdout.trim()) })
    assert.equal(isTransient, false)
    assert.match(problems[0] ?? '', /^COUNTERSIGN_DATABASE_URL .*: only a master key can be wrapped/)
  })
})

test('a setting and its file are not both taken, and an empty file is no secret', async (t) => {
  const path = join(newFolder(t), 'key')
  writeFileSync(path, '\n')
  const empty = await describeConfig({ ...settings, COUNTERSIGN_MASTER_KEY_FILE: path })
  assert.deepEqual(empty.problems, ['COUNTERSIGN_MASTER_KEY_FILE names a file that is empty: write the secret into it'])
  const both = await describeConfig({
    ...settings,
    COUNTERSIGN_MASTER_KEY_FILE: path,
    COUNTERSIGN_MASTER_KEY: 'vault:a#b',
  })
  assert.deepEqual(both.problems, ['COUNTERSIGN_MASTER_KEY and COUNTERSIGN_MASTER_KEY_FILE are both set: keep one'])
})
