import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Environment, type RunMode, readEnvironment, resolveEnvironment } from './environment.ts'
import { SettingsError } from './settings-error.ts'

const start = {
  COUNTERSIGN_ISSUER: 'https://auth.example.com',
  COUNTERSIGN_AUDIENCE: 'https://api.example.com',
  COUNTERSIGN_MASTER_KEY: 'A'.repeat(43),
}

async function read(env: Environment, mode: RunMode) {
  return readEnvironment(await resolveEnvironment(env), mode)
}

async function problemsOf(env: Record<string, string>): Promise<readonly string[]> {
  try {
    await read({ ...start, ...env }, 'start')
    return []
  } catch (error) {
    assert.ok(error instanceof SettingsError)
    return error.problems
  }
}

describe('COUNTERSIGN_RATE_LIMITS', () => {
  test('changes the limits that it names; dev lets one address make more accounts', async () => {
    const env = { ...start, COUNTERSIGN_RATE_LIMITS: '{"loginPerAccount":"50/1h"}' }
    assert.deepEqual((await read(env, 'start')).options.rateLimits, { loginPerAccount: '50/1h' })
    const dev = await read({ COUNTERSIGN_RATE_LIMITS: '{"registrationPerNetwork":"5/1h"}' }, 'dev')
    assert.deepEqual(dev.options.rateLimits, { registrationPerNetwork: '5/1h' })
    assert.deepEqual((await read({}, 'dev')).options.rateLimits, { registrationPerNetwork: '10000/1h' })
  })

  const bad = {
    nonsense: 'must be JSON',
    '["loginPerAccount"]': 'must be JSON',
    '{"loginPerMoon":"1/1h"}': 'has "loginPerMoon", which is none of loginPerAccountAndNetwork, loginPerAccount,',
    '{"toString":"1/1s"}': 'has "toString", which is none of loginPerAccountAndNetwork, loginPerAccount,',
    '{"constructor":"5/1m"}': 'has "constructor", which is none of',
    '{"loginPerAccount":null}': 'must give loginPerAccount a number of times',
    '{"loginPerAccount":["3/1m"]}': 'must give loginPerAccount a number of times',
    '{"loginPerAccount":"0/1h"}': 'must give loginPerAccount a number of times',
    '{"loginPerAccount":"10/15d"}': 'must give loginPerAccount a number of times and a time of at most 14d',
    '{"loginPerAccount":10}': 'must give loginPerAccount a number of times',
  }
  for (const [value, problem] of Object.entries(bad))
    test(`refuses ${value}`, async () => {
      const problems = await problemsOf({ COUNTERSIGN_RATE_LIMITS: value })
      assert.equal(problems.length, 1)
      assert.ok(problems[0]?.startsWith(`COUNTERSIGN_RATE_LIMITS ${problem}`), problems[0])
    })
})

test('COUNTERSIGN_DANGEROUSLY_DISABLE_RATE_LIMITS is told of in the log', async () => {
  const env = { ...start, COUNTERSIGN_DANGEROUSLY_DISABLE_RATE_LIMITS: 'true' }
  const { warnings, options } = await read(env, 'start')
  assert.equal(options.dangerouslyDisableRateLimits, true)
  assert.match(warnings.join(), /^COUNTERSIGN_DANGEROUSLY_DISABLE_RATE_LIMITS is true/)
  assert.match(
    (await problemsOf({ COUNTERSIGN_DANGEROUSLY_DISABLE_RATE_LIMITS: 'yes' })).join(),
    /must be true or false/,
  )
})

test('what is wrong with Redis is told beside what else is wrong, without its password', async () => {
  const env = {
    COUNTERSIGN_REDIS_URL: 'redis+cluster://:MARKED@one,two',
    COUNTERSIGN_REDIS_PREFIX: 'auth',
    COUNTERSIGN_ISSUER: 'nonsense',
  }
  const problems = await problemsOf(env)
  assert.equal(problems.length, 2)
  assert.match(problems[1] ?? '', /^COUNTERSIGN_REDIS_PREFIX must have braces in a cluster, such as \{auth\}/)
  const one = await problemsOf({ COUNTERSIGN_REDIS_URL: 'redis-sentinel://:MARKED@one/mymaster' })
  assert.match(one.join(), /^COUNTERSIGN_REDIS_URL must be redis:\/\/….*redis\+sentinel:\/\//)
  assert.ok(![...problems, ...one].join().includes('MARKED'))
})
