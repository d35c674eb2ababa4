import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { newFolder, run } from '../test/command.ts'

const masterKey = Buffer.alloc(32, 9).toString('base64url')
const needed = { COUNTERSIGN_ISSUER: 'https://auth.example.com', COUNTERSIGN_AUDIENCE: 'https://api.example.com' }

test('prints each setting, where it comes from, and what has no effect; a secret only as (set)', async (t) => {
  const path = join(newFolder(t), 'master-key')
  writeFileSync(path, masterKey)
  const database = { COUNTERSIGN_DATABASE_URL: 'postgres://ada:hidden@db.example/app' }
  const env = { ...needed, ...database, COUNTERSIGN_MASTER_KEY_FILE: path, COUNTERSIGN_ISUER: 'x' }
  const { code, stdout, stderr } = await run(['config', 'print'], env)
  assert.equal(code, 0, stderr)
  const lines = stdout.split('\n').map((line) => line.split(/ {2,}/))
  for (const line of [
    ['setting', 'value', 'from'],
    ['PORT', '4000', 'default'],
    ['COUNTERSIGN_ISSUER', 'https://auth.example.com', 'environment'],
    ['COUNTERSIGN_MASTER_KEY', '(set)', `file ${path}`],
    ['COUNTERSIGN_DATABASE_URL', 'postgres://db.example/app', 'environment'],
    ['COUNTERSIGN_REDIS_URL', '(not set)', '-'],
  ])
    assert.ok(
      lines.some((one) => one.join() === line.join()),
      `${line}\n${stdout}`,
    )
  assert.equal(stderr, 'COUNTERSIGN_ISUER has no effect: this version has no such setting\n')
  assert.ok(!stdout.includes('hidden') && !stdout.includes(masterKey))
})

test('prints one line of JSON for start, and with --dev for dev', async () => {
  const env = { ...needed, COUNTERSIGN_MASTER_KEY: masterKey }
  const { code, stdout } = await run(['config', 'print', '--json'], env)
  assert.deepEqual([code, stdout.split('\n').length, stdout.includes(masterKey)], [0, 2, false])
  const { mode, settings, warnings, problems } = JSON.parse(stdout)
  assert.deepEqual([mode, warnings, problems], ['start', [], []])
  assert.deepEqual(settings[0], { name: 'PORT', value: '4000', set: true, from: 'default', at: null })
  const dev = JSON.parse((await run(['config', 'print', '--dev', '--json'], {})).stdout)
  assert.deepEqual([dev.mode, dev.problems], ['dev', []])
})

test('lists every problem for which start would refuse, and exits 2', async () => {
  const bad = { COUNTERSIGN_MASTER_KEY: 'hidden', COUNTERSIGN_REFRESH_LEEWAY: '10', COUNTERSIGN_ISUER: 'x' }
  const { code, stdout, stderr } = await run(['config', 'print'], bad)
  assert.equal(code, 2)
  for (const name of [
    'COUNTERSIGN_ISSUER',
    'COUNTERSIGN_AUDIENCE',
    'COUNTERSIGN_MASTER_KEY',
    'COUNTERSIGN_REFRESH_LEEWAY',
  ])
    assert.match(stderr, new RegExp(`^  ${name} `, 'm'))
  assert.match(stderr, /^COUNTERSIGN_ISUER has no effect/m)
  assert.match(stdout, /^COUNTERSIGN_MASTER_KEY +\(set\) +environment$/m)
  assert.ok(!(stdout + stderr).includes('hidden'))
  const json = await run(['config', 'print', '--json'], bad)
  assert.deepEqual([json.code, JSON.parse(json.stdout).problems.length], [2, 4])
})
