import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import test from 'node:test'
import { explain, partNames, requires } from './requires.ts'

test('does not skip a test that needs nothing', () => {
  assert.equal(requires(), false)
})

test('says which command installs the parts that are missing', () => {
  assert.equal(explain(['python3-flask']), 'needs python3-flask: apt-get install python3-flask')
  assert.equal(explain(['nginx', 'caddy']), 'needs nginx and caddy: apt-get install nginx caddy')
  assert.equal(explain([]), false)
})

test('looks at the machine', () => {
  const sentence = 'needs chromium: apt-get install chromium'
  assert.equal(requires('chromium'), existsSync('/usr/bin/chromium') ? false : sentence)
})

test('takes a server that the environment names for one that is there', () => {
  process.env.TEST_REDIS_URL = 'redis://127.0.0.1:6379'
  assert.equal(requires('redis-server'), false)
})

test('.ci/run installs every part that a test names', () => {
  const files = globSync('test/*/*.ts')
  const source = files.map((path) => readFileSync(path, 'utf8')).join('\n')
  const named = partNames.filter((name) => source.includes(`'${name}'`))
  const installed = readFileSync('.ci/run', 'utf8').match(/^packages=\($(.*?)^\)$/ms)?.[1]
  const missing = named.filter((name) => !installed?.trim().split(/\s+/).includes(name))
  assert.deepEqual(missing, [])
})
