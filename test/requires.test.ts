import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import test from 'node:test'
import { explain, requires } from './requires.ts'

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
