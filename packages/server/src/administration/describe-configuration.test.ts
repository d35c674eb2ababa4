import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Environment,
  isSecretSetting,
  readEnvironment,
  resolveEnvironment,
  settingNames,
} from '../settings/environment.ts'
import { resolveOptions } from '../settings/settings.ts'
import type { Store } from '../store/store.ts'
import { describeConfiguration } from './describe-configuration.ts'
import { defaults } from './setting-defaults.ts'

const masterKey = Buffer.alloc(32, 7).toString('base64url')
const secretSettings = settingNames.filter(isSecretSetting)
const needed = {
  COUNTERSIGN_ISSUER: 'https://auth.example.com',
  COUNTERSIGN_AUDIENCE: 'api',
  COUNTERSIGN_MASTER_KEY: masterKey,
}

/** What a server is started with, in the end. */
async function read(env: Environment, mode: 'dev' | 'start'): Promise<object> {
  const { options, ...others } = readEnvironment(await resolveEnvironment(env), mode)
  return {
    ...others,
    settings: resolveOptions({ issuer: 'http://localhost:4000', masterKey, ...options, store: {} as Store }),
  }
}

test('every setting says what it is by default', () => {
  assert.deepEqual(Object.keys(defaults).sort(), [...settingNames].sort())
})

for (const mode of ['dev', 'start'] as const) {
  test(`a server with every default of ${mode} written out is the one that has them`, async () => {
    const given = mode === 'dev' ? {} : needed
    const { settings, refusal } = await describeConfiguration(given, mode)
    assert.equal(refusal, undefined)
    const written = settings.filter(
      ({ from, isSet, name }) => from === 'default' && isSet && name !== 'COUNTERSIGN_MASTER_KEY',
    )
    assert.ok(written.length >= 15)
    const values = Object.fromEntries(written.map(({ name, value }) => [name, value]))
    // The word that dev has for any port of this machine is no origin, and cannot be set.
    const { COUNTERSIGN_ALLOWED_ORIGINS: origins, COUNTERSIGN_REDIS_PREFIX: prefix, ...settable } = values
    assert.deepEqual([origins, prefix], [mode === 'dev' ? 'localhost' : undefined, 'countersign'])
    assert.deepEqual(await read({ ...settable, ...given }, mode), await read(given, mode))
  })
}

test('the default of one setting that follows another is shown', async () => {
  const { settings } = await describeConfiguration({ ...needed, COUNTERSIGN_SESSION_LIFETIME: '5m', PORT: '80' }, 'dev')
  const showOf = (name: string) => settings.find((one) => one.name === name)?.value
  assert.equal(showOf('COUNTERSIGN_COOKIE_SESSION_IDLE_LIFETIME'), '5m')
  const dev = await describeConfiguration({ PORT: '8080' }, 'dev')
  assert.equal(dev.settings.find(({ name }) => name === 'COUNTERSIGN_AUDIENCE')?.value, 'http://localhost:8080')
})

test('an address is shown without user name, password and query, and not at all where these cannot be told apart', async () => {
  const shown: [string, string, string | undefined][] = [
    [
      'COUNTERSIGN_DATABASE_URL',
      'postgres://ada:secret@db.example:5432/app?password=secret#secret',
      'postgres://db.example:5432/app',
    ],
    ['COUNTERSIGN_DATABASE_URL', 'postgres://ada:1/secret@db.example/app', undefined],
    ['COUNTERSIGN_DATABASE_URL', 'postgres://ada:se/cret@db.example/app', undefined],
    ['COUNTERSIGN_DATABASE_URL', 'mysql secret', undefined],
    ['COUNTERSIGN_DATABASE_URL', 'sqlite:/var/lib/x.db', 'sqlite:/var/lib/x.db'],
    ['COUNTERSIGN_REDIS_URL', 'rediss://:secret@cache.example/0', 'rediss://cache.example/0'],
    ['COUNTERSIGN_REDIS_URL', 'redis://:12#secret@cache.example', undefined],
    [
      'COUNTERSIGN_REDIS_URL',
      'redis+sentinel://ada:secret@one:26379,two/mymaster?sentinel_password=secret',
      'redis+sentinel://one:26379,two/mymaster',
    ],
    ['COUNTERSIGN_DATABASE_URL', 'postgres://ada:12345?secret@db.example/app', undefined],
    ['COUNTERSIGN_DATABASE_URL', 'postgres://ada:12345#secret@db.example/app', undefined],
    ['COUNTERSIGN_ISSUER', 'https://ada:secret@auth.example.com', undefined],
    ['COUNTERSIGN_ISSUER', 'https://ada:se/cret@auth.example.com', undefined],
    ['COUNTERSIGN_ALLOWED_ORIGINS', 'https://ada:se,cret@a.example', undefined],
    ['COUNTERSIGN_ALLOWED_ORIGINS', 'https://a.example,https://b.example', 'https://a.example,https://b.example'],
    ['VAULT_ADDR', 'https://ada:secret@vault.example', undefined],
    ['VAULT_ADDR', 'https://ada:se/cret@vault.example', undefined],
    ['VAULT_TOKEN', 'secret', undefined],
    ['COUNTERSIGN_VAULT_APPROLE_SECRET_ID', 'secret', undefined],
    ['COUNTERSIGN_SIGNING_SECRET', 'secret', undefined],
    ['JWT_SECRET', 'secret', undefined],
  ]
  for (const [name, value, expected] of shown) {
    const { settings } = await describeConfiguration({ ...needed, [name]: value }, 'start')
    const found = settings.find((one) => one.name === name)
    assert.deepEqual([found?.isSet, found?.value, found?.from], [true, expected, 'environment'], value)
  }
})

test('a secret that stands where the path of its file should is not shown, whatever it looks like', async () => {
  const secrets = [
    'MARKEDc2VjcmV0',
    '/MARKED/secret+key=',
    'MARKED\0secret',
    'MARKED'.repeat(1000),
    'postgres://ada:MARKED@db.example/app',
  ]
  for (const secret of secrets)
    for (const name of [...secretSettings, 'COUNTERSIGN_VAULT_KUBERNETES_TOKEN']) {
      const described = await describeConfiguration({ ...needed, [name]: '', [`${name}_FILE`]: secret }, 'start')
      assert.ok(!JSON.stringify({ ...described, told: described.refusal?.message }).includes('MARKED'), name)
      if (name === 'COUNTERSIGN_MASTER_KEY')
        assert.match(
          described.refusal?.message ?? '',
          /COUNTERSIGN_MASTER_KEY_FILE cannot be read \(\w+\): it must be the path of a file/,
        )
    }
})

test('the path of a file that is there is shown', async () => {
  const { settings } = await describeConfiguration({ COUNTERSIGN_REDIS_URL_FILE: '/dev/null' }, 'dev')
  assert.equal(settings.find(({ name }) => name === 'COUNTERSIGN_REDIS_URL')?.at, '/dev/null')
})

test('what is wrong with origins is told without a password among them, even one with a comma', async () => {
  const { refusal } = await describeConfiguration(
    { ...needed, COUNTERSIGN_ALLOWED_ORIGINS: 'https://ada:MAR,KED@a.example' },
    'start',
  )
  assert.match(refusal?.message ?? '', /COUNTERSIGN_ALLOWED_ORIGINS has an entry/)
  assert.ok(!/MAR|KED/.test(refusal?.message ?? ''))
})
